import { describe, expect, it } from 'vitest';
import { planMemory } from '../../host/sandbox/memory-plan.ts';
import { memoryExport, ownedBy, rewriteModule } from '../../host/sandbox/module-limits.ts';
import { componentOf } from './support/wat.ts';

/** A core module in text form as bytes. */
const moduleOf = async (wat: string): Promise<Uint8Array<ArrayBuffer>> => Uint8Array.from(await componentOf(wat));

const owned = (memories: [number, number?][], tables: [number, number?][] = []): ReturnType<typeof ownedBy> => {
  const bounds = (items: [number, number?][]) => items.map(([min, max]) => ({ min, max }));
  return { memories: bounds(memories), tables: bounds(tables) };
};

describe('rewriting a core module', () => {
  it('reads what the module defines, and nothing that it imports', async () => {
    const module = await moduleOf(
      '(module (import "a" "m" (memory 3)) (import "a" "t" (table 4 funcref)) (table 5 9 externref) (table 6 funcref))',
    );
    expect(ownedBy(module)).toEqual({
      memories: [],
      tables: [
        { min: 5, max: 9 },
        { min: 6, max: undefined },
      ],
    });
    expect(ownedBy(await moduleOf('(module (memory 2 8))'))).toEqual({ memories: [{ min: 2, max: 8 }], tables: [] });
  });

  it('sets maxima that the engine enforces, and keeps lower ones', async () => {
    const module = await moduleOf('(module (memory 1) (table 2 funcref) (table 1 3 funcref) (export "t" (table 0)))');
    const rewritten = rewriteModule(module, { memories: [4], tables: [5, 100] });
    expect(ownedBy(rewritten)).toEqual({
      memories: [{ min: 1, max: 4 }],
      tables: [
        { min: 2, max: 5 },
        { min: 1, max: 3 },
      ],
    });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(rewritten));
    const memory = exports[memoryExport(0)] as WebAssembly.Memory & { grow(pages: number): number };
    expect(memory.grow(3)).toBe(1);
    expect(() => memory.grow(1)).toThrow(RangeError);
  });

  it.each([
    ['without exports', '(module (memory 1) (data (i32.const 0) "x"))'],
    [
      'with exports and code',
      '(module (memory 1) (func (export "f")) (global i32 (i32.const 1)) (elem declare func 0))',
    ],
    ['with a tag and a start function', '(module (memory 1) (tag) (global i32 (i32.const 0)) (func $s) (start $s))'],
    ['with a custom section in between', '(module (memory 1) (@custom "x" (after memory) "y") (func))'],
    ['behind an imported memory', '(module (import "a" "m" (memory 1)) (memory 1))'],
  ])('shows its memories to the host: %s', async (_, wat) => {
    const rewritten = rewriteModule(await moduleOf(wat), { memories: [2], tables: [] });
    const exported = WebAssembly.Module.exports(new WebAssembly.Module(rewritten));
    expect(exported).toContainEqual({ name: memoryExport(0), kind: 'memory' });
  });

  it('leaves a module without memories and tables as it is', async () => {
    const module = await moduleOf('(module (func (export "f") (result i32) (i32.const 1)))');
    expect(rewriteModule(module, { memories: [], tables: [] })).toEqual(module);
  });

  it.each([
    '(module (memory i64 1))',
    '(module (memory 1 2 shared))',
    '(module (table i64 1 funcref))',
    '(module (table 1 funcref (ref.null func)))',
  ])('refuses what it cannot bound: %s', async (wat) => {
    const module = await moduleOf(wat);
    expect(() => ownedBy(module)).toThrow(expect.objectContaining({ code: 'ERR_COMPONENT_REFUSED' }));
  });
});

describe('sharing memory among the modules of a component', () => {
  const plan = (modules: Record<string, ReturnType<typeof owned>>, budget = 1000): number[] =>
    [...planMemory(new Map(Object.entries(modules)), { pages: budget, tableEntries: 0 }).values()].flatMap(
      ({ memories }) => memories,
    );

  it('gives one memory everything', () => {
    expect(plan({ a: owned([[17]]) })).toEqual([1000]);
    expect(plan({ a: owned([[0]]) })).toEqual([1000]);
  });

  it('gives stubs that start with nothing no page', () => {
    expect(plan({ main: owned([[22]]), stub: owned([[0]]), other: owned([[0]]) })).toEqual([1000, 0, 0]);
  });

  it('shares in proportion to the start, and passes on what a maximum leaves over', () => {
    expect(plan({ a: owned([[100]]), b: owned([[300]]) })).toEqual([250, 750]);
    expect(plan({ a: owned([[100, 110]]), b: owned([[100]]) })).toEqual([110, 890]);
  });

  it('never gives more than there is, whatever is declared', () => {
    for (let seed = 1; seed < 300; seed++) {
      const memories = Array.from({ length: (seed % 7) + 1 }, (_, index): [number, number?] => {
        const min = (seed * 31 + index * 17) % 90;
        return (seed + index) % 3 === 0 ? [min, min + ((seed * index) % 50)] : [min];
      });
      const shares = plan({ a: owned(memories) });
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1000);
      shares.forEach((share, index) => expect(share).toBeGreaterThanOrEqual(memories[index]?.[0] ?? 0));
    }
  });

  it('refuses more than the limit at the start', () => {
    expect(() => plan({ a: owned([[600]]), b: owned([[401]]) })).toThrow(
      'the component starts with 63 MiB of linear memory; the limit is 63 MiB',
    );
  });

  it('bounds all tables together', () => {
    const budget = { pages: 1, tableEntries: 400 };
    const tables = Array.from({ length: 10 }, (): [number] => [1]);
    const ceilings = [...planMemory(new Map([['a', owned([], tables)]]), budget).values()].flatMap(
      (each) => each.tables,
    );
    expect(ceilings).toEqual(Array.from({ length: 10 }, () => 40));
    expect(() => planMemory(new Map([['a', owned([], [[401]])]]), budget)).toThrow(
      'the component starts with 401 table entries; the limit is 400',
    );
  });
});
