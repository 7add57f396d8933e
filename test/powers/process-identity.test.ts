import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createProcessIdentity } from '../../host/powers/process-identity.ts';

const { own, isAlive } = createProcessIdentity();
const [boot = '', space = '', pid = '', start = ''] = own.split(' ');

it('a process knows itself', () => {
  expect(pid).toBe(String(process.pid));
  expect(isAlive(own)).toBe(true);
});

it.each([
  ['a later process of the same number', [boot, space, pid, '1'], false],
  ['a process of the boot before', ['0', space, pid, start], false],
  ['a number that nobody has', [boot, space, '4194305', start], false],
  ['no number', [boot, space, 'x', start], false],
  ['nothing', [], false],
  // Its numbers are others: nobody can say that it is gone.
  ['a process of another name space', [boot, 'pid:[1]', pid, start], true],
])('%s', (_, parts, alive) => {
  expect(isAlive(parts.join(' '))).toBe(alive);
});

it('a process that has ended is gone', async () => {
  const child = spawn('sleep', ['60']);
  const status = readFileSync(`/proc/${child.pid}/stat`, 'latin1');
  const began = status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const identity = [boot, space, String(child.pid), began].join(' ');
  expect(isAlive(identity)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(isAlive(identity)).toBe(false);
});
