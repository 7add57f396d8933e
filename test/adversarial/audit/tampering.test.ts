import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import type { LevelName } from '../../../host/audit/verify/level.ts';
import { verifyRunFile } from '../../../host/audit/verify/run-file.ts';
import { scratch, wholeRun } from '../../audit/run-fixture.ts';

/**
 * One change a test, to a run of seven records: 0 opened, 1 intended, 2 settled, 3 denied, 4 intended, 5 settled,
 * 6 closed. The verifier must name the record.
 */
type Lines = readonly string[];
interface Tampering {
  readonly name: string;
  readonly change: (lines: Lines) => Lines;
  readonly level: LevelName;
  readonly line: number;
  readonly seq?: number;
  readonly reason: string;
}

type Members = Record<string, unknown>;
const at = (lines: Lines, index: number): string => lines[index] ?? '';
const without = (lines: Lines, from: number, count = 1): Lines => lines.toSpliced(from, count);
const replaced = (index: number, change: (line: string) => string) => (lines: Lines) =>
  lines.with(index, change(at(lines, index)));
const members = (line: string): Members => JSON.parse(line) as Members;
const written = (record: Members): string => `${canonicalize(record) ?? ''}\n`;
const unhashed = (record: Members): Members => ({ ...record, hash: undefined });
/** What somebody does who knows the format: change a record and compute its hash anew. */
const sealed = (record: Members): string => {
  const content = unhashed(record);
  const hash = createHash('sha256')
    .update(`\0${canonicalize(content) ?? ''}`)
    .digest('hex');
  return written({ ...content, hash });
};
const resealed = (index: number, change: Members) => replaced(index, (line) => sealed({ ...members(line), ...change }));
/** ... and all that follow, so that the chain holds again. */
function resealedFrom(from: number, change: (records: Members[]) => Members[]) {
  return (lines: Lines): Lines => {
    let prev = at(lines, from - 1) === '' ? '0'.repeat(64) : String(members(at(lines, from - 1))['hash']);
    let seq = from;
    return [
      ...lines.slice(0, from),
      ...change(lines.slice(from).map(members)).map((record) => {
        const line = sealed({ ...record, prev, seq });
        prev = String(members(line)['hash']);
        seq += 1;
        return line;
      }),
    ];
  };
}

