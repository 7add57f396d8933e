import { describe, expect, it } from 'vitest';
import type { HostImports } from '../../../host/contracts/guest-import.ts';
import { PREVIEW1_NEEDS } from '../../../host/sandbox/preview1/needs.ts';
import { WASI_INTERFACES } from '../../../host/wasi/interfaces.ts';
import { createWasiRun } from '../../wasi/run.ts';
import { createProgram } from './program.ts';

/** The functions of `wasi_snapshot_preview1`, from its specification. */
const SNAPSHOT =
  'args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get fd_advise fd_allocate fd_close ' +
  'fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size ' +
  'fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite fd_read fd_readdir fd_renumber fd_seek ' +
  'fd_sync fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link path_open ' +
  'path_readlink path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise ' +
  'random_get sched_yield sock_accept sock_recv sock_send sock_shutdown';

describe('the needs of preview 1', () => {
  it('list every function of the snapshot and no other', () => {
    expect([...PREVIEW1_NEEDS.keys()].sort()).toEqual(SNAPSHOT.split(' '));
  });

  it('name functions that the import matrix has', () => {
    const known = new Set(WASI_INTERFACES.flatMap((row) => row.functions.map(({ name }) => `${row.name}#${name}`)));
    const needed = [...PREVIEW1_NEEDS.values()]
      .flat()
      .flatMap((need) => need.functions.map((name) => `${need.interface}#${name}`));
    expect(needed.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('an adapter', () => {
  it('gives the functions that are wanted, without a prototype', () => {
    const { imports } = createProgram({ imports: createWasiRun().imports, wanted: ['fd_tell', 'poll_oneoff'] });
    expect(Object.keys(imports)).toEqual(['fd_tell', 'poll_oneoff']);
    expect(Object.getPrototypeOf(imports)).toBeNull();
    expect(Object.isFrozen(imports)).toBe(true);
    expect(typeof imports['fd_tell']).toBe('function');
    expect(imports['poll_oneoff']).toBeInstanceOf(WebAssembly.Suspending);
  });

  it.each(['constructor', '__proto__', 'toString', 'fd_fork'])('is not made for the unknown `%s`', (name) => {
    expect(() => createProgram({ imports: createWasiRun().imports, wanted: [name] })).toThrow('has no');
  });

  it('is not made where an interface that it can reach is not given', () => {
    const imports: HostImports = new Map([...createWasiRun().imports].filter(([name]) => name !== 'wasi:cli/stdout'));
    expect(() => createProgram({ imports, wanted: ['fd_write'] })).toThrow('`wasi:cli/stdout` is imported and not');
    expect(() => createProgram({ imports, wanted: ['fd_read'] })).not.toThrow();
  });

  it.each([...PREVIEW1_NEEDS])('reaches nothing but its needs: %s', (name, needs) => {
    const touched = new Set<string>();
    const imports: HostImports = new Map(
      [...createWasiRun().imports].map(([iface, members]) => [
        iface,
        Object.fromEntries(
          Object.entries(members).map(([key, member]) => [
            key,
            /^[A-Z]/.test(key)
              ? member
              : (...values: never[]): unknown => {
                  touched.add(iface);
                  return Reflect.apply(member as (...given: never[]) => unknown, members, values);
                },
          ]),
        ),
      ]),
    );
    const program = createProgram({ imports, wanted: [name] });
    const own = program.imports[name];
    if (typeof own !== 'function') return; // it waits, and needs a stack of WebAssembly
    const at = program.room(256);
    for (const fd of [0, 1, 2, 3]) {
      for (const core of [
        [fd, at, 1, at, at, at],
        [fd, 0n, 0n, 0],
        [fd, at, 1, 0n, at],
        [at, at],
      ]) {
        try {
          Reflect.apply(own as () => unknown, undefined, core);
        } catch {
          break; // called with another type than it has: that run is over
        }
      }
    }
    const needed = new Set(needs.map((need) => need.interface));
    expect([...touched].filter((iface) => !needed.has(iface))).toEqual([]);
  });
});
