import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBubblewrap } from '../../../host/powers/sandbox-spares.ts';
import { openHost, verifyAudit, type RunResult } from '../../../host/index.ts';
import { agentText, componentOf } from '../../sandbox/support/wat.ts';
import { makeAgentWorld, type AgentWorld } from '../../support/agent-world.ts';

/** A host whose cache somebody wrote to, so that the process of its agent runs what an attacker wants from the start. */
let world: AgentWorld;
let cache: string;

beforeAll(async () => {
  const configuration =
    'version: 1\ncell: process\nlimits: { wall: 5s, cpu: 1s, hostCalls: 50, heap: 32MiB }\nagents: { tester: { component: agent.wasm } }\n';
  world = makeAgentWorld({ configuration });
  world.write(
    'sallyport.yaml',
    readFileSync(join(world.directory, 'sallyport.yaml'), 'utf8').replace(
      /cache: .*/,
      'cache: { directory: own-cache }',
    ),
  );
  cache = join(world.directory, 'own-cache');
  world.write('agent.wasm', await componentOf(agentText()));
  expect((await run()).output).toBe('hello');
}, 60_000);
afterAll(() => world.remove());

async function run(): Promise<RunResult> {
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  try {
    return await host.run({ input: 'hello' });
  } finally {
    await host.close();
  }
}

/** Puts `body` in the place of the generated code, and a manifest beside it that agrees. */
function takeOver(body: string): void {
  for (const name of readdirSync(cache)) {
    const [glue, manifest] = [join(cache, name, 'component.js'), join(cache, name, 'manifest.json')];
    const text = `const fs = process.getBuiltinModule('node:fs'); export function instantiate() { ${body} }`;
    writeFileSync(glue, text);
    const written = JSON.parse(readFileSync(manifest, 'utf8')) as object;
    writeFileSync(manifest, JSON.stringify({ ...written, glueSha256: hash('sha256', text, 'hex') }));
  }
}

/** The processes of agents that have given themselves this name. */
function guestProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('hostile-process-mark');
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}

describe('the record of a run is closed, whole, and names the end, where the process of the agent', () => {
  it.each([
    ['speaks another protocol', `fs.writeSync(3, 'GET / HTTP/1.1'); fs.readSync(3, Buffer.alloc(9));`, 'agent-error'],
    ['ends in the middle', 'process.exit(3);', 'agent-error'],
    ['closes its channel and goes on', 'fs.closeSync(3); for (;;);', 'agent-error'],
    ['is killed', `process.kill(process.pid, 'SIGKILL');`, 'agent-error'],
    ['spins', 'for (;;);', 'limit'],
    ['says nothing', 'fs.readSync(3, Buffer.alloc(9));', 'limit'],
    ['fills its heap', 'const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length));', 'limit'],
  ])('%s', async (_, body, status) => {
    takeOver(body);
    const result = await run();
    expect(result).toMatchObject({ status, cell: 'process' });
    expect(world.lastRecords().at(-1)).toMatchObject({ type: 'run.closed', detail: { status } });
    const location = { directory: world.directory, workingDirectory: world.directory };
    expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  });
});

it.skipIf(findBubblewrap() === undefined)(
  'ends with its host, however that ended',
  async () => {
    takeOver(`process.title = 'hostile-process-mark'; for (;;);`);
    const script = join(import.meta.dirname, 'host-process.ts');
    const host = spawn(process.execPath, ['--no-experimental-ffi', script, world.directory, 'agent.wasm', 'hello'], {
      stdio: 'ignore',
    });
    while (guestProcesses().length === 0 && host.exitCode === null) await sleep(20);
    expect(guestProcesses()).toHaveLength(1);
    host.kill('SIGKILL');
    await once(host, 'exit');
    while (guestProcesses().length > 0) await sleep(20);
  },
  30_000,
);
