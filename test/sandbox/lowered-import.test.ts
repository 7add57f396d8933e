import { describe, expect, it } from 'vitest';
import type { HostFunction } from '../../host/contracts/guest-import.ts';
import { throwWit } from '../../host/contracts/guest-import.ts';
import type { CanonicalOptions } from '../../host/sandbox/guest-memory.ts';
import type { FunctionSignature } from '../../host/sandbox/value-type.ts';
import { cross, IFACE, thrownBy } from './support/calls.ts';
import { prepared, runCell, temporaryFolder } from './support/cell.ts';
import { agentText, componentOf } from './support/wat.ts';

const TEXT: FunctionSignature = {
  self: false,
  parameters: ['string'],
  result: { kind: 'result', ok: 'string', err: 'string' },
};

/** A lowered import `f` over a memory of one page, and what became of the run. */
function lowered(f: HostFunction, signature = TEXT, options: Partial<CanonicalOptions> = {}, waits = false) {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const leave = new WebAssembly.Global({ value: 'i32', mutable: true }, 1);
  let top = 4096;
  const realloc = (_: number, __: number, ___: number, size: number): number => (top += size) - size;
  const crossed = cross({ f }, { functions: ['f'], waits: waits ? ['f'] : [], signatures: { f: signature } });
  const whole = { memory: () => memory, realloc: () => realloc, flags: () => leave, ...options };
  const core = crossed.lower(`${IFACE}@1.0.0`, 'f', () => 0, whole);
  const call = core as (...values: (number | bigint)[]) => unknown; // it waits for nothing here
  const text = (at: number): string => {
    const view = new DataView(memory.buffer);
    return Buffer.from(memory.buffer, view.getUint32(at + 4, true), view.getUint32(at + 8, true)).toString();
  };
  const given = Buffer.from(memory.buffer, 16, 5);
  given.write('hello');
  return { ...crossed, core, call, text, memory, leave };
}

