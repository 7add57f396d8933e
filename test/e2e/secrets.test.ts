import { openSync, closeSync, readdirSync, readFileSync, readSync, chmodSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { holds, SPELLINGS } from '../adversarial/secrets/secret-mirror.ts';
import { httpServer, type LoopbackServer } from '../gates/http/loopback.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { runCommand, startCommand, type CommandEnd } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';

/** Asks a mirror and a tool, tries to write the header itself, and tells everything that it saw. */
const GUEST = `
import { fetch } from 'sallyport:agent/http@0.1.0';
import { call } from 'sallyport:agent/tool-exec@0.1.0';
const text = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const request = (url, headers = []) => ({ method: 'get', url, headers, body: undefined, maxRedirects: undefined });
const failing = (act) => { try { return act(); } catch (error) { return (error.payload ?? error).val ?? String(error.payload?.tag ?? error); } };
export function run(input) {
  const { origin, path = '/' } = JSON.parse(input);
  const canary = 'guest-' + 'canary-' + 'in-memory';
  const seen = { canary };
  const answer = fetch(request(origin + path));
  seen.status = answer.status;
  seen.headers = answer.headers;
  seen.body = text(answer.body);
  seen.own = failing(() => fetch(request(origin + '/', [['authorization', 'mine']])));
  seen.placeholder = failing(() => text(fetch(request(origin + '/', [['Authorization', 'Bearer {{secret:file-token}}']])).body));
  seen.tool = failing(() => call('show', '{}'));
  return JSON.stringify(seen);
}
`;

const VALUES = {
  file: 'file-7Qx9+/Zr=T0k3n.(a|b)*',
  variable: 'variable-c4n4ry-0123456789',
  command: 'command-c4n4ry-abcdefghij',
};
const holdsAny = (text: string): boolean => Object.values(VALUES).some((value) => holds(text, value));

let component: string;
let world: AgentWorld;
let server: LoopbackServer;
beforeAll(async () => {
  component = await inlineGuest(GUEST);
}, 300_000);
beforeEach(async () => {
  server = await httpServer((response, _incoming, { target, headers }) => {
    if (target === '/slow') setTimeout(() => response.end('slow'), 3000);
    else {
      const text = `${headers.authorization ?? ''} ${String(headers['x-api-key'] ?? '')}`;
      response.setHeader('x-echo', text);
      response.end(SPELLINGS.map(([name, spell]) => `${name}: ${spell(text)}`).join('\n'));
    }
  });
});
afterEach(() => world.remove());

function makeWorld(cell: string, rows?: readonly string[]): void {
  world = makeAgentWorld({
    configuration: `version: 1
cell: ${cell}
agents: { tester: { component: agent.wasm } }
tools: { show: { description: shows, command: /usr/bin/printenv, isolation: none } }
secrets:
  file-token:
    from: { file: token }
    for: [{ http: { hosts: ["${server.origin}"], header: Authorization, format: "Bearer {}" } }]
  variable-token:
    from: { env: SALLYPORT_TEST_TOKEN }
    for: [{ http: { hosts: ["${server.origin}"], header: X-Api-Key } }]
  command-token:
    from: { command: [/bin/echo, ${VALUES.command}] }
    for: [{ tool: { name: show, variable: LENT } }]
`,
    rows: rows ?? [
      `p, agent:tester, http:*, ${server.origin}/**, -, allow, log=full`,
      'p, agent:tester, tool:call, tool:show, -, allow, log=full',
    ],
  });
  chmodSync(world.write('token', `${VALUES.file}\n`), 0o600);
}

const env = { SALLYPORT_TEST_TOKEN: VALUES.variable };
const args = (path = '/'): string[] => [
  ...['run', component, '--json', '--input', JSON.stringify({ origin: server.origin, path })],
];
const run = (): Promise<CommandEnd> => runCommand(args(), { cwd: world.directory, env });

/** Every file below a folder, as bytes. */
function contentsBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) =>
    entry.isFile() ? [readFileSync(join(entry.parentPath, entry.name), 'latin1')] : [],
  );
}

/** The processes below one, itself left out. */
function descendants(pid: number): number[] {
  const parents = readdirSync('/proc').flatMap((name) => {
    try {
      const stat = /^\d+$/.test(name) ? readFileSync(`/proc/${name}/stat`, 'utf8') : '';
      const parent = /\) \S (\d+)/.exec(stat)?.[1];
      return parent === undefined ? [] : [[Number(name), Number(parent)] as const];
    } catch {
      return []; // it has just ended
    }
  });
  const below = (of: number): number[] =>
    parents.flatMap(([own, parent]) => (parent === of ? [own, ...below(own)] : []));
  return below(pid);
}

const textOfProcess = (pid: number, name: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
};

