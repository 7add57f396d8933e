import { describe, expect, it } from 'vitest';
import { createMeter } from '../../host/sandbox/meter.ts';
import { addFuel, FUEL_IMPORT } from '../../host/sandbox/fuel.ts';
import { createFuelTank, type FuelTank } from '../../host/sandbox/fuel-tank.ts';
import { runInstance } from '../../host/sandbox/instance.ts';
import { createModuleStore } from '../../host/sandbox/module-store.ts';
import { prepareComponent } from '../../host/sandbox/prepare.ts';
import type { Artefact } from '../../host/sandbox/artefact.ts';
import { LIMITS, prepared, runCell, temporaryFolder } from './support/cell.ts';
import { SERVED } from './support/served.ts';
import { agentText, componentOf } from './support/wat.ts';

const moduleOf = async (wat: string): Promise<Uint8Array<ArrayBuffer>> => Uint8Array.from(await componentOf(wat));

type Exports = Readonly<Record<string, (...values: number[]) => unknown>>;

/** The exports of a module that counts. */
async function counting(wat: string, tank: FuelTank, imports: object = {}): Promise<Exports> {
  const module = new WebAssembly.Module(addFuel(await moduleOf(wat)));
  const instance = new WebAssembly.Instance(module, { ...imports, [FUEL_IMPORT.module]: tank.imports });
  return instance.exports as Exports; // the tests call functions only
}

async function usedBy(wat: string, ...values: number[]): Promise<[unknown, number]> {
  const tank = createFuelTank(1_000_000);
  const { f } = await counting(wat, tank);
  return [f?.(...values), tank.used()];
}

/** Sums up from the parameter to zero. */
const SUM = `(module (func (export "f") (param $n i32) (result i32) (local $sum i32)
  (loop $more
    (local.set $sum (i32.add (local.get $sum) (local.get $n)))
    (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
  (local.get $sum)))`;

describe('counting instructions', () => {
  it('charges each basic block by its instructions, and a call and a round of a loop by one', async () => {
    // The call, `loop`; a round: itself, and nine; then `end`, `local.get`, `end`.
    expect(await usedBy(SUM, 1)).toEqual([1, 15]);
    expect(await usedBy(SUM, 10)).toEqual([55, 15 + 9 * 10]);
  });

  it.each([
    ['one arm', 0, 5],
    ['the other arm', 1, 8],
  ])('charges the arm that is taken: %s', async (_, value, cost) => {
    const wat = `(module (func (export "f") (param i32)
      (if (local.get 0) (then (nop) (nop) (nop) (nop)) (else (nop)))))`;
    expect((await usedBy(wat, value))[1]).toBe(cost + 1);
  });

  it('charges bulk operations by their length', async () => {
    const wat = `(module (memory 1)
      (func (export "f") (param i32) (memory.fill (i32.const 0) (i32.const 7) (local.get 0))))`;
    const [, none] = await usedBy(wat, 0);
    expect((await usedBy(wat, 64 * 100))[1]).toBe(none + 100);
    expect(none).toBe(6);
  });

  it('counts the start function and every instance in one place', async () => {
    const tank = createFuelTank(1000);
    const wat = '(module (func $s (nop) (nop)) (start $s) (func (export "f")))';
    await counting(wat, tank);
    expect(tank.used()).toBe(4);
    (await counting(wat, tank))['f']?.();
    expect(tank.used()).toBe(10);
  });

  it.each([
    ['a loop', '(loop $l (br $l))'],
    ['a recursion', '(call $f)'],
    ['a tail call', '(return_call $f)'],
    ['a loop of bulk operations', '(loop $l (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br $l))'],
  ])('ends %s without end, and what is called after it', async (_, body) => {
    const tank = createFuelTank(10_000);
    const wat = `(module (memory 1) (func $f (export "f") ${body}) (func (export "g")))`;
    const { f, g } = await counting(wat, tank);
    expect(f).toThrow(WebAssembly.RuntimeError);
    expect(tank.isEmpty()).toBe(true);
    expect(g).toThrow(/unreachable/);
  });

  it.each([
    ['one', undefined],
    ['many turns', 7],
    ['turns shorter than one of its blocks', 1],
  ])('ends after the same instruction, whether there is one turn or more: %s', async (_, instructions) => {
    const turns = instructions === undefined ? undefined : { instructions, goOn: () => true };
    const ended = async (fuel: number): Promise<[number | undefined, number]> => {
      let calls = 0;
      const tank = createFuelTank(fuel, turns);
      const wat = `(module (import "a" "f" (func $call)) (memory 1) (func (export "f")
        (loop $l (call $call) (memory.fill (i32.const 0) (i32.const 0) (i32.const 640)) (br $l))))`;
      const { f } = await counting(wat, tank, { a: { f: () => (calls += 1) } });
      expect(f).toThrow(/unreachable/);
      expect(tank.isEmpty()).toBe(true);
      return [calls, tank.used()];
    };
    expect(await ended(500)).toEqual([29, 500]);
    expect(await ended(501)).toEqual([29, 501]);
    expect(await ended(502)).toEqual([30, 502]);
  });

  it('asks between two turns whether it may go on, and ends where it may not, although there is fuel', async () => {
    const left: boolean[] = [true, true, false];
    const tank = createFuelTank(1_000_000, { instructions: 1000, goOn: () => left.shift() ?? true });
    const { f } = await counting('(module (func (export "f") (loop $l (br $l))))', tank);
    expect(f).toThrow(/unreachable/);
    expect(left).toEqual([]);
    expect(tank.isEmpty()).toBe(false);
    expect(tank.used()).toBeGreaterThan(3000);
    expect(tank.used()).toBeLessThan(3010);
  });

  it('ends where it may not go on, whatever it catches', async () => {
    let asked = 0;
    const tank = createFuelTank(1_000_000, { instructions: 1000, goOn: () => (asked += 1) < 3 });
    const wat = `(module (func $g (loop $l (br $l)))
      (func (export "f") (loop $again (block $caught (try_table (catch_all $caught) (call $g))) (br $again))))`;
    const { f } = await counting(wat, tank);
    expect(f).toThrow(/unreachable/);
    expect(asked).toBe(3);
  });

  it('ends a start function', async () => {
    const tank = createFuelTank(1000);
    await expect(counting('(module (func $s (loop $l (br $l))) (start $s))', tank)).rejects.toThrow(/unreachable/);
  });
});

