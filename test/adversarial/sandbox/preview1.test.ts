import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PREVIEW1_NEEDS } from '../../../host/sandbox/preview1/needs.ts';
import { E } from '../../sandbox/preview1/errno.ts';
import { mounted, OPEN, RIGHTS, ROOT, RW } from '../../sandbox/preview1/mount.ts';
import { createProgram, type Program } from '../../sandbox/preview1/program.ts';
import { createWasiRun } from '../../wasi/run.ts';

const LAST = 2 ** 32 - 1;
const run = () =>
  createProgram({ imports: createWasiRun({ stdin: Buffer.alloc(100_000, 'i'), outputBytes: 1e6 }).imports });

/** The call ends the run as a trap, and nothing of the program's is called any more. */
function traps(program: Program, name: string, ...core: readonly (number | bigint)[]): void {
  expect(() => program.call(name, ...core)).toThrow('the run has ended');
  expect(program.ended()).toMatchObject({ kind: 'trap' });
  expect(() => program.call('sched_yield')).toThrow('the run has ended');
}

async function trapsLater(program: Program, name: string, ...core: readonly number[]): Promise<void> {
  await expect(program.later(name, ...core)).rejects.toThrow('the run has ended');
  expect(program.ended()).toMatchObject({ kind: 'trap' });
}

describe('pointers', () => {
  const size = 16 * 65_536;

  it.each([
    ['args_sizes_get', [size - 2, 0]],
    ['args_sizes_get', [0, LAST]],
    ['args_get', [size, 0]],
    ['args_get', [0, size - 3]],
    ['environ_get', [LAST - 3, 0]],
    ['clock_time_get', [0, 0n, size - 4]],
    ['clock_time_get', [0, 0n, size]],
    ['clock_res_get', [0, LAST - 7]],
    ['random_get', [size - 1, 2]],
    ['random_get', [0, LAST]],
    ['random_get', [LAST, LAST]],
    ['fd_fdstat_get', [0, size - 16]],
    ['fd_filestat_get', [0, size - 56]],
    ['fd_prestat_get', [0, size - 4]],
    ['fd_pread', [0, 0, 1, 0n, size]],
    ['fd_readdir', [0, 0, LAST, 0n, 0]],
    ['fd_readdir', [0, LAST, 1, 0n, 0]],
    ['path_open', [3, 0, 0, 0, 0, 0n, 0n, 0, size - 3]],
    ['path_readlink', [3, 0, 0, 0, LAST, 0]],
    ['fd_seek', [0, 0n, 0, size - 7]],
  ] as const)('out of memory are a trap: %s(%o)', (name, core) => {
    traps(run(), name, ...core);
  });

  it.each([
    ['clock_time_get', [0, 0n, 4]],
    ['args_sizes_get', [2, 8]],
    ['fd_fdstat_get', [0, 12]],
  ] as const)('that are not aligned are a trap: %s(%o)', (name, core) => {
    traps(run(), name, ...core);
  });

  it('that lead to the last byte are none', () => {
    const program = run();
    expect(program.call('random_get', size - 1, 1)).toBe(E.success);
    expect(program.call('random_get', size, 0)).toBe(E.success);
    expect(program.call('clock_time_get', 0, 0n, size - 8)).toBe(E.success);
  });

  it('to a path out of memory are a trap before the path is judged', () => {
    using m = mounted();
    traps(m.program, 'path_create_directory', ROOT, size - 2, 4);
  });

  it('are checked before anything is done', async () => {
    using m = mounted();
    const { program } = m;
    const fd = m.open('a', { how: OPEN.create });
    const bad = program.vectors([program.put('text'), 4]);
    await trapsLater(program, 'fd_write', fd, bad, 1, size - 2);
    expect(readdirSync(m.root)).toEqual(['a']);
    using other = mounted();
    const core = [ROOT, 0, ...other.text('b'), OPEN.create, RW, RW, 0, size] as const;
    traps(other.program, 'path_open', ...core);
    expect(readdirSync(other.root)).toEqual([]);
  });
});

