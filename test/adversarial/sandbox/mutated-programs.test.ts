import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../../host/contracts/errors.ts';
import type { Artefact } from '../../../host/sandbox/artefact.ts';
import { createByteReader } from '../../../host/sandbox/byte-reader.ts';
import { encodeSection } from '../../../host/sandbox/wasm-binary.ts';
import { prepareComponent } from '../../../host/sandbox/prepare.ts';
import { SERVED } from '../../../host/configuration/settings.ts';
import { guest } from '../../support/guests.ts';
import { moduleText } from '../../support/wasi-programs.ts';
import { temporaryFolder } from '../../sandbox/support/cell.ts';
import { agentText, componentOf } from '../../sandbox/support/wat.ts';

/** Of each program. More of them, and Python: `SALLYPORT_MUTATIONS=500`. */
const MORE = Number(process.env['SALLYPORT_MUTATIONS'] ?? 0);
const COUNT = MORE === 0 ? 8 : MORE;
const AT_ONCE = 2;
const MEBIBYTE = 1_048_576;
const TIMEOUT_MS = 60_000;

const PROGRAMS: readonly (readonly [string, () => Promise<Uint8Array>])[] = [
  ['text', () => componentOf(agentText())],
  ['a module of preview 1', () => componentOf(moduleText('(call $hello)'))],
  ['Rust', async () => readFile(await guest('hello', 'rust'))],
  ['JavaScript', async () => readFile(await guest('hello', 'js'))],
  ...(MORE === 0 ? [] : [['Python', async () => readFile(await guest('hello', 'python'))] as const]),
];

type Section = readonly [id: number, body: Uint8Array];

function sectionsOf(file: Uint8Array): Section[] {
  const sections: Section[] = [];
  for (const reader = createByteReader(file, 8); !reader.atEnd();) {
    const id = reader.byte();
    const length = reader.u32();
    const start = reader.position();
    reader.take(length);
    sections.push([id, file.subarray(start, start + length)]);
  }
  return sections;
}

const fileOf = (head: Uint8Array, sections: readonly Section[]): Uint8Array =>
  Buffer.concat([head.subarray(0, 8), ...sections.map(([id, body]) => encodeSection(id, [body]))]);

/** Flips bytes, cuts the end off, swaps two sections, doubles one or leaves one out; the same for the same seed. */
function mutated(source: Uint8Array, seed: number): Uint8Array {
  let state = seed + 17;
  const next = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  for (let turn = 0; turn < 5; turn++) next(1); // small seeds begin alike
  if (seed % 4 === 0) return source.subarray(0, 8 + next(source.length - 8));
  if (seed % 4 === 1) {
    const sections = sectionsOf(source);
    const [from, to] = [next(sections.length), next(sections.length)];
    const [moved] = sections.slice(from, from + 1);
    if (moved === undefined) return source;
    sections.splice(to, seed % 3 === 0 ? 1 : 0, moved);
    return fileOf(source, seed % 3 === 1 ? sections.toSpliced(from, 1) : sections);
  }
  const copy = Uint8Array.from(source);
  for (let flips = 1 + next(4); flips > 0; flips--) copy[8 + next(copy.length - 8)] = next(256);
  return copy;
}

describe('a real program whose bytes were changed', () => {
  it.each(PROGRAMS)(
    `is prepared or refused in one line and in time, and the next one is prepared: %s, ${COUNT} times`,
    async (name, read) => {
      const [source, folder] = [await read(), await temporaryFolder()];
      const prepare = (bytes: Uint8Array): Promise<Artefact> =>
        prepareComponent({
          source: bytes,
          cacheDirectory: folder,
          served: SERVED,
          limits: { memoryBytes: 64 * MEBIBYTE, timeoutMs: TIMEOUT_MS },
        });

      async function attempt(seed: number): Promise<void> {
        const started = performance.now();
        const outcome: unknown = await prepare(mutated(source, seed)).catch((error: unknown) => error);
        expect(performance.now() - started, `seed ${seed}`).toBeLessThan(TIMEOUT_MS);
        if (!(outcome instanceof Error)) return;
        if (!(outcome instanceof HostError)) throw new Error(`seed ${seed}`, { cause: outcome });
        expect(outcome.code, `seed ${seed}: ${outcome.message}`).toMatch(
          /^ERR_(?:COMPONENT_(?:INVALID|REFUSED)|PREPARE_LIMIT)$/,
        );
        expect(outcome.message, `seed ${seed}`).toMatch(/^[^\n]{1,600}$/);
      }

      const seeds = Array.from({ length: COUNT }, (_, index) => index + 1);
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (let seed = seeds.pop(); seed !== undefined; seed = seeds.pop()) await attempt(seed);
        }),
      );
      expect((await prepare(source)).modules.length, name).toBeGreaterThan(0);
      expect((await readdir(folder)).filter((entry) => entry.startsWith('.'))).toEqual([]);
      expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12);
    },
    MORE === 0 ? 300_000 : 7_200_000,
  );
});