describe('a module that counts', () => {
  /** Globals of all kinds, and everything whose index or place moves. */
  const WHOLE = `(module $name
    (import "a" "g" (global $imported i32))
    (import "a" "f" (func $callback (param i32) (result i32)))
    (memory 1) (table 4 funcref)
    (global $own (mut i32) (i32.const 40))
    (global $sum i32 (i32.add (global.get $imported) (i32.const 1)))
    (global (export "shown") i32 (i32.const 7))
    (elem (i32.const 0) $double $triple)
    (elem $later funcref (ref.func $triple))
    (data (i32.const 8) "\\2a") (data $passive "xyz")
    (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
    (func $triple (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
    (func (export "f") (param $n i32) (result i32) (local $x i64) (local $y f64)
      (global.set $own (i32.add (global.get $own) (local.get $n)))
      (table.init $later (i32.const 2) (i32.const 0) (i32.const 1))
      (memory.init $passive (i32.const 100) (i32.const 0) (i32.const 3))
      (memory.copy (i32.const 200) (i32.const 100) (i32.const 3))
      (block $out (block $two (block $one
        (br_table $one $two $out (local.get $n)))
        (global.set $own (call_indirect (param i32) (result i32) (global.get $own) (i32.const 0))))
        (global.set $own (call_indirect (param i32) (result i32) (global.get $own) (i32.const 2))))
      (i32.add (global.get $own) (i32.add (call $callback (global.get $sum))
        (i32.add (i32.load8_u (i32.const 8)) (i32.load8_u (i32.const 202)))))))`;

  it('computes the same as before', async () => {
    const before = await moduleOf(WHOLE);
    const imports = { a: { g: 5, f: (value: number) => value * 100 } };
    const plain = new WebAssembly.Instance(new WebAssembly.Module(before), imports).exports as Exports; // see `counting`
    const tank = createFuelTank(1_000_000);
    const fuelled = await counting(WHOLE, tank, imports);
    for (const value of [0, 1, 2, 3, 9, 1, 0]) expect(fuelled['f']?.(value)).toBe(plain['f']?.(value));
    expect(tank.used()).toBeGreaterThan(100);
    expect((fuelled['shown'] as unknown as WebAssembly.Global).value).toBe(7);
  });

  it.each([63, 64, 127, 128, 8191, 8192])('may have many types: %i', async (count) => {
    const types = Array.from({ length: count - 1 }, () => '(type (func (param f64)))').join('');
    const tank = createFuelTank(1000);
    const { f } = await counting(`(module ${types} (func (export "f") (loop $l (br $l))))`, tank);
    expect(f).toThrow(/unreachable/);
    expect(tank.isEmpty()).toBe(true);
  });

  it('keeps its custom sections, and the names of its globals where they are now', async () => {
    const source = await moduleOf(WHOLE.replace('(memory 1)', '(@custom "mine" "text") (memory 1)'));
    const module = addFuel(source);
    const text = Buffer.from(module).toString('latin1');
    expect(text).toContain('\u0004minetext');
    expect(text).toContain('triple');
    // Subsection 7: the imported global keeps its number, the own ones move behind those two that are added.
    expect(text).toMatch(/\u0007.\u0003\u0000\u0008imported\u0003\u0003own\u0004\u0003sum/);
  });

  it('cannot bring the counter along itself', async () => {
    const module = await moduleOf(`(module (import "${FUEL_IMPORT.module}" "x" (func)))`);
    expect(() => addFuel(module)).toThrow(expect.objectContaining({ code: 'ERR_COMPONENT_REFUSED' }));
  });

  it.each([
    ['a structure', '(module (type (struct (field i32))))'],
    ['an instruction of theirs', '(module (func (export "f") (drop (ref.i31 (i32.const 1)))))'],
  ])('has no garbage-collected types: %s', async (_, wat) => {
    const module = await moduleOf(wat);
    expect(() => addFuel(module)).toThrow(/cannot be counted/);
  });

  it('is what the engine takes, for every instruction of the text format that it knows', async () => {
    const wat = `(module (memory 1) (table $t 1 externref) (tag $e (param i32))
      (func (export "f") (param externref) (result i32)
        (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (v128.const i64x2 1 2) (v128.load (i32.const 0))))
        (v128.store8_lane offset=3 5 (i32.const 0) (i32x4.splat (i32.const 9)))
        (drop (i32x4.relaxed_trunc_f32x4_s (v128.load32_zero (i32.const 0))))
        (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) (atomic.fence)
        (drop (table.grow $t (local.get 0) (i32.const 1))) (table.fill $t (i32.const 0) (local.get 0) (i32.const 1))
        (drop (i64.trunc_sat_f64_u (f64.const 1.5))) (drop (i32.extend8_s (i32.const 200)))
        (drop (select (result externref) (local.get 0) (local.get 0) (i32.const 1)))
        (block $null (result) (drop (br_on_null $null (ref.null func))))
        (block $caught (result i32)
          (try_table (result i32) (catch $e $caught) (throw $e (i32.const 42))))))`;
    const tank = createFuelTank(1000);
    expect((await counting(wat, tank))['f']?.()).toBe(42);
  });
});

