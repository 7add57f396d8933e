import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { verifyRunFile } from '../../../host/audit/verify/run-file.ts';
import { intended, open, OPENED, RUN, scratch, settled, wholeRun } from '../run-fixture.ts';

describe('the verifier', () => {
  it('accepts a whole run at all three levels', () => {
    using folder = scratch();
    const lines = wholeRun(folder.directory);
    const verification = verifyRunFile(Buffer.from(lines.join('')));
    expect(verification).toMatchObject({ ok: true, run: RUN, log: 'local', records: 7, warnings: [] });
    expect(verification.levels).toEqual([
      { name: 'form', ok: true, records: 7 },
      { name: 'chain', ok: true, records: 7 },
      { name: 'completeness', ok: true, records: 7 },
    ]);
    expect(verification.hash).toBe((JSON.parse(lines[6] ?? '') as { hash: string }).hash);
  });

  it('reads the file in pieces of any size', () => {
    using folder = scratch();
    const bytes = Buffer.from(wholeRun(folder.directory).join(''));
    const whole = verifyRunFile(bytes);
    for (const size of [1, 7, 1000, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      );
      expect(verifyRunFile(pieces)).toEqual(whole);
    }
  });

  it('says what a file alone cannot prove', () => {
    using folder = scratch();
    const lines = wholeRun(folder.directory);
    expect(verifyRunFile(Buffer.from(lines.join(''))).notes).toEqual([expect.stringContaining('who wrote it')]);
    expect(verifyRunFile(Buffer.from(lines.slice(0, -1).join(''))).notes).toContain(
      'truncation after record 5 cannot be excluded without an outside checkpoint',
    );
  });

  it('does not accept a run that is still open, and names the last record', () => {
    using folder = scratch();
    const run = open(folder.directory);
    run.writer.append(OPENED);
    const { ok, levels } = verifyRunFile(Buffer.from(run.text()));
    expect(ok).toBe(false);
    expect(levels.map((level) => level.ok)).toEqual([true, true, false]);
    expect(levels[2].firstBad).toMatchObject({ seq: 0, reason: 'the run is not closed after record 0' });
  });

  it('warns where the time of day goes back, since clocks are set', () => {
    using folder = scratch();
    let step = 0;
    const clock = { nowMs: () => 1e12 - (step += 1), monotonicUs: () => step };
    const run = open(folder.directory, { clock });
    run.writer.append(OPENED);
    run.writer.append(settled(run.writer.append(intended())));
    run.close();
    const verification = verifyRunFile(Buffer.from(run.text()));
    expect(verification).toMatchObject({ ok: true });
    expect(verification.warnings[0]).toBe('record 1 (line 2): the time of day goes back');
  });

  it.each(['', '\n', 'x', '\0\n\0'])('does not accept the file %j', (text) => {
    expect(verifyRunFile(Buffer.from(text))).toMatchObject({
      ok: false,
      records: 0,
      levels: [{ ok: false }, {}, { ok: false }],
    });
  });

  it('does not read on in a line without end', () => {
    let pieces = 0;
    function* endless(): Generator<Uint8Array> {
      for (;;) {
        pieces += 1;
        yield Buffer.alloc(4096, 'x');
      }
    }
    expect(verifyRunFile(endless()).levels[0].firstBad).toMatchObject({
      line: 1,
      reason: expect.stringContaining('longer') as string,
    });
    expect(pieces).toBeLessThan(10);
  });

  it('shares no module with the writer', () => {
    const folder = new URL('../../../host/audit/verify/', import.meta.url);
    const imports = readdirSync(folder).flatMap((name) =>
      [...readFileSync(new URL(name, folder), 'utf8').matchAll(/from '([^']+)'/g)].map(([, target]) => target),
    );
    expect(imports.filter((target) => !/^(\.\/[a-z-]+\.ts|node:crypto)$/.test(target ?? ''))).toEqual([]);
  });
});
