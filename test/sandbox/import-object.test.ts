import { describe, expect, it } from 'vitest';
import type { HostInterface } from '../../host/contracts/guest-import.ts';
import { MissingImport } from '../../host/sandbox/missing-import.ts';
import { cross, IFACE, thrownBy } from './support/calls.ts';

class Thing {
  readonly #number: number;
  dropped = 0;
  constructor(number: number) {
    this.#number = number;
  }
  static kind(): string {
    return 'thing';
  }
  value(): number {
    return this.#number;
  }
  later(): Promise<number> {
    return Promise.resolve(this.#number);
  }
  [Symbol.dispose](): void {
    this.dropped++;
  }
}

const FUNCTIONS = ['make', 'take', '[method]thing.value', '[method]thing.later', '[static]thing.kind'];

function things(extra: readonly string[] = []): ReturnType<typeof cross> & { readonly last: () => Thing } {
  let last = new Thing(0);
  const given: HostInterface = {
    Thing,
    make: (number: number) => (last = new Thing(number)),
    take: (thing: Thing) => [thing instanceof Thing, thing === last],
    nested: () => ({ status: 200, body: last, list: [last] }),
  };
  const wanted = { functions: [...FUNCTIONS, ...extra], waits: ['[method]thing.later'], classes: ['Thing'] };
  return { ...cross(given, wanted), last: () => last };
}

/** A resource as the glue holds it. */
type Handle = Record<'value' | 'later' | typeof Symbol.dispose, () => unknown>;

describe('the import object', () => {
  it('has no prototype, is frozen, and holds what the artefact imports and nothing else', () => {
    const { imports } = cross({ f: () => 0, g: () => 0, constructor: () => 0 }, { functions: ['f'] });
    const iface = imports[IFACE];
    expect(Object.keys(imports)).toEqual([IFACE]);
    expect(Object.keys(iface ?? {})).toEqual(['f']);
    for (const object of [imports, iface]) {
      expect(Object.getPrototypeOf(object)).toBeNull();
      expect(Object.isFrozen(object)).toBe(true);
    }
    expect(imports['constructor']).toBeUndefined();
    expect(iface?.['constructor']).toBeUndefined();
  });

  it('is not made when an import is missing', () => {
    expect(() => cross({}, { functions: ['f'] })).toThrow(MissingImport);
    expect(() => cross({ f: () => 0 }, { functions: ['f'], classes: ['Thing'] })).toThrow(MissingImport);
  });

  it('calls a function on its interface', () => {
    const given = {
      base: () => 40,
      f(this: { base(): number }): number {
        return this.base() + 2;
      },
    } as unknown as HostInterface; // `this` is the interface itself
    expect(cross(given, { functions: ['f'] }).call('f')).toBe(42);
  });
});

describe('a resource', () => {
  it('is seen by the glue as a guard that is an instance of the class it was given', () => {
    const run = things();
    const handle = run.call('make', 7) as Handle;
    expect(handle).not.toBeInstanceOf(Thing);
    expect(handle).toBeInstanceOf(run.imports[IFACE]?.['Thing'] as typeof Thing);
    expect(handle.value()).toBe(7);
    expect(run.meter.hostCalls()).toBe(2);
  });

  it('comes back to the gate as itself, wherever it stands in an argument', () => {
    const run = things();
    expect(run.call('take', run.call('make', 7))).toEqual([true, true]);
  });

  it('is guarded wherever it stands in an answer, and once', () => {
    const run = things(['nested']);
    const handle = run.call('make', 7);
    const answer = run.call('nested') as { status: number; body: unknown; list: unknown[] };
    expect(answer).toEqual({ status: 200, body: handle, list: [handle] });
    expect(answer.body).toBe(handle);
  });

  it('may wait in a method, and has static functions', async () => {
    const run = things();
    await expect((run.call('make', 7) as Handle).later()).resolves.toBe(7);
    const guard = run.imports[IFACE]?.['Thing'] as typeof Thing;
    expect(guard.kind()).toBe('thing');
  });

  it('cannot be constructed unless the interface says so', () => {
    const without = things();
    const guard = without.imports[IFACE]?.['Thing'] as typeof Thing;
    expect(thrownBy(() => new guard(1))).toMatchObject({ name: 'RunOver' });
    expect(without.ended()?.kind).toBe('fault');

    const run = things(['[constructor]thing']);
    const made = new (run.imports[IFACE]?.['Thing'] as typeof Thing)(9);
    expect(made.value()).toBe(9);
    expect(made).not.toBeInstanceOf(Thing);
  });

  it('is told when its handle is dropped; that is no call', () => {
    const run = things();
    const handle = run.call('make', 7) as Handle;
    const calls = run.meter.hostCalls();
    handle[Symbol.dispose]();
    expect(run.last().dropped).toBe(1);
    expect(run.meter.hostCalls()).toBe(calls);
  });

  it('that the glue made up for an unknown handle ends the run', () => {
    const run = things();
    const guard = run.imports[IFACE]?.['Thing'] as typeof Thing;
    const forged = Object.create(guard.prototype) as Handle;
    for (const use of [() => forged.value(), () => run.call('take', forged)]) {
      expect(thrownBy(use)).toBeInstanceOf(Error);
      expect(run.ended()).toEqual({ kind: 'trap', message: 'forged' });
    }
  });

  it('has methods that the guest cannot replace', () => {
    const run = things();
    const guard = run.imports[IFACE]?.['Thing'] as typeof Thing;
    expect(Object.isFrozen(guard.prototype)).toBe(true);
    expect(() => Object.assign(guard.prototype, { value: () => 8 })).toThrow(TypeError);
  });
});
