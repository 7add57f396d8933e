import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../../host/contracts/errors.ts';
import { createByteReader } from '../../../host/sandbox/byte-reader.ts';
import { readShape } from '../../../host/sandbox/component-shape.ts';
import { addFuel } from '../../../host/sandbox/fuel.ts';
import { guest } from '../../support/guests.ts';

/** More of them: `SALLYPORT_MUTATIONS=100000`. */
const COUNT = Number(process.env['SALLYPORT_MUTATIONS'] ?? 1500);

/** Changes one to three bytes; the same for the same seed. */
function mutated(source: Uint8Array, seed: number): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(source);
  let state = seed;
  const next = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  for (let flips = 1 + (seed % 3); flips > 0; flips--) copy[8 + next(copy.length - 8)] = next(256);
  return seed % 5 === 0 ? copy.subarray(0, 8 + next(copy.length - 8)) : copy;
}

/** The first core module of a component. */
function coreModule(component: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = createByteReader(component, 8);
  while (!file.atEnd()) {
    const id = file.byte();
    const length = file.u32();
    const start = file.position();
    file.take(length);
    if (id === 1) return Uint8Array.from(component.subarray(start, start + length));
  }
  throw new Error('there is no core module');
}

function isValid(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    return new WebAssembly.Module(bytes) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

describe('bytes that were changed', () => {
  it(`are accepted or refused in one line at the first look, ${COUNT} times`, async () => {
    const source = readFileSync(await guest('hello', 'rust'));
    for (let seed = 1; seed <= COUNT; seed++) {
      try {
        readShape(mutated(source, seed));
      } catch (error) {
        if (!(error instanceof HostError)) throw new Error(`seed ${seed}`, { cause: error });
        expect(error.message).not.toContain('\n');
      }
    }
  });

  it('count their instructions where the engine takes them, or are refused', async () => {
    const source = coreModule(readFileSync(await guest('hello', 'rust')));
    let counted = 0;
    for (let seed = 1; seed <= COUNT / 5; seed++) {
      const module = mutated(source, seed);
      if (!isValid(module)) continue;
      try {
        expect(isValid(addFuel(module)), `seed ${seed}`).toBe(true);
        counted++;
      } catch (error) {
        if (!(error instanceof HostError)) throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    expect(counted).toBeGreaterThan(10);
  });
});