describe('a run with the limit `fuel`', () => {
  const fuelled = async (source: Uint8Array | string): Promise<Artefact> =>
    prepareComponent({
      source,
      cacheDirectory: await temporaryFolder(),
      served: SERVED,
      limits: { memoryBytes: LIMITS.memoryBytes },
      fuel: true,
    });

  it('ends a spin, and names the limit', async () => {
    const artefact = await fuelled(await componentOf(agentText({ run: '(loop $l (br $l)) (unreachable)' })));
    const { guest } = await runCell(artefact, { limits: { fuel: 100_000 } });
    expect(guest).toEqual({
      kind: 'limit',
      limit: 'fuel',
      message: 'the agent executed more than 100000 instructions',
      stack: [expect.stringMatching(/^wasm-function\[1\] \(main-/)],
    });
  });

  it('says that a component was prepared without a counter', async () => {
    const artefact = await prepared(await componentOf(agentText()), await temporaryFolder());
    const { guest } = await runCell(artefact, { limits: { fuel: 100_000 } });
    expect(guest.kind).toBe('fault');
  });

  it('keeps artefacts with and without a counter apart', async () => {
    const [source, folder] = [await componentOf(agentText()), await temporaryFolder()];
    const plain = await prepared(source, folder);
    const options = { source, cacheDirectory: folder, served: SERVED, limits: { memoryBytes: LIMITS.memoryBytes } };
    const counted = await prepareComponent({ ...options, fuel: true });
    expect([plain.fuel, counted.fuel, counted.cached]).toEqual([false, true, false]);
    expect(counted.directory).not.toBe(plain.directory);
    expect((await prepareComponent({ ...options, fuel: true })).cached).toBe(true);
  });

  it('counts the same in every run', async () => {
    const artefact = await fuelled(await componentOf(agentText()));
    const modules = await createModuleStore().compiled(artefact);
    const used = [];
    for (let run = 0; run < 3; run++) {
      const tank = createFuelTank(1_000_000);
      const imports = new Map();
      const end = await runInstance({
        artefact,
        modules,
        imports,
        input: 'hello',
        limits: LIMITS,
        meter: createMeter(),
        tank,
      });
      expect(end).toEqual({ kind: 'ok', output: 'hello' });
      used.push(tank.used());
    }
    expect(new Set(used).size).toBe(1);
    expect(used[0]).toBeGreaterThan(10);
  });
});
