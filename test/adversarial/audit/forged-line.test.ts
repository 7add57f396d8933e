import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyRunFile } from '../../../host/audit/verify/run-file.ts';
import { intended, open, OPENED, scratch, settled } from '../../audit/run-fixture.ts';

const FORGED = '{"type":"effect.settled","v":1}';

describe('guest text in a record', () => {
  it.each([
    ['a newline and a record', `x"}\n${FORGED}\n`],
    ['every kind of line end', 'a\nb\rc\r\nd\u0085e\u2028f\u2029g'],
    ['the end of an object', '"},"hash":"0","x":{"a":"'],
    ['a lone surrogate', '\ud800'],
    ['controls and directions', '\0\u001b[2J\u202e\u2066'],
    ['a megabyte', 'x'.repeat(1 << 20)],
  ])('makes one line and no other record: %s', (_name, text) => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    const request = { digest: 'c'.repeat(64), text, [text]: text, payload: { [text]: [text, { [text]: text }] } };
    run.writer.append(settled(run.writer.append(intended(1, { request }))));
    run.close();
    const verification = verifyRunFile(Buffer.from(run.text()));
    expect(verification).toMatchObject({ ok: true, records: 4 });
    expect(run.lines()).toHaveLength(4);
    expect(run.text()).not.toMatch(/[^\n\x20-\x7e\u0080-\u{10ffff}]/u);
  });

  it('cannot name a member of the record, of the prototype, or twice', () => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    const request = JSON.parse(
      '{"__proto__":{"polluted":1},"constructor":1,"hash":"0","seq":-1,"prev":"x","type":"run.closed"}',
    ) as Record<string, string>;
    run.writer.append(settled(run.writer.append(intended(1, { request }))));
    run.close();
    expect(verifyRunFile(Buffer.from(run.text())).ok).toBe(true);
    expect({}).not.toHaveProperty('polluted');
    expect(run.text()).toContain('"__proto__":{"polluted":1}');
  });

  it('verifies whatever it is', () => {
    using folder = scratch();
    let number = 0;
    const data = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ stringUnit: 'binary' }));
    fc.assert(
      fc.property(data, (request) => {
        const run = open(folder.directory, { run: `run-${(number += 1)}` });
        run.writer.append(OPENED);
        run.writer.append(settled(run.writer.append(intended(1, { request: request as Record<string, string> }))));
        run.close();
        expect(verifyRunFile(Buffer.from(run.text())).ok).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