describe('vectors', () => {
  it('may overlap, with each other and with themselves', async () => {
    const program = run();
    const at = program.room(8);
    const vectors = program.vectors([at, 8], [at + 2, 4]);
    expect(await program.later('fd_read', 0, vectors, 2, at)).toBe(E.success);
    expect(program.u32(at)).toBe(12);
    // The list itself is where the input goes: it was read before.
    const own = program.vectors([0, 0], [0, 0]);
    new DataView(program.memory.buffer).setUint32(own, own, true);
    new DataView(program.memory.buffer).setUint32(own + 4, 16, true);
    expect(await program.later('fd_read', 0, own, 2, at)).toBe(E.success);
    expect(program.bytes(own, 16).toString()).toBe('i'.repeat(16));
  });

  it('of 4 GiB, or to where there is no memory, are a trap', async () => {
    await trapsLater(run(), 'fd_write', 1, 16 * 65_536 - 64, LAST, 8);
    const program = run();
    await trapsLater(program, 'fd_write', 1, program.vectors([1024, LAST]), 1, 8);
    const other = run();
    await trapsLater(other, 'fd_read', 0, other.vectors([1024, 4], [LAST, 4]), 2, 8);
  });

  it('that name the same bytes a thousand times are one short write', async () => {
    const wasi = createWasiRun({ outputBytes: 1e9 });
    const program = createProgram({ imports: wasi.imports });
    const at = program.room(524_288);
    const bomb = program.vectors(...Array.from({ length: 1024 }, () => [at, 524_288] as const));
    expect(await program.later('fd_write', 1, bomb, 1024, 8)).toBe(E.success);
    expect(program.u32(8)).toBe(262_144);
    expect(program.ended()).toBeUndefined();
  });

  it('beyond those that are looked at are left for the next call', async () => {
    const wasi = createWasiRun({ outputBytes: 1e6 });
    const program = createProgram({ imports: wasi.imports });
    const at = program.put('x');
    const many = program.vectors(...Array.from({ length: 2000 }, () => [at, 1] as const));
    expect(await program.later('fd_write', 1, many, 2000, 8)).toBe(E.success);
    expect(program.u32(8)).toBe(1024);
  });

  it('of more than the limit of a call end the run', () => {
    const imports = createWasiRun().imports;
    const program = createProgram({ imports, limits: { callBytes: 1000 } });
    expect(() => program.call('random_get', 0, 100_000)).toThrow('the run has ended');
    expect(program.ended()).toMatchObject({ kind: 'limit', limit: 'callBytes' });
  });
});

describe('a memory', () => {
  it('that grows during a call is written where it is now', async () => {
    const memory = new WebAssembly.Memory({ initial: 2 });
    const imports = new Map(createWasiRun({ stdin: Buffer.from('input') }).imports);
    const stdin = imports.get('wasi:cli/stdin');
    const getStdin = (): object => {
      const stream = Reflect.apply(stdin?.['getStdin'] as () => object, stdin, []);
      const own = Reflect.get(stream, 'blockingRead') as (length: bigint) => unknown;
      const blockingRead = async (length: bigint): Promise<unknown> => {
        await Promise.resolve();
        memory.grow(1);
        return Reflect.apply(own, stream, [length]);
      };
      return { blockingRead };
    };
    imports.set('wasi:cli/stdin', { getStdin });
    const program = createProgram({ imports, memory: () => memory });
    const at = program.room(8);
    expect(await program.later('fd_read', 0, program.vectors([at, 8]), 1, 8)).toBe(E.success);
    expect(program.u32(8)).toBe(5);
    expect(program.bytes(at, 5).toString()).toBe('input');
  });
});

