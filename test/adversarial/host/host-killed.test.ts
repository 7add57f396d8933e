import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, processesWith, puppet, tree, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = ['p, agent:tester, fs:*, /workspace/**, -, allow, -', 'p, agent:tester, db:*, db:main/*, -, allow, -'];

/** Starts a host in a process of its own and kills it as soon as `ready` says so, or a while after. */
async function killedHost(
  calls: readonly Call[],
  options: { repeat?: number; ready: () => boolean; afterMs: number },
): Promise<void> {
  const script = join(import.meta.dirname, 'host-process.ts');
  const input = JSON.stringify({ calls, repeat: options.repeat ?? 1 });
  const child = spawn(process.execPath, ['--no-warnings', script, world.directory, await puppet(), input], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 1000 && !options.ready() && child.exitCode === null; tries++) await sleep(10);
  await sleep(options.afterMs);
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

const recordsNow = (): string => {
  const directory = join(world.directory, '.sallyport', 'audit');
  if (!existsSync(directory)) return '';
  return world
    .records()
    .map((path) => readFileSync(path, 'utf8'))
    .join('');
};

describe('a host that is killed', () => {
  it.for([0, 7, 23])('leaves an intent for every effect that can be counted (%i ms)', async (afterMs) => {
    world = makeWorld({ rows: ROWS });
    const calls = Array.from({ length: 40 }, (_, at): Call => ['fs.append', `/workspace/file-${at}`, { bytes: 'x' }]);
    await killedHost(calls, { repeat: 200, ready: () => recordsNow().includes('file-39'), afterMs });
    const files = tree(join(world.directory, 'workspace'));
    const effects = Object.entries(files)
      .filter(([name]) => name.startsWith('file-'))
      .reduce((sum, [, text]) => sum + text.length, 0);
    const lines = recordsNow()
      .split('\n')
      .filter((line) => line.includes('"effect.intended"'));
    expect(effects).toBeGreaterThan(39);
    expect(effects).toBeLessThanOrEqual(lines.length);
    const { levels } = verified(world.records().at(-1) ?? '');
    const [form, chain, completeness] = levels.map(({ ok }) => ok);
    // A killed host cannot close its record: that is seen, and nothing else is wrong with it.
    expect({ form, chain, completeness }).toEqual({ form: true, chain: true, completeness: false });
  });

  it('leaves no database process', async () => {
    world = makeWorld({ rows: ROWS });
    const calls: Call[] = [['db.begin', 'main'], ['handle.execute', 'delete from open', []], ['handle.rollback']];
    await killedHost(calls, { repeat: 3000, ready: () => recordsNow().includes('db:delete'), afterMs: 50 });
    await sleep(500);
    expect(processesWith(`${world.directory}/main.sqlite`)).toEqual([]);
  });

  it('lets the next run work in the same folders', async () => {
    world = makeWorld({ rows: ROWS });
    await killedHost([['fs.write', '/workspace/a', { bytes: 'x' }]], {
      repeat: 5000,
      ready: () => recordsNow().includes('/workspace/a'),
      afterMs: 20,
    });
    const { see } = await makeBed(world);
    const [seen] = await see([['fs.write', '/workspace/a', { bytes: 'y' }]]);
    expect(seen?.error).toBeUndefined();
    expect(verified(world.records().at(-1) ?? '').ok).toBe(true);
  });
});