// prettier-ignore
const TAMPERINGS: readonly Tampering[] = [
  { name: 'one character of a record', change: replaced(3, (line) => line.replace('.env', '.enw')), level: 'chain', line: 4, seq: 3, reason: 'changed' },
  { name: 'a decision', change: replaced(3, (line) => line.replace('"deny"', '"allow"')), level: 'chain', line: 4, seq: 3, reason: 'changed' },
  { name: 'a record with its hash made anew', change: resealed(3, { resource: '/workspace/x' }), level: 'chain', line: 5, seq: 4, reason: 'record 3: one of the two was changed' },
  { name: 'a hash', change: resealed(6, {}), level: 'chain', line: 7, seq: 6, reason: '' },
  { name: 'the `prev` of a record', change: resealed(4, { prev: 'f'.repeat(64) }), level: 'chain', line: 5, seq: 4, reason: 'record 3' },
  { name: 'the `prev` of the first record', change: resealed(0, { prev: 'f'.repeat(64) }), level: 'chain', line: 1, seq: 0, reason: 'follows something' },
  { name: 'the number of a record', change: resealed(2, { seq: 9 }), level: 'chain', line: 3, seq: 9, reason: 'records 2 to 8 are missing' },
  { name: 'the run of a record', change: resealed(2, { run: 'run-other' }), level: 'chain', line: 3, seq: 2, reason: 'another run' },
  { name: 'a record taken out', change: (lines) => without(lines, 3), level: 'chain', line: 4, seq: 4, reason: 'record 3 is missing' },
  { name: 'several taken out of the middle', change: (lines) => without(lines, 1, 4), level: 'chain', line: 2, seq: 5, reason: 'records 1 to 4 are missing' },
  { name: 'the first taken out', change: (lines) => without(lines, 0), level: 'chain', line: 1, seq: 1, reason: 'record 0 is missing' },
  { name: 'two swapped', change: (lines) => [...lines.slice(0, 2), at(lines, 3), at(lines, 2), ...lines.slice(4)], level: 'chain', line: 3, seq: 3, reason: 'record 2 is missing' },
  { name: 'one twice', change: (lines) => lines.toSpliced(3, 0, at(lines, 2)), level: 'chain', line: 4, seq: 2, reason: 'twice' },
  { name: 'a forged one put in', change: (lines) => lines.toSpliced(3, 0, sealed({ ...members(at(lines, 3)), resource: '/etc/passwd' })), level: 'chain', line: 5, seq: 3, reason: 'twice' },
  { name: 'an empty line', change: (lines) => lines.toSpliced(3, 0, '\n'), level: 'form', line: 4, reason: 'an object is expected' },
  { name: 'a line of something else', change: (lines) => lines.toSpliced(3, 0, 'hello\n'), level: 'form', line: 4, reason: 'an object is expected' },
  { name: 'half a record in the middle', change: replaced(3, (line) => `${line.slice(0, 100)}\n`), level: 'form', line: 4, reason: 'expected' },
  { name: 'two records on one line', change: replaced(3, (line) => line.slice(0, -1)), level: 'form', line: 4, reason: 'follows the object' },
  { name: 'a member twice', change: replaced(3, (line) => line.replace('{"action":', '{"action":"fs:stat","action":')), level: 'form', line: 4, reason: '`action` stands there twice' },
  { name: 'a space', change: replaced(3, (line) => line.replace(':', ': ')), level: 'form', line: 4, reason: 'a value is expected' },
  { name: 'a carriage return', change: replaced(3, (line) => line.replace('\n', '\r\n')), level: 'form', line: 4, reason: 'follows the object' },
  { name: 'members in another order', change: replaced(3, (line) => `${JSON.stringify(Object.fromEntries(Object.entries(members(line)).reverse()))}\n`), level: 'form', line: 4, reason: 'out of order' },
  { name: 'a needless escape', change: replaced(3, (line) => line.replace('workspace', '\\u0077orkspace')), level: 'form', line: 4, reason: 'needless escape' },
  { name: 'a byte order mark', change: replaced(0, (line) => `\ufeff${line}`), level: 'form', line: 1, reason: 'an object is expected' },
  { name: 'a type that nobody knows', change: resealed(3, { type: 'effect.pardoned' }), level: 'form', line: 4, reason: '`effect.pardoned` is not known' },
  { name: 'another version', change: resealed(3, { v: 2 }), level: 'form', line: 4, reason: '`v`' },
  { name: 'a number as text', change: resealed(3, { seq: '3' }), level: 'form', line: 4, reason: '`seq`' },
  { name: 'a time that is none', change: resealed(3, { time: '2026-13-01T00:00:00.000Z' }), level: 'form', line: 4, reason: '`time`' },
  { name: 'a hash in capitals', change: replaced(3, (line) => line.replace(/"hash":"\w+"/, (found) => found.replace(/\w{64}/, (hex) => hex.toUpperCase()))), level: 'form', line: 4, reason: '`hash`' },
  { name: 'no hash', change: replaced(3, (line) => written(unhashed(members(line)))), level: 'form', line: 4, reason: '`hash`' },
  { name: 'no decision on a denial', change: resealed(3, { decision: undefined }), level: 'form', line: 4, reason: 'no `decision`' },
  { name: 'a torn line without a record that vouches for it', change: (lines) => [...lines, '{"hash'], level: 'form', line: 8, reason: 'string is expected' },
  { name: 'the end of the last line', change: replaced(6, (line) => line.slice(0, -1)), level: 'form', line: 7, seq: 6, reason: 'no end' },
  { name: 'the end cut off', change: (lines) => lines.slice(0, -1), level: 'completeness', line: 7, seq: 5, reason: 'not closed after record 5' },
  { name: 'the end cut off behind an intent', change: (lines) => lines.slice(0, 5), level: 'completeness', line: 5, seq: 4, reason: 'the intent has no outcome' },
  { name: 'something after the end', change: (lines) => resealedFrom(6, (records) => [...records, ...records])(lines), level: 'completeness', line: 8, seq: 7, reason: 'follows the end' },
  { name: 'an outcome taken out and all made anew', change: resealedFrom(5, (records) => records.slice(1)), level: 'completeness', line: 5, seq: 4, reason: 'the intent has no outcome' },
  { name: 'an intent taken out and all made anew', change: resealedFrom(4, (records) => records.slice(1)), level: 'completeness', line: 5, seq: 4, reason: 'which is no intent' },
  { name: 'two outcomes of one intent', change: resealedFrom(5, (records) => [records[0]!, ...records]), level: 'completeness', line: 7, seq: 6, reason: 'second outcome of record 4' },
  { name: 'an outcome of a record that is no intent', change: resealedFrom(5, ([first, ...rest]) => [{ ...first, intent: 3 }, ...rest]), level: 'completeness', line: 5, seq: 4, reason: 'the intent has no outcome' },
  { name: 'no opening', change: resealedFrom(0, (records) => records.slice(3)), level: 'completeness', line: 1, seq: 0, reason: 'not `run.opened`' },
  { name: 'a second opening', change: resealedFrom(1, (records) => [{ ...records[2], type: 'run.opened' }, ...records.slice(2)]), level: 'completeness', line: 2, seq: 1, reason: 'opened twice' },
  { name: 'a time since the start that goes back', change: resealedFrom(3, ([first, ...rest]) => [{ ...first, mono: 0 }, ...rest]), level: 'completeness', line: 4, seq: 3, reason: 'goes back' },
];

