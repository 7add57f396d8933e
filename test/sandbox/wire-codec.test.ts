import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Unsupported } from '../../host/sandbox/codec.ts';
import { PRIMITIVES, type ValueType } from '../../host/sandbox/value-type.ts';
import { createWireCodec, type WireHandles } from '../../host/sandbox/wire-codec.ts';
import { createWireReader, WireError, WireExcess } from '../../host/sandbox/wire-reader.ts';
import { createWireWriter, HEADER_BYTES } from '../../host/sandbox/wire-writer.ts';
import { typesAndValues, wireTypes } from './support/wire-types.ts';

/** A handle is its number. */
const HANDLES: WireHandles = { numberOf: (_, value) => value as number, valueOf: (_, number) => number };
const MANY = 1_000_000;

function written(type: ValueType, value: unknown): Buffer {
  const writer = createWireWriter();
  writer.begin();
  createWireCodec(type, HANDLES).write(writer, value);
  return Buffer.from(writer.take().subarray(HEADER_BYTES));
}

function read(type: ValueType, bytes: Uint8Array, most = MANY): unknown {
  const reader = createWireReader(bytes, most);
  const value = createWireCodec(type, HANDLES).read(reader);
  reader.end();
  return value;
}

describe('values on the wire', () => {
  it('arrive as they were sent, whatever their type', () => {
    fc.assert(
      fc.property(typesAndValues, ({ type, value }) => {
        expect(read(type, written(type, value))).toEqual(value);
      }),
    );
  });

  it.each<[string, (filling: number) => readonly [ValueType, unknown]]>([
    ['bytes', (filling) => ['u8', filling]],
    ['many bytes', (filling) => [{ kind: 'list', of: 'u8' }, new Uint8Array(100_000).fill(filling)]],
    ['a text', () => ['string', 'a text']],
    ['16 bits', (filling) => ['u16', filling]],
    ['32 bits', (filling) => ['u32', filling]],
    ['64 bits', (filling) => ['u64', BigInt(filling)]],
    ['a float', (filling) => ['f32', filling]],
    ['a double', (filling) => ['f64', filling]],
    ['a NaN', () => ['f64', NaN]],
  ])('arrive where the buffer grows in the middle of them: %s', (_, make) => {
    for (let before = 16_360; before < 16_400; before++) {
      const [last, end] = make(77);
      const type: ValueType = { kind: 'tuple', of: [{ kind: 'list', of: 'u8' }, last] };
      const value = [new Uint8Array(before).fill(7), end];
      expect(read(type, written(type, value))).toEqual(value);
    }
  });
  it.each([...PRIMITIVES])(
    'arrive as they were sent where the writer runs out of room in the middle of a `%s`',
    (type) => {
      const value = type === 'string' ? 'text' : type === 'char' ? 'é' : type === 'bool' ? true : type.endsWith('64') && type !== 'f64' ? 7n : 7; // prettier-ignore
      const behind: ValueType = { kind: 'tuple', of: [{ kind: 'list', of: 'u8' }, type] };
      for (let length = 16 * 1024 - 24; length <= 16 * 1024; length++) {
        const sent = [new Uint8Array(length).fill(1), value];
        expect(read(behind, written(behind, sent))).toEqual(sent);
      }
    },
  );

  it('have one form: bytes that are taken are the bytes that would have been written', () => {
    fc.assert(
      fc.property(wireTypes, fc.uint8Array({ maxLength: 64 }), (type, bytes) => {
        let value: unknown;
        try {
          value = read(type, bytes);
        } catch (error) {
          expect(error instanceof WireError || error instanceof WireExcess).toBe(true);
          return;
        }
        expect(written(type, value)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it('are refused where they are cut off, or something follows', () => {
    fc.assert(
      fc.property(typesAndValues, ({ type, value }) => {
        const bytes = written(type, value);
        expect(() => read(type, bytes.subarray(0, -1))).toThrow(WireError);
        expect(() => read(type, Buffer.concat([bytes, Buffer.of(0)]))).toThrow(WireError);
      }),
    );
  });

  it.each<[string, ValueType, number[]]>([
    ['a truth value that is neither', 'bool', [2]],
    ['a surrogate as a character', 'char', [0, 0xd8, 0, 0]],
    ['a character beyond Unicode', 'char', [0, 0, 0x11, 0]],
    ['a text that is not UTF-8', 'string', [1, 0, 0, 0, 0xff]],
    ['an overlong form in a text', 'string', [2, 0, 0, 0, 0xc0, 0x80]],
    ['a surrogate in a text', 'string', [3, 0, 0, 0, 0xed, 0xa0, 0x80]],
    ['a NaN with a message in it', 'f32', [1, 0, 0xc0, 0x7f]],
    ['the same in a double', 'f64', [1, 0, 0, 0, 0, 0, 0xf8, 0x7f]],
    ['a case that there is not', { kind: 'enum', names: ['a', 'b'] }, [2]],
    ['an option that is neither', { kind: 'option', of: 'u8' }, [2, 0]],
    ['a flag that there is not', { kind: 'flags', names: ['a', 'b', 'c'] }, [8]],
    ['a list of four thousand million', { kind: 'list', of: 'bool' }, [0xff, 0xff, 0xff, 0xff, 0, 0]],
    ['a text of four thousand million', 'string', [0xff, 0xff, 0xff, 0xff, 0, 0]],
    ['bytes of four thousand million', { kind: 'list', of: 'u8' }, [0xff, 0xff, 0xff, 0xff, 0, 0]],
    ['numbers of four thousand million', { kind: 'list', of: 'u64' }, [0xff, 0xff, 0xff, 0xff, 0, 0]],
  ])('are refused: %s', (_, type, bytes) => {
    expect(() => read(type, Uint8Array.from(bytes))).toThrow(WireError);
  });

  it('are bounded in number, however few bytes they have', () => {
    const type: ValueType = { kind: 'list', of: { kind: 'list', of: 'bool' } };
    const row = Array.from({ length: 100 }, () => true);
    const bytes = written(
      type,
      Array.from({ length: 100 }, () => row),
    );
    expect(read(type, bytes, 10_100)).toHaveLength(100);
    expect(() => read(type, bytes, 10_000)).toThrow(WireExcess);
  });

  it('always take bytes: a list of what takes none would have no bound', () => {
    const nothing: ValueType = { kind: 'tuple', of: [] };
    expect(() => createWireCodec({ kind: 'list', of: nothing }, HANDLES)).toThrow(Unsupported);
    expect(() => createWireCodec({ kind: 'flags', names: [] }, HANDLES)).toThrow(Unsupported);
  });

  it.each<[ValueType, unknown]>([
    ...PRIMITIVES.map((type): [ValueType, unknown] => [type, Symbol('nothing')]),
    [{ kind: 'list', of: 'u8' }, [1, 2]],
    [{ kind: 'list', of: 'string' }, 'text'],
    [{ kind: 'enum', names: ['a'] }, 'b'],
    [{ kind: 'enum', names: ['a'] }, '__proto__'],
    [{ kind: 'variant', cases: [['a', null]] }, { tag: 'constructor' }],
    [{ kind: 'record', fields: [['a', 'u8']] }, undefined],
    [{ kind: 'tuple', of: ['u8', 'u8'] }, [1]],
  ])('of the host that do not fit their type are not written: %j', (type, value) => {
    expect(() => written(type, value)).toThrow(TypeError);
  });

  it('give a lone surrogate as the canonical ABI does, and one NaN for all', () => {
    expect(read('string', written('string', 'a\ud800b'))).toBe('a\ufffdb');
    expect(written('f64', NaN)).toEqual(Buffer.of(0, 0, 0, 0, 0, 0, 0xf8, 0x7f));
  });
});
