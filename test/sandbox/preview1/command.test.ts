import { describe, expect, it } from 'vitest';
import { createWasiRun, START_MS } from '../../wasi/run.ts';
import { E } from './errno.ts';
import { createProgram, type Program } from './program.ts';

/** The texts behind a list of addresses. */
function texts(program: Program, list: number, buffer: number, count: number, size: number): string[] {
  const all = program.bytes(buffer, size);
  expect(all.at(-1)).toBe(0);
  return Array.from({ length: count }, (_, index) => {
    const from = program.u32(list + index * 4) - buffer;
    return all.subarray(from, all.indexOf(0, from)).toString();
  });
}

describe('a program', () => {
  it('gets its arguments and its environment, and both sizes first', () => {
    const environment = [
      ['LANG', 'C'],
      ['EMPTY', ''],
    ] as const;
    const run = createWasiRun({ arguments: ['prog', 'ä', ''], environment });
    const program = createProgram({ imports: run.imports });
    for (const [name, expected] of [
      ['args', ['prog', 'ä', '']],
      ['environ', ['LANG=C', 'EMPTY=']],
    ] as const) {
      const sizes = program.room(8);
      expect(program.call(`${name}_sizes_get`, sizes, sizes + 4)).toBe(E.success);
      const [count, size] = [program.u32(sizes), program.u32(sizes + 4)];
      const [list, buffer] = [program.room(count * 4), program.room(size)];
      expect(program.call(`${name}_get`, list, buffer)).toBe(E.success);
      expect(texts(program, list, buffer, count, size)).toEqual(expected);
    }
  });

  it('gets nothing for no arguments', () => {
    const program = createProgram({ imports: createWasiRun({ arguments: [] }).imports });
    const sizes = program.room(8);
    expect(program.call('args_sizes_get', sizes, sizes + 4)).toBe(E.success);
    expect([program.u32(sizes), program.u32(sizes + 4)]).toEqual([0, 0]);
    expect(program.call('args_get', sizes, sizes)).toBe(E.success);
  });

  it('cannot be fooled by a zero byte in an argument', () => {
    const program = createProgram({ imports: createWasiRun({ arguments: ['a\0--root', 'b'] }).imports });
    const sizes = program.room(8);
    program.call('args_sizes_get', sizes, sizes + 4);
    const [count, size] = [program.u32(sizes), program.u32(sizes + 4)];
    const [list, buffer] = [program.room(8), program.room(size)];
    program.call('args_get', list, buffer);
    expect(texts(program, list, buffer, count, size)).toEqual(['a\ufffd--root', 'b']);
  });

  it.each([
    [0, 0],
    [3, 3],
    [255, 255],
    [256, 255],
    [257, 1],
    [0xffff_ffff, 255],
  ])('that exits with %d is seen to exit with %d', (status, code) => {
    const run = createWasiRun();
    const codes: number[] = [];
    const exit = { ...run.imports.get('wasi:cli/exit') };
    const exitWithCode = (given: number): unknown => {
      codes.push(given);
      return Reflect.apply(exit['exitWithCode'] as () => unknown, exit, [given]);
    };
    const program = createProgram({
      imports: new Map([...run.imports, ['wasi:cli/exit', { ...exit, exitWithCode }]]),
    });
    expect(() => program.call('proc_exit', status)).toThrow('the run has ended');
    expect(codes).toEqual([code]);
    expect(program.ended()).toEqual({ kind: 'exit', code });
  });

  it('cannot raise signals, may yield, and has no sockets', () => {
    const program = createProgram({ imports: createWasiRun().imports });
    const at = program.room(16);
    expect(program.call('proc_raise', 9)).toBe(E.nosys);
    expect(program.call('sched_yield')).toBe(E.success);
    for (const fd of [0, 1, 2]) {
      expect(program.call('sock_shutdown', fd, 1)).toBe(E.notsock);
      expect(program.call('sock_accept', fd, 0, at)).toBe(E.notsock);
      expect(program.call('sock_recv', fd, at, 0, 0, at, at)).toBe(E.notsock);
      expect(program.call('sock_send', fd, at, 0, 0, at)).toBe(E.notsock);
    }
    expect(program.call('sock_shutdown', 77, 1)).toBe(E.badf);
  });
});

describe('the clocks', () => {
  it('are the wall clock and the clock of the run; there is none for CPU time', () => {
    const program = createProgram({ imports: createWasiRun().imports });
    const at = program.room(8);
    expect(program.call('clock_time_get', 0, 1n, at)).toBe(E.success);
    expect(program.u64(at)).toBe(BigInt(START_MS) * 1_000_000n);
    expect(program.call('clock_time_get', 1, 1n, at)).toBe(E.success);
    expect(program.u64(at)).toBe(0n);
    expect(program.call('clock_res_get', 0, at)).toBe(E.success);
    expect(program.u64(at)).toBe(1_000_000n);
    expect(program.call('clock_res_get', 1, at)).toBe(E.success);
    expect(program.u64(at)).toBe(1000n);
    for (const clock of [2, 3, 4, 0xffff_ffff]) {
      expect(program.call('clock_time_get', clock, 1n, at)).toBe(E.inval);
      expect(program.call('clock_res_get', clock, at)).toBe(E.inval);
    }
  });
});

describe('random bytes', () => {
  it('fill buffers larger than one call of the host gives, and nothing beyond them', () => {
    const program = createProgram({ imports: createWasiRun().imports });
    const at = program.room(200_001);
    expect(program.call('random_get', at, 200_000)).toBe(E.success);
    const bytes = program.bytes(at, 200_001);
    expect([bytes[0], bytes[65_536], bytes[131_072], bytes[199_999], bytes[200_000]]).toEqual([1, 2, 3, 4, 0xaa]);
    expect(program.call('random_get', at, 0)).toBe(E.success);
  });
});