describe('an import that the host lowers', () => {
  it('hands the gate what the guest gave, and the guest what the gate gave', () => {
    const { call, text, memory, meter } = lowered((value: string) => value.toUpperCase());
    expect(call(16, 5, 64)).toBeUndefined();
    expect([memory.buffer.byteLength, new Uint8Array(memory.buffer)[64], text(64)]).toEqual([65_536, 0, 'HELLO']);
    expect(meter.hostCalls()).toBe(1);
  });

  it.each(['[static]thing.of', '[constructor]thing'])(
    'leaves `%s` to the glue: it is no function of the interface',
    (name) => {
      const signature: FunctionSignature = { self: false, parameters: ['string'], result: 'string' };
      const { lower } = cross({}, { functions: [name], waits: [], signatures: { [name]: signature } });
      const own = (): void => undefined;
      const options = { memory: () => undefined, realloc: () => undefined, flags: () => undefined } as unknown as CanonicalOptions; // prettier-ignore
      expect(lower(`${IFACE}@1.0.0`, name, own, options)).toBe(own);
    },
  );

  it('hands the guest a declared error', () => {
    const { call, text, memory, ended } = lowered(() => throwWit('no'));
    call(16, 5, 64);
    expect([new Uint8Array(memory.buffer)[64], text(64), ended()]).toEqual([1, 'no', undefined]);
  });

  it.each<[string, HostFunction]>([
    [
      'something else than a declared error',
      () => {
        throw new Error('a secret of the host');
      },
    ],
    ['an answer of another type', () => ({ tag: 'odd' })],
    ['a promise where none is awaited', () => Promise.resolve('late')],
  ])('ends the run as a fault of the host at %s', (_, f) => {
    const { call, ended } = lowered(f);
    thrownBy(() => call(16, 5, 64));
    expect(ended()?.kind).toBe('fault');
  });

  it('traps a guest that calls the host while it is asked for room', () => {
    const calls: (() => unknown)[] = [];
    let heard = 0;
    const realloc = (): number => {
      for (const again of calls.splice(0)) again();
      return 4096;
    };
    const { call, ended } = lowered(
      () => {
        heard++;
        return 'answer';
      },
      TEXT,
      { realloc: () => realloc },
    );
    calls.push(() => call(16, 5, 64));
    thrownBy(() => call(16, 5, 64));
    expect(ended()).toEqual({ kind: 'trap', message: 'the instance must not be left now' });
    expect(heard).toBe(1);
  });

  it('answers into a memory that grows and moves while it is asked for room', () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const realloc = (): number => memory.grow(1) * 65_536;
    const options = { memory: () => memory, realloc: () => realloc };
    const { call, ended } = lowered((value: string) => `${value}!`, TEXT, options);
    Buffer.from(memory.buffer).write('hello', 16);
    call(16, 5, 64);
    const view = new DataView(memory.buffer);
    expect(Buffer.from(memory.buffer, view.getUint32(68, true), view.getUint32(72, true)).toString()).toBe('hello!');
    expect(ended()).toBeUndefined();
  });

  it.each<[string, string, () => never]>([
    [
      'throws',
      'trap',
      () => {
        throw new Error('of the guest');
      },
    ],
    [
      'throws something that is no error',
      'trap',
      () => {
        throw 7 as unknown as Error;
      },
    ],
    [
      'recurses without end',
      'limit',
      function recurse(): never {
        return recurse();
      },
    ],
  ])('ends a guest whose allocator %s: %s', (_, kind, realloc) => {
    const { call, ended, leave } = lowered(() => 'answer', TEXT, { realloc: () => realloc });
    thrownBy(() => call(16, 5, 64));
    expect([ended()?.kind, leave.value]).toEqual([kind, 1]);
  });

  it('ends the run of a guest that carries too much, before it is copied', () => {
    const list: FunctionSignature = { self: false, parameters: [{ kind: 'list', of: 'string' }], result: null };
    const { call, memory, ended } = lowered(() => undefined, list);
    const view = new DataView(memory.buffer);
    for (let index = 0; index < 1000; index++) {
      view.setUint32(1024 + index * 8, 10_000, true);
      view.setUint32(1024 + index * 8 + 4, 50_000, true);
    }
    thrownBy(() => call(1024, 1000));
    expect(ended()).toMatchObject({ kind: 'limit', limit: 'callBytes' });
  });

  it('reaches no gate once the run has ended', () => {
    let heard = 0;
    const { call, calls } = lowered(() => `${++heard}`);
    thrownBy(() => calls.broken(new Error('over')));
    thrownBy(() => call(16, 5, 64));
    expect(heard).toBe(0);
  });

  it('reaches the object behind the handle of a method, and traps where there is none', () => {
    class Thing {
      readonly name: string;
      constructor(name: string) {
        this.name = name;
      }
      greet(text: string): string {
        return `${text} ${this.name}`;
      }
      [Symbol.dispose](): void {}
    }
    const signature: FunctionSignature = { self: true, parameters: ['string'], result: 'string' };
    const functions = ['make', '[method]thing.greet'];
    const given = { Thing, make: (name: string) => new Thing(name) };
    const crossed = cross(given, { functions, classes: ['Thing'], signatures: { '[method]thing.greet': signature } });
    const memory = new WebAssembly.Memory({ initial: 1 });
    const flags = new WebAssembly.Global({ value: 'i32', mutable: true }, 1);
    const handles = new Map([[7, crossed.call('make', 'thing') as object]]);
    const core = crossed.lower(`${IFACE}@1.0.0`, '[method]thing.greet', () => 0, {
      ...{
        memory: () => memory,
        realloc: () => () => 4096,
        flags: () => flags,
        self: (handle: number) => handles.get(handle),
      },
    }) as (...values: number[]) => unknown;
    Buffer.from(memory.buffer).write('hello', 16);
    core(7, 16, 5, 64);
    expect(Buffer.from(memory.buffer, 4096, 11).toString()).toBe('hello thing');
    thrownBy(() => core(8, 16, 5, 64));
    expect(crossed.ended()?.kind).toBe('trap');
  });

  it('takes no handle for another: beyond the numbers of the table there are none', () => {
    const signature: FunctionSignature = { self: true, parameters: [], result: null };
    const crossed = cross(
      { f: () => 0 },
      { functions: ['[method]thing.f'], signatures: { '[method]thing.f': signature } },
    );
    const asked: number[] = [];
    const core = crossed.lower(`${IFACE}@1.0.0`, '[method]thing.f', () => 0, {
      memory: () => null,
      realloc: undefined,
      flags: () => new WebAssembly.Global({ value: 'i32', mutable: true }, 1),
      self: (handle: number) => {
        asked.push(handle);
        return undefined;
      },
    }) as (handle: number) => unknown;
    thrownBy(() => core(0x8000_0001));
    expect([asked, crossed.ended()?.kind]).toEqual([[], 'trap']);
  });

  it('is the one of the glue where the types are more than plain data', () => {
    const own = (): number => 0;
    const { lower } = cross({ f: () => 0 }, { functions: ['f'] });
    const options = { memory: () => null, realloc: undefined, flags: () => undefined };
    expect(lower(`${IFACE}@1.0.0`, 'f', own, options)).toBe(own);
    expect(lower('test:host/other@1.0.0', 'f', own, options)).toBe(own);
  });
});