describe('descriptors', () => {
  const forged = [3, 4, 1000, 1024, 0x7fff_ffff, 0x8000_0000, LAST, -1, -2];

  it.each(forged)('that were never given are badf: %d', async (fd) => {
    const program = run();
    const at = program.room(64);
    expect(program.call('fd_close', fd)).toBe(E.badf);
    expect(program.call('fd_renumber', fd, 1)).toBe(E.badf);
    expect(program.call('fd_renumber', 1, fd)).toBe(E.badf);
    expect(program.call('fd_fdstat_get', fd, at)).toBe(E.badf);
    expect(program.call('fd_fdstat_set_rights', fd, 0n, 0n)).toBe(E.badf);
    expect(await program.later('fd_read', fd, at, 0, at)).toBe(E.badf);
    expect(program.call('path_unlink_file', fd, at, 1)).toBe(E.badf);
    expect(program.call('sock_shutdown', fd, 0)).toBe(E.badf);
  });

  it('are closed once, and cannot be brought back by renumbering', () => {
    using m = mounted();
    const fd = m.open('a', { how: OPEN.create });
    expect(m.close(fd)).toBe(E.success);
    expect(m.close(fd)).toBe(E.badf);
    expect(m.program.call('fd_renumber', fd, ROOT)).toBe(E.badf);
    expect(m.program.call('fd_renumber', ROOT, fd)).toBe(E.badf);
    expect(m.fdstat(ROOT).errno).toBe(E.success);
  });

  it('are bounded, and those that are closed count no more', () => {
    using m = mounted();
    writeFileSync(join(m.root, 'a'), '');
    mkdirSync(join(m.root, 'd'));
    const opening = { how: OPEN.directory, rights: 0n };
    let opened = 0;
    while (m.tryOpen('d', opening).errno === E.success) opened += 1;
    expect(opened).toBe(1024 - 4);
    expect(m.tryOpen('d', opening).errno).toBe(E.mfile);
    expect(m.tryOpen('new', { how: OPEN.create }).errno).toBe(E.mfile);
    expect(readdirSync(m.root).sort()).toEqual(['a', 'd']);
    expect(m.close(500)).toBe(E.success);
    expect(m.open('d', opening)).toBe(500);
    expect(m.program.ended()).toBeUndefined();
  });

  it('do not gain rights, however they are opened', () => {
    using m = mounted();
    mkdirSync(join(m.root, 'd'));
    const root = m.fdstat(ROOT);
    m.program.call('fd_fdstat_set_rights', ROOT, root.base, root.inheriting & ~RW);
    const through = [ROOT, m.open('d', { how: OPEN.directory, rights: RIGHTS.all & ~RW })];
    through.push(m.open('.', { how: OPEN.directory, rights: RIGHTS.all & ~RW, from: through[1]! }));
    for (const from of through) {
      expect(m.fdstat(from).inheriting & RW).toBe(0n);
      expect(m.tryOpen('x', { from, how: OPEN.create, rights: RW }).errno).toBe(E.notcapable);
      const { errno, fd } = m.tryOpen('x', { from, how: OPEN.create, rights: 0n });
      expect(errno).toBe(E.success);
      expect(m.fdstat(fd).base & (RW | RIGHTS.setSize)).toBe(0n);
      expect(m.program.call('fd_fdstat_set_rights', fd, 2n ** 64n - 1n, 2n ** 64n - 1n)).toBe(E.notcapable);
    }
  });
});

describe('paths', () => {
  it.each(['../'.repeat(1000), `${'a/../'.repeat(800)}..`, 'a/'.repeat(2000), '/'.repeat(4096), './'.repeat(2048)])(
    'that are bombs are answered: %#',
    (path) => {
      using m = mounted();
      expect(m.tryOpen(path, { rights: 0n }).errno).not.toBe(E.noent + 1000);
      expect(m.mkdir(path)).not.toBe(E.success);
      expect(m.program.ended()).toBeUndefined();
      expect(readdirSync(m.root)).toEqual([]);
    },
  );

  it('longer than any path are not even read', () => {
    using m = mounted();
    expect(m.program.call('path_create_directory', ROOT, 0, 1_000_000)).toBe(E.nametoolong);
  });
});

describe('a module', () => {
  it.each([
    ['fd_seek', [0, 0, 0, 8]],
    ['fd_close', [0n]],
    ['fd_close', []],
    ['clock_time_get', [0n, 0n, 8]],
    ['proc_exit', [1n]],
    ['fd_fdstat_set_rights', [1, 0, 0]],
  ] as const)('that imports %s with another type is a trap (%o)', (name, core) => {
    traps(run(), name, ...core);
  });

  it('makes as many calls as its limit has, each counted once', () => {
    const program = createProgram({ imports: createWasiRun().imports, limits: { hostCalls: 3 } });
    for (let count = 0; count < 3; count++) expect(program.call('random_get', 0, 200_000)).toBe(E.success);
    expect(() => program.call('sched_yield')).toThrow('the run has ended');
    expect(program.ended()).toMatchObject({ kind: 'limit', limit: 'hostCalls' });
  });

  it('gets an errno or a trap for whatever it calls with, never an error of the host', async () => {
    const names = [...PREVIEW1_NEEDS.keys()].filter((name) => name !== 'proc_exit');
    const edge = fc.constantFrom(0, 1, 2, 3, 4, 8, 64, 1024, 65_536, 16 * 65_536 - 8, 16 * 65_536, 2 ** 31, LAST);
    const number = fc.oneof(edge, fc.nat());
    const core = fc.array(fc.oneof(number, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...names), core), { minLength: 1, maxLength: 8 }),
        async (all) => {
          const program = run();
          for (const [name, values] of all) {
            if (program.ended() !== undefined) break;
            try {
              const waits = typeof program.imports[name] !== 'function';
              const four = [0, 1, 2, 3].map((index) => Number(BigInt.asUintN(32, BigInt(values[index] ?? 0))));
              // A program whose run ends while it waits is left asleep.
              const later = (): Promise<unknown> => Promise.race([program.later(name, ...four), program.whenEnded]);
              const errno = waits ? await later() : program.call(name, ...values);
              expect(errno).toBeGreaterThanOrEqual(0);
              expect(errno).toBeLessThanOrEqual(E.notcapable);
            } catch {
              expect(['trap', 'limit']).toContain(program.ended()?.kind);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
