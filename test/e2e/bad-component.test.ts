import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { celledAgent } from '../support/celled-agent.ts';
import { command } from '../support/command.ts';
import { guest } from '../support/guests.ts';

let world: AgentWorld;
beforeEach(() => (world = makeAgentWorld()));
afterEach(() => world.remove());

const run = (component: string) => command(['run', component, '--json'], { cwd: world.directory });
const CORE_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

interface Case {
  readonly what: string;
  readonly make: (world: AgentWorld) => string | Promise<string>;
  readonly code: number;
  readonly status: string;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  { what: 'a file that is not there', make: () => 'none.wasm', code: 3, status: 'invalid', says: /there is no file/ },
  {
    what: 'a directory',
    make: ({ directory }) => (mkdirSync(join(directory, 'folder.wasm')), 'folder.wasm'),
    code: 3,
    status: 'invalid',
    says: /is a directory/,
  },
  { what: 'an empty file', make: ({ write }) => write('a.wasm', ''), code: 3, status: 'invalid', says: /is empty/ },
  {
    what: 'random bytes',
    make: ({ write }) => write('a.wasm', 'no component at all'),
    code: 3,
    status: 'invalid',
    says: /not a WebAssembly component/,
  },
  {
    what: 'a core module',
    make: ({ write }) => write('a.wasm', CORE_MODULE),
    code: 3,
    status: 'invalid',
    says: /the module does not export `_start`/,
  },
  {
    what: 'a component that is cut off',
    make: async ({ write }) => write('a.wasm', readFileSync(await guest('hello', 'js')).subarray(0, 200_000)),
    code: 3,
    status: 'invalid',
    says: /./,
  },
];

const CELLED = CELLS.flatMap((cell) => CASES.map((row) => ({ ...row, cell })));

describe.for(CELLED)('run refuses $what, for a cell of kind `$cell`', ({ make, code, status, says, cell }) => {
  it('with one clear line, the right exit code and nothing half done', async () => {
    const component = await make(world);
    const agent = celledAgent(cell, resolve(world.directory, component));
    world.write('sallyport.yaml', `version: 1\nagents: { tester: ${agent} }\n`);
    const end = await run(component);
    const result = JSON.parse(end.stdout) as { status: string; error: { message: string } };
    expect(end.code).toBe(code);
    expect(result.status).toBe(status);
    expect(result.error.message).toMatch(says);
    expect(result.error.message).not.toContain('\n');
    expect(end.stderr).not.toMatch(/^\s+at /m);
  });
});

describe('a component whose digest is pinned', () => {
  it('is refused when it is another one, and the refusal is recorded', async () => {
    const component = await guest('hello', 'js');
    world.write(
      'sallyport.yaml',
      `version: 1\nagents: { tester: { component: a.wasm, digest: sha256:${'0'.repeat(64)} } }\n`,
    );
    const { code, stdout } = await run(component);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'denied', error: { code: 'ERR_COMPONENT_DIGEST' } });
    expect(world.lastRecords().map(({ type }) => type)).toEqual(['run.opened', 'load.denied', 'run.closed']);
  });
});