/** An agent that writes one line with core values of its own choice. */
const logging = (level: string, text: string, encoding = ''): Promise<Uint8Array> =>
  componentOf(
    agentText({
      before: `
        (import "sallyport:agent/types@0.1.0" (instance $types
          (type $r (enum "no-rule" "forbidden-by-rule" "not-approved" "budget-exhausted" "address-forbidden"
            "protected-resource" "invalid-request" "not-served" "unsupported-obligation" "policy-unavailable"
            "audit-unavailable"))
          (export "denial-reason" (type $reason (eq $r)))
          (type $d (record (field "decision" string) (field "reason" $reason) (field "hint" string)
            (field "retry-after-ms" (option u64))))
          (export "denial" (type (eq $d)))))
        (alias export $types "denial" (type $denial))
        (import "sallyport:agent/log@0.1.0" (instance $log
          (alias outer 1 $denial (type $outer))
          (export "denial" (type $own (eq $outer)))
          (type $l (enum "debug" "info" "warn" "error"))
          (export "level" (type $level (eq $l)))
          (type $e (variant (case "denied" $own) (case "too-large") (case "internal")))
          (export "error" (type $error (eq $e)))
          (export "write" (func (param "level" $level) (param "message" string) (result (result (error $error)))))))
        (core module $heap
          (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
        (core instance $heap (instantiate $heap))
        (core func $write (canon lower (func $log "write") ${encoding}
          (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))`,
      imports: '(import "host" "write" (func $write (param i32 i32 i32 i32)))',
      heap: '(import "heap" "memory" (memory 1)) (export "memory" (memory 0)) (data (i32.const 256) "h\\00i\\00")',
      with: '(with "host" (instance (export "write" (func $write)))) (with "heap" (instance $heap))',
      run: `(call $write ${level} ${text} (i32.const 64))
        (i32.store8 (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (i32.const 256))
        (i32.store (i32.const 24) (i32.const 1)) (i32.const 16)`,
    }),
  );

describe('an agent and an import that the host lowers', () => {
  async function run(component: Uint8Array) {
    return runCell(await prepared(component, await temporaryFolder()));
  }

  it('speak through memory', async () => {
    const { guest, messages } = await run(await logging('(i32.const 1)', '(i32.const 256) (i32.const 3)'));
    expect(guest).toEqual({ kind: 'ok', output: 'h' });
    expect(messages).toEqual([{ event: 'log', value: ['info', 3] }]);
  });

  it.each([
    ['a level that is none', '(i32.const 4)', '(i32.const 256) (i32.const 1)'],
    ['a text beyond its memory', '(i32.const 1)', '(i32.const 65536) (i32.const 1)'],
  ])('part at %s', async (_, level, text) => {
    const { guest, messages } = await run(await logging(level, text));
    expect(guest.kind).toBe('trap');
    expect(messages).toEqual([]);
  });

  it.each([
    ['a trap', 1, { kind: 'trap', message: 'unreachable' }],
    ['the end of its memory', 600, { kind: 'limit', limit: 'memoryBytes' }],
  ])('part where its allocator gives up: %s', async (_, pages, expected) => {
    const component = await componentOf(
      agentText({
        before: `
          (import "test:host/probe@1.0.0" (instance $probe (export "echo" (func (param "text" string) (result string)))))
          (core module $heap
            (memory (export "memory") ${pages})
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
          (core instance $heap (instantiate $heap))
          (core func $echo (canon lower (func $probe "echo")
            (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))`,
        imports: '(import "host" "echo" (func $echo (param i32 i32 i32)))',
        heap: `(import "heap" "memory" (memory ${pages})) (export "memory" (memory 0))`,
        with: '(with "host" (instance (export "echo" (func $echo)))) (with "heap" (instance $heap))',
        run: `(loop $again
            (block $caught (try_table (catch_all $caught) (call $echo (i32.const 256) (i32.const 1) (i32.const 64))))
            (br $again))
          (unreachable)`,
      }),
    );
    expect((await run(component)).guest).toMatchObject(expected);
  });

  it('leave UTF-16 to the glue', async () => {
    const component = await logging('(i32.const 1)', '(i32.const 256) (i32.const 2)', 'string-encoding=utf16');
    const { guest, messages } = await run(component);
    expect(guest.kind).toBe('ok');
    expect(messages).toEqual([{ event: 'log', value: ['info', 2] }]);
  });
});
