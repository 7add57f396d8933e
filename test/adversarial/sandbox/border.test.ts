import { describe, expect, it } from 'vitest';
import { bedOf, CELLS, temporaryFolder, type CellRun } from '../../sandbox/support/cell.ts';
import { agentText, componentOf } from '../../sandbox/support/wat.ts';

interface Border {
  /** How the texts of `echo` lie in memory. */
  readonly encoding?: 'utf8' | 'utf16';
  /** What is at address 512, and how many units of it are the argument of `echo`. */
  readonly text: string;
  readonly units: number;
  /** What `realloc` does before it gives room. */
  readonly realloc?: string;
  /** Address and length of the answer; what `echo` returned, where absent. */
  readonly answer?: string;
}

/** An agent that hands a text to the host, and answers with what it was given back. */
const agent = ({ encoding = 'utf8', text, units, realloc = '', answer }: Border): Promise<Uint8Array> =>
  componentOf(
    agentText({
      before: `
        (import "test:host/probe@1.0.0" (instance $probe
          (export "thing" (type $thing (sub resource)))
          (export "make" (func (result (own $thing))))
          (export "echo" (func (param "text" string) (result string)))))
        (core func $make (canon lower (func $probe "make")))
        (core module $heap
          (import "host" "make" (func $make (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 512) "${text}")
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${realloc} (i32.const 2048)))
        (core instance $heap (instantiate $heap (with "host" (instance (export "make" (func $make))))))
        (core func $echo (canon lower (func $probe "echo") string-encoding=${encoding}
          (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))`,
      imports: '(import "host" "echo" (func $echo (param i32 i32 i32)))',
      heap: '(import "heap" "memory" (memory 1)) (export "memory" (memory 0))',
      with: '(with "host" (instance (export "echo" (func $echo)))) (with "heap" (instance $heap))',
      run: `
        (call $echo (i32.const 512) (i32.const ${units}) (i32.const 64))
        (i32.store8 (i32.const 16) (i32.const 0))
        ${answer ?? '(i32.store (i32.const 20) (i32.load (i32.const 64))) (i32.store (i32.const 24) (i32.load (i32.const 68)))'}
        (i32.const 16)`,
    }),
  );

describe.each(CELLS)('what crosses the border of a %s cell', (cell) => {
  const { prepared, runCell } = bedOf(cell);
  const end = async (border: Border): Promise<CellRun> =>
    runCell(await prepared(await agent(border), await temporaryFolder()));
  const utf8 = '(i32.store (i32.const 20) (i32.const 512)) (i32.store (i32.const 24) (i32.const 2))';

  it('arrives (the allowed twin)', async () => {
    expect((await end({ text: 'h\\c3\\a9', units: 3 })).guest).toEqual({ kind: 'ok', output: 'hé' });
    const wide = { encoding: 'utf16', text: 'o\\00k\\00', units: 2 } as const;
    expect((await end({ ...wide, answer: utf8 })).guest).toEqual({ kind: 'ok', output: 'o\0' });
    const marked = { text: '\\ef\\bb\\bfx', units: 4 };
    expect((await end(marked)).guest).toEqual({ kind: 'ok', output: '\ufeffx' });
  });

  it.each([
    ['an argument', { text: '\\c3(', units: 2 }],
    ['an argument that ends in the middle', { text: 'a\\e2\\82', units: 3 }],
    ['a surrogate in an argument', { text: '\\ed\\a0\\80', units: 3 }],
    ['an answer', { text: 'ok\\c3(', units: 2, answer: '(i32.store (i32.const 20) (i32.const 514)) (i32.store (i32.const 24) (i32.const 2))' }], // prettier-ignore
  ])('is a trap where it is not UTF-8: %s', async (_, border) => {
    const { guest, closed } = await end(border);
    expect(guest.kind).toBe('trap');
    expect(closed).toBe(true);
  });

  it.each([
    ['UTF-8', { text: 'ok', units: 70_000 }],
    ['UTF-16', { encoding: 'utf16', text: 'o\\00k\\00', units: 40_000 }],
  ] as const)('is a trap where it leads out of memory: %s', async (_, border) => {
    expect((await end(border)).guest.kind).toBe('trap');
  });

  it('is a trap where it is not UTF-16: a lone surrogate', async () => {
    const { guest, closed } = await end({ encoding: 'utf16', text: '\\00\\d8x\\00', units: 2, answer: utf8 });
    expect(guest.kind).toBe('trap');
    expect(closed).toBe(true);
  });

  it('is a trap where the guest calls the host while it is asked for room', async () => {
    const { guest, messages } = await end({ text: 'ok', units: 2, realloc: '(drop (call $make))' });
    expect(guest.kind).toBe('trap');
    expect(messages).toEqual([]);
  });
});