describe('a changed record is found and named', () => {
  it.each(TAMPERINGS)('$name', ({ name, change, level, line, seq, reason }) => {
    using folder = scratch();
    const lines = wholeRun(folder.directory);
    const changed =
      name === 'a hash'
        ? replaced(6, (text) =>
            text.replace(/"hash":"./, '"hash":"x').replace('x', at(lines, 6).includes('"hash":"0') ? '1' : '0'),
          )(lines)
        : change(lines);
    const verification = verifyRunFile(Buffer.from(changed.join('')));
    expect(verification.ok).toBe(false);
    const found = verification.levels.find((candidate) => candidate.name === level);
    expect(found?.firstBad).toMatchObject({ line, ...(seq === undefined ? {} : { seq }) });
    expect(found?.firstBad?.reason).toContain(reason);
  });

  it('a byte that is not UTF-8', () => {
    using folder = scratch();
    const bytes = Buffer.from(wholeRun(folder.directory).join(''));
    bytes[bytes.indexOf('.env')] = 0xff;
    expect(verifyRunFile(bytes).levels[0].firstBad).toMatchObject({ line: 4, reason: 'the line is not UTF-8' });
  });

  it('any one bit of the file', () => {
    using folder = scratch();
    const bytes = Buffer.from(wholeRun(folder.directory).join(''));
    for (let bit = 0; bit < bytes.length * 8; bit += 37) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(verifyRunFile(changed).ok, `bit ${bit}`).toBe(false);
    }
  });

  it('any cut, at every byte', () => {
    using folder = scratch();
    const bytes = Buffer.from(wholeRun(folder.directory).join(''));
    for (let length = 0; length < bytes.length; length += 11) {
      expect(verifyRunFile(bytes.subarray(0, length)).ok, `${length} bytes`).toBe(false);
    }
  });

  it('but a record that redid the whole file is only found with a copy of the hash', () => {
    using folder = scratch();
    const lines = wholeRun(folder.directory);
    const before = verifyRunFile(Buffer.from(lines.join('')));
    const forged = resealedFrom(3, ([, ...rest]) =>
      rest.map((record) => ({
        ...record,
        ...(typeof record['intent'] === 'number' ? { intent: record['intent'] - 1 } : {}),
      })),
    );
    const after = verifyRunFile(Buffer.from(forged(lines).join('')));
    expect(after.ok).toBe(true);
    expect(after.hash).not.toBe(before.hash);
    expect(after.notes).toContain(
      'a chain alone does not show who wrote it: whoever can write the file can write it anew',
    );
  });
});
