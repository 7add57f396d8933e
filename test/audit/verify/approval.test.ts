import { expect, it } from 'vitest';
import type { AuditEntry } from '../../../host/contracts/audit-record.ts';
import { verifyRunFile } from '../../../host/audit/verify/run-file.ts';
import { intended, open, OPENED, scratch, settled } from '../run-fixture.ts';

const asked = (): AuditEntry => ({
  ...intended(1),
  type: 'approval.asked',
  decision: { effect: 'approve', id: 'd-1', rules: [] },
});
const answered = (seq: number, more: object = {}): AuditEntry => ({
  type: 'approval.answered',
  detail: { asked: seq, status: 'granted', question: 'd-1', by: ['user:ada'], scope: 'once', ...more },
});
const approved = (question = 'd-1') =>
  intended(2, { decision: { effect: 'allow', id: 'd-2', rules: [], approval: question } });

type Entries = readonly ((before: number) => AuditEntry)[];

/** What the verifier finds wrong with a run of these records, each told the number of the one before. */
function wrongIn(...entries: Entries): string | undefined {
  using folder = scratch();
  const run = open(folder.directory);
  let last = run.writer.append(OPENED);
  for (const entry of entries) last = run.writer.append(entry(last));
  run.close();
  const { levels } = verifyRunFile(Buffer.from(run.text()));
  return levels[2].firstBad?.reason;
}

it('an effect that people had to approve has their yes before it', () => {
  expect(wrongIn(asked, answered, () => approved(), settled)).toBeUndefined();
});

it.each<[string, Entries, string]>([
  ['no yes', [() => approved(), settled], 'nobody has approved'],
  ['a no', [asked, (seq) => answered(seq, { status: 'denied' }), () => approved(), settled], 'nobody has approved'],
  ['a yes to something else', [asked, answered, () => approved('d-9'), settled], 'nobody has approved'],
  [
    'a yes that was used',
    [asked, answered, () => approved(), settled, () => approved(), settled],
    'nobody has approved',
  ],
  ['an answer without a question', [(seq: number) => answered(seq)], 'answers what was not asked'],
  ['two answers to one question', [asked, answered, () => answered(1)], 'second answer'],
])('a record with %s is not accepted', (_, entries, reason) => {
  expect(wrongIn(...entries)).toContain(reason);
});