/** All memory that a process can write to. */
function* memoryOf(pid: number): Generator<string> {
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of textOfProcess(pid, 'maps').split('\n')) {
      const [, from = '0', to = '0'] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      const length = Number(BigInt(`0x${to}`) - BigInt(`0x${from}`));
      const bytes = Buffer.alloc(Math.min(length, 1 << 20));
      for (let at = 0; at < length; at += bytes.length - 64) {
        try {
          const read = readSync(
            memory,
            bytes,
            0,
            Math.min(bytes.length, length - at),
            BigInt(`0x${from}`) + BigInt(at),
          );
          yield bytes.toString('latin1', 0, read);
        } catch {
          break; // a range that was reserved and never used
        }
        if (length - at <= bytes.length) break;
      }
    }
  } finally {
    closeSync(memory);
  }
}

describe.each(['process', 'thread'])('an agent in a %s cell, lent secrets of every source', (cell) => {
  it('has them sent, and sees the mark wherever they come back', async () => {
    makeWorld(cell);
    const { code, stdout, stderr } = await run();
    expect(code).toBe(0);
    // The operator is told what the guest tried, and not what was lent.
    expect(stderr).toContain('a header field is set that carries a secret here');
    expect(holdsAny(stderr)).toBe(false);
    const result = JSON.parse(stdout) as { output: string };
    const seen = JSON.parse(result.output) as Record<string, unknown> & { body: string };
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${VALUES.file}`,
      'x-api-key': VALUES.variable,
    });
    expect(seen.body.split('\n')[0]).toBe('as it is: Bearer [secret] [secret]');
    expect(seen['placeholder']).toBe(seen.body);
    expect(seen['own']).toBe(
      'a header field is set that carries a secret here: leave it out, or write the placeholder',
    );
    expect(JSON.stringify(seen['tool'])).toContain('LENT=[secret]');
    expect(holdsAny(stdout)).toBe(false);
  }, 60_000);

  it('leaves them in no record, no cache and no output', async () => {
    makeWorld(cell);
    const { stdout, stderr } = await run();
    const shown = await runCommand(['audit', 'show', '--json'], { cwd: world.directory, env });
    const inspected = await runCommand(['inspect', component, '--json'], { cwd: world.directory, env });
    const state = contentsBelow(join(world.directory, '.sallyport'));
    expect(state.join('').length).toBeGreaterThan(1000);
    expect(state.join('')).toContain('"secrets":["file-token","variable-token"]');
    for (const text of [stdout, stderr, shown.stdout, inspected.stdout, ...state]) expect(holdsAny(text)).toBe(false);
    const cache =
      /directory: (\S+) }\n$/.exec(readFileSync(join(world.directory, 'sallyport.yaml'), 'utf8'))?.[1] ?? '';
    expect(contentsBelow(cache).filter((text) => Object.values(VALUES).some((value) => text.includes(value)))).toEqual(
      [],
    );
  }, 120_000);

  it('cannot run without one of them, and the message names it', async () => {
    makeWorld(cell);
    const { code, stdout, stderr } = await runCommand(args(), { cwd: world.directory });
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'invalid', error: { code: 'ERR_SECRET_UNAVAILABLE' } });
    expect(`${stdout}${stderr}`).toContain(
      'the secret `variable-token` cannot be had: the variable `SALLYPORT_TEST_TOKEN` is not set',
    );
    expect(holdsAny(stdout + stderr)).toBe(false);
    expect(server.contacts()).toBe(0);
    expect(world.lastRecords().map(({ type }) => type)).toEqual(['run.opened', 'load.denied', 'run.closed']);
  }, 60_000);

  it('needs none of those that its rules lead nowhere with', async () => {
    makeWorld(cell, ['p, agent:tester, http:*, https://elsewhere.example/**, -, allow, -']);
    const { code, stdout } = await runCommand(args(), { cwd: world.directory });
    expect(code).toBe(1); // it is denied its request, and says so
    expect(JSON.parse(stdout)).toMatchObject({ status: 'agent-error' });
  }, 60_000);
});

describe('the process of a guest', () => {
  const mayLook = userInfo().uid === 0;
  it.skipIf(!mayLook)(
    'never has a value in its environment, arguments or memory (looked into as root)',
    async () => {
      makeWorld('process');
      const running = startCommand(args('/slow'), { cwd: world.directory, env });
      for (let turn = 0; turn < 1500 && server.contacts() === 0; turn += 1) await sleep(20);
      const below = descendants(running.child.pid ?? 0);
      const guests = below.filter((pid) => textOfProcess(pid, 'cmdline').includes('cell-process-child'));
      expect(guests.length).toBeGreaterThan(0);
      for (const pid of below) {
        expect(holdsAny(textOfProcess(pid, 'environ'))).toBe(false);
        // The value of a command is written in the configuration of this test, so its own arguments hold it for a moment.
        expect(holdsAny(textOfProcess(pid, 'cmdline'))).toBe(false);
      }
      let canary = false;
      let found = false;
      for (const pid of guests) {
        for (const piece of memoryOf(pid)) {
          canary ||= piece.includes('guest-canary-in-memory');
          found ||= Object.values(VALUES).some((value) => piece.includes(value));
        }
      }
      expect({ canary, found }).toEqual({ canary: true, found: false });
      await running.end;
    },
    120_000,
  );
});
