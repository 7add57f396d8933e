import { chmodSync, symlinkSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfiguration } from '../../host/configuration/configuration.ts';
import { createHostPowers } from '../../host/host-powers.ts';
import { openHost } from '../../host/index.ts';
import { readRunSecrets } from '../../host/runs/secret-use.ts';
import { httpServer } from '../gates/http/loopback.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { inlineGuest } from '../support/inline-guest.ts';

const VALUES: Readonly<Record<string, string>> = { A: 'value-of-a', B: 'value-of-b', T: 'value-of-t' };
const GUEST = `
import { fetch } from 'sallyport:agent/http@0.1.0';
export function run(url) {
  return String(fetch({ method: 'get', url, headers: [], body: undefined, maxRedirects: undefined }).status);
}
`;
const worlds: AgentWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.remove();
});

const HTTP = 'http: { hosts: [api.example.com], header: x-a }';
const ALLOW = (agent: string) => `p, agent:${agent}, http:GET, https://api.example.com/**, -, allow, -`;

/** The names of the secrets that a run reads. */
async function namesOf(options: {
  secrets: string;
  rows: readonly string[];
  imports?: readonly string[];
  agent?: string;
  callers?: readonly string[];
}): Promise<readonly string[]> {
  const world = makeAgentWorld({
    configuration: `version: 1
agents: { one: { component: a.wasm }, two: { component: a.wasm } }
tools: { show: { description: shows, command: /usr/bin/printenv, isolation: none } }
secrets: { ${options.secrets} }
`,
    rows: options.rows,
  });
  worlds.push(world);
  const powers = createHostPowers();
  const asked: string[] = [];
  const environment = (name: string): string | undefined => {
    asked.push(name);
    return VALUES[name];
  };
  const configuration = readConfiguration('sallyport.yaml', world.directory, powers);
  const agent = configuration.manifest.agents.get(options.agent ?? 'one')!;
  const callers = (options.callers ?? []).map((name) => ({
    principal: { agent: `agent:${name}`, roles: [], component: '' },
    facts: {},
    policy: configuration.policy.sliceFor(`agent:${name}`),
  }));
  const imports = Object.fromEntries(
    (options.imports ?? ['sallyport:agent/http']).map((name) => [name, { functions: ['fetch'] }]),
  );
  const terms = { configuration, agent, callers };
  const values = await readRunSecrets(terms, { imports }, { ...powers, secrets: { ...powers.secrets, environment } });
  expect(asked).toHaveLength(values?.size ?? 0); // what is not needed is not read
  return [...(values?.keys() ?? [])];
}

describe('the secrets of a run', () => {
  const a = `a: { from: { env: A }, for: [{ ${HTTP} }] }`;

  it('are those that its rules and its imports can use', async () => {
    expect(await namesOf({ secrets: a, rows: [ALLOW('one')] })).toEqual(['a']);
    expect(await namesOf({ secrets: a, rows: [ALLOW('one')], imports: ['wasi:http/outgoing-handler'] })).toEqual(['a']);
    expect(await namesOf({ secrets: a, rows: [ALLOW('one')], imports: ['sallyport:agent/fs'] })).toEqual([]);
    expect(await namesOf({ secrets: a, rows: [] })).toEqual([]);
    expect(await namesOf({ secrets: a, rows: [ALLOW('two')] })).toEqual([]);
    expect(await namesOf({ secrets: a, rows: [ALLOW('one').replace('api', 'other')] })).toEqual([]);
  });

  it('of a tool are read where some rule lets the agent call it', async () => {
    const secrets = 't: { from: { env: T }, for: [{ tool: { name: show, variable: LENT } }] }';
    const imports = ['sallyport:agent/tool-exec'];
    const row = 'p, agent:one, tool:call, tool:show, -, allow, -';
    expect(await namesOf({ secrets, imports, rows: [row] })).toEqual(['t']);
    expect(await namesOf({ secrets, imports, rows: [row, row.replace('allow', 'deny')] })).toEqual([]);
  });

  it('are only those of its agent, where they say so, and of every agent that called it', async () => {
    const secrets = `${a}, b: { from: { env: B }, for: [{ ${HTTP.replace('x-a', 'x-b')} }], agents: [two] }`;
    const rows = [ALLOW('one'), ALLOW('two')];
    expect(await namesOf({ secrets, rows, agent: 'one' })).toEqual(['a']);
    expect(await namesOf({ secrets, rows, agent: 'two' })).toEqual(['a', 'b']);
    // A deputy is not lent what its caller is not: neither by name nor by rule.
    expect(await namesOf({ secrets, rows, agent: 'two', callers: ['one'] })).toEqual(['a']);
    expect(await namesOf({ secrets, rows: [ALLOW('two')], agent: 'two', callers: ['one'] })).toEqual([]);
  });

  it('are all told of where several cannot be had, and none is read out', async () => {
    const secrets = `${a.replace('env: A', 'env: MISSING')}, b: { from: { env: GONE }, for: [{ ${HTTP.replace('x-a', 'x-b')} }] }`;
    await expect(namesOf({ secrets, rows: [ALLOW('one')] })).rejects.toMatchObject({
      code: 'ERR_SECRET_UNAVAILABLE',
      message: 'the secret `a` cannot be had: the variable `MISSING` is not set',
      hints: ['the secret `b`: the variable `GONE` is not set'],
    });
  });
});

describe('a secret that changes', () => {
  it('is read anew for every run, also in cells that were opened ahead, and a link into a mount is refused', async () => {
    const server = await httpServer();
    const world = makeAgentWorld({
      configuration: `version: 1
agents: { tester: { component: agent.wasm } }
mounts: { /workspace: { directory: work } }
secrets: { token: { from: { file: token }, for: [{ http: { hosts: ["${server.origin}"], header: x-a } }] } }
`,
      rows: [`p, agent:tester, http:GET, ${server.origin}/**, -, allow, -`],
    });
    worlds.push(world);
    mkdirSync(join(world.directory, 'work'));
    const set = (path: string, value: string): void => chmodSync(world.write(path, value), 0o600);
    set('token', 'first-value');
    const component = await inlineGuest(GUEST);
    const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
    try {
      await host.warm({ component, cells: 1 });
      set('token', 'second-value');
      const run = async () => (await host.run({ component, input: `${server.origin}/` })).error?.code ?? 'ok';
      expect(await run()).toBe('ok');
      set('token', 'third-value');
      expect(await run()).toBe('ok');
      expect(server.requests.map(({ headers }) => headers['x-a'])).toEqual(['second-value', 'third-value']);
      renameSync(join(world.directory, 'token'), join(world.directory, 'work', 'token'));
      symlinkSync(join(world.directory, 'work', 'token'), join(world.directory, 'token'));
      expect(await run()).toBe('ERR_SECRET_UNAVAILABLE');
      expect(server.requests).toHaveLength(2);
    } finally {
      await host.close();
    }
  }, 120_000);
});
