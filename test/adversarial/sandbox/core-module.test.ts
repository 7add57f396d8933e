import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeSection, encodeU32 } from '../../../host/sandbox/wasm-binary.ts';
import { prepared, temporaryFolder } from '../../sandbox/support/cell.ts';
import { componentOf } from '../../sandbox/support/wat.ts';

const MODULE = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
const FOUR_GIB = [0xff, 0xff, 0xff, 0xff, 0x0f];

const bytes = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
const text = (value: string): number[] => [...encodeU32(Buffer.byteLength(value)), ...Buffer.from(value)];

/** A command of preview 1 that does nothing, with more fields: imports first. */
const command = (fields = '', more = ''): Promise<Uint8Array> =>
  componentOf(`(module ${fields} (memory (export "memory") 1) (func (export "_start")) ${more})`);

/** One line of the refusal; the cache stays empty. */
async function refusal(source: Uint8Array): Promise<string> {
  const folder = await temporaryFolder();
  const outcome: unknown = await prepared(source, folder).catch((error: unknown) => error);
  expect(await readdir(folder)).toEqual([]);
  if (!(outcome instanceof Error && 'code' in outcome)) throw new Error('not refused', { cause: outcome });
  expect(outcome.message).not.toContain('\n');
  return `${String(outcome.code)} ${outcome.message}`;
}

describe('a core module', () => {
  it('is prepared as a program of its own', async () => {
    const artefact = await prepared(await command(), await temporaryFolder());
    expect(artefact).toMatchObject({ program: 'module', imports: {}, modules: [{ memories: 1 }] });
  });

  const malformed: [string, () => Uint8Array | Promise<Uint8Array>, RegExp][] = [
    ['nothing but its first bytes', () => MODULE, /does not export `_start`/],
    ['a second memory section', async () => bytes(await command(), encodeSection(5, [[1, 0, 1]])), /section 5 behind/],
    ['two type sections', () => bytes(MODULE, [1, 1, 0], [1, 1, 0]), /section 1 twice/],
    ['a section that claims 4 GiB', async () => bytes(await command(), [0, ...FOUR_GIB]), /claims 4294967295 bytes/],
    ['4 billion functions', () => bytes(MODULE, [3, 5, ...FOUR_GIB]), /claims 4294967295 entries/],
    ['4 billion data segments', () => bytes(MODULE, [11, 5, ...FOUR_GIB]), /claims 4294967295 entries/],
    ['4 billion data segments announced', async () => bytes(await command(), [12, 5, ...FOUR_GIB]), /./],
    ['an unknown section', async () => bytes(await command(), [14, 0]), /unknown kind 14/],
    ['a section of components', async () => bytes(await command(), [20, 1, 0]), /unknown kind 20/],
    ['a custom section without a name', async () => bytes(await command(), [0, 0]), /end too early/],
    ['invalid UTF-8 as a name', async () => bytes(await command(), [0, 3, 2, 0xc3, 0x28]), /./],
    ['a cut in its last section', async () => (await command()).subarray(0, -1), /claims \d+ bytes where \d+ are left/],
    ['code that is none', async () => bytes(await command()).fill(0xff, -1), /not valid/],
  ];
  it.each(malformed)('is not valid with %s', async (_, make, message) => {
    const line = await refusal(await make());
    expect(line).toMatch(/^ERR_COMPONENT_INVALID /);
    expect(line).toMatch(message);
  });

  const foreign: [string, string, RegExp][] = [
    ['from elsewhere', '(import "env" "f" (func))', /only `wasi_snapshot_preview1` is served/],
    ['of the host', '(import "sallyport:fuel" "counter" (global i64))', /only `wasi_snapshot_preview1` is served/],
    ['of an older preview', '(import "wasi_unstable" "fd_write" (func))', /only `wasi_snapshot_preview1` is served/],
    [
      'of nothing that is there',
      '(import "wasi_snapshot_preview1" "fd_steal" (func))',
      /no function of WASI preview 1/,
    ],
    ['of every object', '(import "wasi_snapshot_preview1" "constructor" (func))', /no function of WASI preview 1/],
    ['of a prototype', '(import "__proto__" "toString" (func))', /only `wasi_snapshot_preview1` is served/],
    ['of a memory', '(import "wasi_snapshot_preview1" "fd_write" (memory 1))', /as a memory/],
    ['with a quote in its name', `(import "wasi_snapshot_preview1" "a'];x;['" (func))`, /could become code/],
    ['with a line break in its module', '(import "a\\0ab" "f" (func))', /could become code/],
  ];
  it.each(foreign)('is refused with an import %s', async (_, field, message) => {
    // A module has one memory: the one that is imported is then the one that is shown.
    const own = field.includes('(memory');
    const source = own
      ? await componentOf(`(module ${field} (export "memory" (memory 0)) (func (export "_start")))`)
      : await command(field);
    const line = await refusal(source);
    expect(line).toMatch(/^ERR_COMPONENT_REFUSED /);
    expect(line).toMatch(message);
  });

  it.each([
    ['a quote', `'];x;['`],
    ['a line separator', 'a\\e2\\80\\a8b'],
    ['a null byte', 'a\\00b'],
    ['257 characters', 'a'.repeat(257)],
  ])('is refused with an export whose name has %s', async (_, name) => {
    expect(await refusal(await command('', `(func (export "${name}"))`))).toMatch(/^ERR_COMPONENT_REFUSED .*code/);
  });

  it('is refused with a start function of its own, and with too many exports', async () => {
    expect(await refusal(await command('', '(func $s) (start $s)'))).toMatch(/^ERR_COMPONENT_REFUSED .*start function/);
    const exports = Array.from({ length: 100_001 }, () => [...text('x'), 0, 0]).flat();
    const many = bytes(MODULE, encodeSection(7, [encodeU32(100_001), exports]));
    expect(await refusal(many)).toMatch(/^ERR_PREPARE_LIMIT .*exports of core modules/);
  });
});
