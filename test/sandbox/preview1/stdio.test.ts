import { describe, expect, it } from 'vitest';
import { createWasiRun } from '../../wasi/run.ts';
import { E } from './errno.ts';
import { createProgram, type Program } from './program.ts';

async function write(program: Program, fd: number, ...texts: readonly string[]) {
  const result = program.room(4);
  const parts = texts.map((text) => [program.put(text), Buffer.byteLength(text)] as const);
  const errno = await program.later('fd_write', fd, program.vectors(...parts), parts.length, result);
  return { errno, written: program.u32(result) };
}

async function read(program: Program, length: number) {
  const [at, result] = [program.room(length), program.room(4)];
  const errno = await program.later('fd_read', 0, program.vectors([at, length]), 1, result);
  return { errno, text: errno === 0 ? program.bytes(at, program.u32(result)).toString() : '' };
}

describe('the standard streams', () => {
  it('carry what is written, through several vectors and pieces', async () => {
    const run = createWasiRun({ outputBytes: 1_000_000 });
    const program = createProgram({ imports: run.imports });
    expect(await write(program, 1, 'one ', '', 'two')).toEqual({ errno: E.success, written: 7 });
    expect(await write(program, 2, 'error')).toEqual({ errno: E.success, written: 5 });
    expect((await write(program, 1, 'x'.repeat(100_000), 'y'.repeat(50_000))).written).toBe(150_000);
    expect(run.text('stdout')).toBe(`one two${'x'.repeat(100_000)}${'y'.repeat(50_000)}`);
    expect(run.text('stderr')).toBe('error');
    expect(await write(program, 1)).toEqual({ errno: E.success, written: 0 });
  });

  it('give input until there is no more, then nothing', async () => {
    const program = createProgram({ imports: createWasiRun({ stdin: Buffer.from('hello') }).imports });
    expect(await read(program, 3)).toEqual({ errno: E.success, text: 'hel' });
    expect(await read(program, 100)).toEqual({ errno: E.success, text: 'lo' });
    expect(await read(program, 100)).toEqual({ errno: E.success, text: '' });
    expect(await read(program, 0)).toEqual({ errno: E.success, text: '' });
  });

  it('end the run once the output limit is reached, after what fits', async () => {
    const run = createWasiRun({ outputBytes: 10 });
    const program = createProgram({ imports: run.imports });
    expect((await write(program, 1, '12345')).errno).toBe(E.success);
    void write(program, 1, '1234567').catch(() => undefined); // the program is not woken up
    expect(await program.whenEnded).toMatchObject({ kind: 'limit', limit: 'outputBytes' });
    expect(run.text('stdout')).toBe('1234512345');
  });

  it('are for one direction only, have no position and are no terminals', async () => {
    const program = createProgram({ imports: createWasiRun().imports });
    const [at, result] = [program.room(64), program.room(8)];
    const vector = program.vectors([at, 8]);
    expect(await program.later('fd_read', 1, vector, 1, result)).toBe(E.badf);
    expect(await program.later('fd_write', 0, vector, 1, result)).toBe(E.badf);
    for (const fd of [0, 1, 2]) {
      expect(program.call('fd_seek', fd, 0n, 1, result)).toBe(E.spipe);
      expect(program.call('fd_tell', fd, result)).toBe(E.spipe);
      expect(program.call('fd_pread', fd, vector, 1, 0n, result)).toBe(E.spipe);
      expect(program.call('fd_pwrite', fd, vector, 1, 0n, result)).toBe(E.spipe);
      expect(program.call('fd_filestat_set_size', fd, 0n)).toBe(E.badf);
      expect(program.call('fd_readdir', fd, at, 64, 0n, result)).toBe(E.badf);
      expect(program.call('fd_prestat_get', fd, at)).toBe(E.badf);
      expect(program.call('fd_filestat_get', fd, at)).toBe(E.success);
      expect([program.u64(at + 16), program.u64(at + 32)]).toEqual([0n, 0n]);
      expect(program.call('fd_fdstat_get', fd, at)).toBe(E.success);
      const seeks = (1n << 2n) | (1n << 5n);
      expect([program.u32(at) & 0xff, program.u64(at + 8) & seeks]).toEqual([0, 0n]);
    }
  });

  it('can be closed, renumbered and made not to wait', async () => {
    const run = createWasiRun();
    const program = createProgram({ imports: run.imports });
    const at = program.room(24);
    expect(program.call('fd_fdstat_set_flags', 0, 4)).toBe(E.success);
    expect(program.call('fd_fdstat_get', 0, at)).toBe(E.success);
    expect(program.u32(at) >>> 16).toBe(4);
    expect(program.call('fd_fdstat_set_flags', 0, 2)).toBe(E.inval);
    expect(program.call('fd_renumber', 1, 0)).toBe(E.success);
    expect(await write(program, 0, 'moved')).toEqual({ errno: E.success, written: 5 });
    expect((await write(program, 1, 'x')).errno).toBe(E.badf);
    expect(program.call('fd_close', 0)).toBe(E.success);
    expect(program.call('fd_close', 0)).toBe(E.badf);
    expect(run.text('stdout')).toBe('moved');
  });

  it('have rights that can only become fewer', async () => {
    const program = createProgram({ imports: createWasiRun().imports });
    const at = program.room(24);
    program.call('fd_fdstat_get', 1, at);
    const base = program.u64(at + 8);
    expect(program.call('fd_fdstat_set_rights', 1, base | 2n, 0n)).toBe(E.notcapable);
    expect(program.call('fd_fdstat_set_rights', 1, base, 1n)).toBe(E.notcapable);
    expect(program.call('fd_fdstat_set_rights', 1, 0n, 0n)).toBe(E.success);
    expect((await write(program, 1, 'x')).errno).toBe(E.badf);
    expect(program.call('fd_filestat_get', 1, program.room(64))).toBe(E.notcapable);
    expect(program.call('fd_fdstat_set_rights', 1, base, 0n)).toBe(E.notcapable);
  });
});
