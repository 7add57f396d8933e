import { afterEach, describe, expect, it } from 'vitest';
import { makeInterpreterBed, type InterpreterBed } from './interpreter-bed.ts';

let bed: InterpreterBed;
afterEach(() => bed.world.remove());

const SCRIPT = `
import os, random, time, datetime
print(datetime.datetime.now(datetime.timezone.utc).isoformat()[:19], time.time(), time.monotonic())
print(os.urandom(16).hex(), random.random(), hash('text'))
`;

describe('a program with a clock and random bytes of the configuration', () => {
  it('has the same output in two runs, and the record says by which', async () => {
    bed = makeInterpreterBed({ more: "wasi: { clock: '2026-01-02T03:04:05+01:00', random: 'seed:00ff' }" });
    const [first, second] = [await bed.python(SCRIPT), await bed.python(SCRIPT)];
    expect(first.result.output).toMatch(/^2026-01-02T02:04:05 /);
    expect(second.result.output).toBe(first.result.output);
    const [opened] = bed.world.lastRecords();
    expect(opened).toMatchObject({
      detail: { wasi: { clock: '2026-01-02T02:04:05.000Z', random: 'seed:00ff' } },
    });
    // The record's own time is the host's.
    expect(Math.abs(Date.parse(String(opened?.['time'])) - Date.now())).toBeLessThan(600_000);
  });

  it('has other outputs without them, and the record does not speak of it', async () => {
    bed = makeInterpreterBed();
    const [first, second] = [await bed.python(SCRIPT), await bed.python(SCRIPT)];
    expect(second.result.output).not.toBe(first.result.output);
    expect(bed.world.lastRecords()[0]?.['detail']).not.toHaveProperty('wasi');
  });

  it('comes to an end where it waits by looking at the clock', async () => {
    bed = makeInterpreterBed({ more: "wasi: { clock: '2026-01-02T03:04:05Z' }" });
    const { result } = await bed.ruby('before = Time.now; sleep 0.5; puts Time.now - before >= 0.5');
    expect(result.output).toBe('true\n');
  });
});
