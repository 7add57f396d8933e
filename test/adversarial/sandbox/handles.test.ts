import { describe, expect, it } from 'vitest';
import { bedOf, CELLS, temporaryFolder, type CellRun } from '../../sandbox/support/cell.ts';
import { agentText, componentOf, hostileComponent } from '../../sandbox/support/wat.ts';

/** An agent that has the resource `thing` of the probe; `run` says what it does with it. */
const using = (run: string): Promise<Uint8Array> =>
  componentOf(
    agentText({
      before: `
        (import "test:host/probe@1.0.0" (instance $probe
          (export "thing" (type $thing (sub resource)))
          (export "make" (func (result (own $thing))))
          (export "[method]thing.poke" (func (param "self" (borrow $thing)) (result u32)))))
        (alias export $probe "thing" (type $thing))
        (core func $make (canon lower (func $probe "make")))
        (core func $poke (canon lower (func $probe "[method]thing.poke")))
        (core func $drop (canon resource.drop $thing))`,
      imports: `
        (import "host" "make" (func $make (result i32)))
        (import "host" "poke" (func $poke (param i32) (result i32)))
        (import "host" "drop" (func $drop (param i32)))`,
      with: '(with "host" (instance (export "make" (func $make)) (export "poke" (func $poke)) (export "drop" (func $drop))))',
      run: `(local $a i32) (local $b i32) ${run}
        (i32.store8 (i32.const 16) (i32.const 0))
        (i32.store (i32.const 20) (i32.const 512))
        (i32.const 16)`,
    }),
  );

describe.each(CELLS)('resource handles in a %s cell', (cell) => {
  const { prepared, runCell } = bedOf(cell);
  const end = async (component: Uint8Array): Promise<CellRun> =>
    runCell(await prepared(component, await temporaryFolder()));

  it('reach the resource that they stand for, and its end', async () => {
    const { guest, messages, usage } = await end(
      await using(`
        (local.set $a (call $make)) (local.set $b (call $make))
        (call $drop (local.get $a))
        (i32.store (i32.const 24) (call $poke (local.get $b)))`),
    );
    expect(guest).toEqual({ kind: 'ok', output: '\0\0' });
    expect(messages).toEqual([{ event: 'dropped', value: 1 }]);
    expect(usage.hostCalls).toBe(3);
  });

  it('that nobody gave are a trap', async () => {
    const { guest, messages } = await end(await hostileComponent('forged-handle'));
    expect(guest.kind).toBe('trap');
    expect(messages).toEqual([]);
  });

  it('that were dropped are a trap', async () => {
    const { guest } = await end(
      await using('(local.set $a (call $make)) (call $drop (local.get $a)) (drop (call $poke (local.get $a)))'),
    );
    expect(guest.kind).toBe('trap');
  });

  it('that are dropped twice are a trap', async () => {
    const { guest } = await end(
      await using('(local.set $a (call $make)) (call $drop (local.get $a)) (call $drop (local.get $a))'),
    );
    expect(guest.kind).toBe('trap');
  });
});
