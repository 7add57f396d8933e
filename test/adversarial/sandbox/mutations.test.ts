import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../../host/contracts/errors.ts';
import { prepared, runCell, temporaryFolder } from '../../sandbox/support/cell.ts';
import { agentText, calling, componentOf } from '../../sandbox/support/wat.ts';

/** More of them: `SALLYPORT_MUTATIONS=2000`. */
const COUNT = Number(process.env['SALLYPORT_MUTATIONS'] ?? 40);
const AT_ONCE = 2;

/** Numbers that are the same in every run (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Flips bytes, cuts pieces out, doubles pieces, cuts the end off. The first eight bytes stay. */
function mutated(source: Uint8Array, seed: number): Uint8Array {
  const next = numbers(seed);
  const at = (): number => 8 + Math.floor(next() * (source.length - 8));
  const from = at();
  const to = Math.min(source.length, from + 1 + Math.floor(next() * 16));
  switch (seed % 4) {
    case 0:
      return Uint8Array.from([...source.subarray(0, from), ...source.subarray(to)]);
    case 1:
      return Uint8Array.from([...source.subarray(0, to), ...source.subarray(from)]);
    default: {
      const copy = Uint8Array.from(source);
      for (let flips = 1 + Math.floor(next() * 3); flips > 0; flips--) copy[at()] = Math.floor(next() * 256);
      return copy;
    }
  }
}

describe('a component whose bytes were changed', () => {
  it(`is refused in one line or runs in a cell like any other, ${COUNT} times`, async () => {
    const source = await componentOf(agentText(calling('ping', '(call $call (i32.const 64)) (i32.const 16)')));
    const folder = await temporaryFolder();
    let refused = 0;

    async function attempt(seed: number): Promise<void> {
      const outcome = await prepared(mutated(source, seed), folder, { timeoutMs: 60_000 }).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof HostError) {
        expect(
          ['ERR_COMPONENT_INVALID', 'ERR_COMPONENT_REFUSED', 'ERR_PREPARE_LIMIT'],
          `seed ${seed}: ${outcome.message}`,
        ).toContain(outcome.code);
        expect(outcome.message).not.toMatch(/\n/);
        refused++;
        return;
      }
      if (outcome instanceof Error) throw new Error(`seed ${seed}`, { cause: outcome });
      const { guest } = await runCell(outcome as Awaited<ReturnType<typeof prepared>>, { limits: { wallMs: 5000 } });
      expect(guest.kind, `seed ${seed}`).not.toBe('fault');
    }

    const seeds = Array.from({ length: COUNT }, (_, index) => index + 1);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) await attempt(seed);
      }),
    );
    expect(refused).toBeGreaterThan(0);
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12);
  }, 600_000);
});
