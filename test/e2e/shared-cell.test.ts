import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openHost, verifyAudit, type Host, type RunResult } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { runCommand } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';

/** Does what its input says: reads a file, waits for a server, spins, traps, fills its memory. */
const SOURCE = `
import { read } from 'sallyport:agent/fs@0.1.0';
import { fetch } from 'sallyport:agent/http@0.1.0';
const text = (bytes) => String.fromCharCode(...bytes);
let seen = 0;
export function run(input) {
  const [verb, argument] = input.split(' ');
  seen += 1;
  if (verb === 'read') return seen + ' ' + text(read('/workspace/' + argument, undefined));
  if (verb === 'wait') return text(fetch({ method: 'get', url: argument, headers: [], body: undefined }).body);
  if (verb === 'spin') for (;;) seen += 1;
  if (verb === 'fill') { const kept = []; for (;;) kept.push(new Uint8Array(1 << 20)); }
  throw new Error('unknown');
}`;

let component: string;
let digest: string;
let server: Server;
let url: string;
const worlds: AgentWorld[] = [];
const hosts: Host[] = [];

beforeAll(async () => {
  component = await inlineGuest(SOURCE);
  digest = `sha256:${createHash('sha256').update(readFileSync(component)).digest('hex')}`;
  server = createServer((request, response) => {
    const ms = Number(request.url?.slice(1));
    setTimeout(() => response.end(`waited ${ms}`), ms);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close();
  for (const world of worlds.splice(0)) world.remove();
});

interface Setup {
  readonly limits?: string;
  readonly agent?: string;
  readonly more?: string;
}

async function hostOf({ limits = '', agent = '', more = '' }: Setup = {}): Promise<{ host: Host; world: AgentWorld }> {
  const shared = `component: agent.wasm, digest: '${digest}', cell: shared`;
  const world = makeAgentWorld({
    configuration: `version: 1
agents:
  one: { ${agent === '' ? shared : agent}${limits === '' ? '' : `, limits: { ${limits} }`} }
  two: { ${shared} }
mounts: { /workspace: { directory: workspace } }
${more}`,
    rows: [
      'p, role:any, fs:read, /workspace/*, -, allow, -',
      'p, agent:two, fs:read, /workspace/secret, -, deny, -',
      `p, role:any, http:GET, ${url}/**, -, allow, -`,
    ],
  });
  worlds.push(world);
  for (const name of ['a', 'b', 'secret']) world.write(`workspace/${name}`, name.toUpperCase());
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  hosts.push(host);
  return { host, world };
}

const recordsOf = ({ audit }: Pick<RunResult, 'audit'>): { type: string }[] =>
  readFileSync(audit ?? '', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });

const run = (host: Host, input: string, agent = 'one', signal?: AbortSignal): Promise<RunResult> =>
  host.run({ agent, component, input, ...(signal === undefined ? {} : { signal }) });

describe('agents on one thread', () => {
  it('wait at the same time, each with its own record, and see nothing of each other', async () => {
    const { host, world } = await hostOf();
    const inputs = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? 'read a' : `wait ${url}/200`));
    const results = await Promise.all(inputs.map((input) => run(host, input)));
    for (const [index, { status, output, cell, audit, decisions }] of results.entries()) {
      expect({ status, output, cell }).toEqual({
        status: 'ok',
        output: index % 2 === 0 ? '1 A' : 'waited 200',
        cell: 'shared',
      });
      expect(decisions).toEqual({ allow: 1, deny: 0, pending: 0 });
      const { verification } = verifyAudit(
        { directory: '.sallyport/audit', workingDirectory: world.directory },
        audit!,
      );
      expect(verification.ok).toBe(true);
    }
    expect(new Set(results.map(({ audit }) => audit)).size).toBe(results.length);
  });

  it('are each decided under the rules of their own agent', async () => {
    const { host } = await hostOf();
    const [one, two] = await Promise.all([run(host, 'read secret'), run(host, 'read secret', 'two')]);
    expect(one).toMatchObject({ status: 'ok', output: '1 SECRET' });
    expect(two).toMatchObject({ status: 'agent-error', decisions: { allow: 0, deny: 1 } });
  });

  it('go on when one of them holds the thread: its fuel ends, and that is the limit that is named', async () => {
    const { host } = await hostOf({ limits: 'fuel: 50000000' });
    const waiting = run(host, `wait ${url}/100`, 'two');
    const [spun, others] = await Promise.all([run(host, 'spin'), Promise.all([waiting, run(host, 'read a', 'two')])]);
    expect(spun).toMatchObject({ status: 'limit', error: { limit: 'fuel' } });
    expect(others.map(({ status }) => status)).toEqual(['ok', 'ok']);
    expect(await run(host, 'read b')).toMatchObject({ status: 'ok', output: '1 B' });
  });

  it('go on when one of them traps, fills its memory, meets its wall clock or is cancelled', async () => {
    const { host } = await hostOf({ limits: 'wall: 6s, memory: 16MiB' });
    const cancel = new AbortController();
    await run(host, 'read a', 'two'); // so that it is prepared, and the thread is there
    const neighbour = run(host, `wait ${url}/7000`, 'two');
    setTimeout(() => cancel.abort(), 300);
    const [trapped, full, late, cancelled] = await Promise.all([
      run(host, 'other'),
      run(host, 'fill'),
      run(host, `wait ${url}/30000`),
      run(host, `wait ${url}/30000`, 'two', cancel.signal),
    ]);
    expect(trapped).toMatchObject({ status: 'agent-error' });
    expect(full.status).not.toBe('ok');
    expect(late).toMatchObject({ status: 'limit', error: { limit: 'wallMs' } });
    expect(cancelled).toMatchObject({ status: 'agent-error', error: { code: 'cancelled' } });
    expect(await neighbour).toMatchObject({ status: 'ok', output: 'waited 7000' });
    expect(await run(host, 'read a')).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['wallMs', 'wall: 1s, cpu: 1h'],
    ['cpuMs', 'wall: 1h, cpu: 500ms'],
  ])('go on when one of them spins until its limit `%s`, whatever fuel it has', async (limit, limits) => {
    const { host, world } = await hostOf({ limits: `fuel: 1000000000000, ${limits}` });
    await run(host, 'read a', 'two'); // so that it is prepared, and the thread is there
    const neighbours = ['read b', `wait ${url}/100`, `wait ${url}/2000`].map((input) => run(host, input, 'two'));
    const [held, ...others] = await Promise.all([run(host, 'spin'), ...neighbours]);
    expect(held).toMatchObject({ status: 'limit', error: { limit } });
    expect(others.map(({ output }) => output)).toEqual(['1 B', 'waited 100', 'waited 2000']);
    const location = { directory: '.sallyport/audit', workingDirectory: world.directory };
    for (const { audit } of [held, ...others]) expect(verifyAudit(location, audit!).verification.ok).toBe(true);
    expect(recordsOf(held)).toContainEqual(expect.objectContaining({ type: 'limit.hit' }));
    for (const { audit } of others) {
      const types = recordsOf({ audit }).map(({ type }) => type);
      expect(types).toEqual(['run.opened', 'effect.intended', 'effect.settled', 'run.closed']);
    }
    expect(await run(host, 'read b', 'two')).toMatchObject({ status: 'ok', output: '1 B' });
  });

  it('have the fuel that is standard where nobody says how much', async () => {
    const { host } = await hostOf();
    expect(await run(host, 'spin')).toMatchObject({
      status: 'limit',
      error: { limit: 'fuel', message: 'the agent executed more than 500000000 instructions' },
    });
  });

  it('are cancelled while they spin, and the others go on', async () => {
    const { host } = await hostOf({ limits: 'fuel: 1000000000000' });
    const cancel = new AbortController();
    await run(host, 'read a', 'two'); // as above
    const neighbour = run(host, `wait ${url}/1500`, 'two');
    const spinning = run(host, 'spin', 'one', cancel.signal);
    setTimeout(() => cancel.abort(), 500);
    expect(await spinning).toMatchObject({ status: 'agent-error', error: { code: 'cancelled' } });
    expect(await neighbour).toMatchObject({ status: 'ok', output: 'waited 1500' });
  });

  it('tell how long each of them had the thread', async () => {
    const { host } = await hostOf({ limits: 'fuel: 500000000' });
    const [spun, waited] = await Promise.all([run(host, 'spin'), run(host, `wait ${url}/100`, 'two')]);
    expect(spun).toMatchObject({ status: 'limit' });
    expect(waited.usage.cpuMs).toBeLessThan(spun.usage.cpuMs);
  });
});

it('`sallyport run` ends with its run, although the thread waits for more of them', async () => {
  const { world } = await hostOf();
  const { code, stdout } = await runCommand(['run', component, '--agent', 'one', '--input', 'read a'], {
    cwd: world.directory,
  });
  expect([code, stdout]).toEqual([0, '1 A\n']);
});

describe('what lives on a shared thread', () => {
  it('has a pinned digest', async () => {
    await expect(hostOf({ agent: 'component: agent.wasm, cell: shared' })).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      hints: [expect.stringContaining('`shared` needs the `digest`') as unknown],
    });
  });

  it('asks no engine that would hold the thread', async () => {
    const more = 'databases: { main: { sqlite: main.db } }';
    await expect(hostOf({ more })).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  });
});
