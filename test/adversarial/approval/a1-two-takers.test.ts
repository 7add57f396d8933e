import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createApprovalStore } from '../../../host/approval/approval-store.ts';
import { openApprovalTable } from '../../../host/powers/approval-database.ts';
import { createClock } from '../../../host/powers/clock.ts';
import { createProcessIdentity } from '../../../host/powers/process-identity.ts';
import { APPROVERS, questionOf, yes } from '../../approval/bed.ts';

const TAKERS = 4;

it('A1 of several processes that take one answer at the same time, exactly one has it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-takers-'));
  const table = openApprovalTable(directory);
  const askedMs = Date.now();
  const question = questionOf({ askedMs, expiresMs: askedMs + 60_000 });
  const clock = createClock();
  const store = createApprovalStore({ table, processes: createProcessIdentity(), clock, electorate: APPROVERS });
  store.open(question);
  store.vote(question.id, yes('user:ada'));
  const takers = Array.from({ length: TAKERS }, () => {
    const script = join(import.meta.dirname, 'taker.ts');
    const flags = ['--disable-warning=ExperimentalWarning'];
    const child = spawn(process.execPath, [...flags, script, directory, question.id, String(askedMs)]);
    let out = '';
    const ready = Promise.withResolvers<undefined>();
    const end = Promise.withResolvers<string>();
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.startsWith('ready')) ready.resolve(undefined);
    });
    child.once('close', () => end.resolve(out.trim().split('\n').at(-1) ?? ''));
    return { ready: ready.promise, go: () => child.stdin.write('go\n'), end: end.promise };
  });
  await Promise.all(takers.map(({ ready }) => ready));
  for (const { go } of takers) go();
  const ends = await Promise.all(takers.map(({ end }) => end));
  expect(ends.sort()).toEqual([...Array<string>(TAKERS - 1).fill('expired'), 'granted']);
  table.close();
  rmSync(directory, { recursive: true, force: true });
}, 60_000);
