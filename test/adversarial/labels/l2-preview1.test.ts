import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CELLS } from '../../sandbox/support/cell.ts';
import { bytesOf } from '../../support/wasi-programs.ts';
import { makeLabelWorld, type LabelWorld } from './label-world.ts';

/**
 * Reads one file and writes it to another, of which it opens the second `first` or `last`; renames it where it is told
 * `move`. Ends with 0, or with 40 and the number of what was not possible.
 */
const COPY = `(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_rename" (func $path_rename (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 2)
  (func $argument (param $back i32) (result i32)
    (i32.load (i32.add (i32.const 1024) (i32.shl (i32.sub (i32.load (i32.const 16)) (local.get $back)) (i32.const 2)))))
  (func $length (param $at i32) (result i32) (local $end i32)
    (local.set $end (local.get $at))
    (block $done (loop $more
      (br_if $done (i32.eqz (i32.load8_u (local.get $end))))
      (local.set $end (i32.add (local.get $end) (i32.const 1)))
      (br $more)))
    (i32.sub (local.get $end) (local.get $at)))
  (func $must (param $errno i32) (param $step i32)
    (if (local.get $errno) (then (call $proc_exit (i32.add (i32.const 40) (local.get $step))))))
  (func $open_source (call $must
    (call $path_open (i32.const 3) (i32.const 1) (call $argument (i32.const 2)) (call $length (call $argument (i32.const 2)))
      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 24)) (i32.const 1)))
  (func $open_target (call $must
    (call $path_open (i32.const 3) (i32.const 1) (call $argument (i32.const 1)) (call $length (call $argument (i32.const 1)))
      (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 28)) (i32.const 2)))
  (func (export "_start") (local $how i32)
    (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $args_get (i32.const 1024) (i32.const 4096)))
    (local.set $how (i32.load8_u (call $argument (i32.const 3))))
    (if (i32.eq (local.get $how) (i32.const 109)) (then
      (call $must (call $path_rename
        (i32.const 3) (call $argument (i32.const 2)) (call $length (call $argument (i32.const 2)))
        (i32.const 3) (call $argument (i32.const 1)) (call $length (call $argument (i32.const 1)))) (i32.const 5))
      (return)))
    (if (i32.eq (local.get $how) (i32.const 102)) (then (call $open_target)))
    (call $open_source)
    (i32.store (i32.const 0) (i32.const 65536))
    (i32.store (i32.const 4) (i32.const 4096))
    (call $must (call $fd_read (i32.load (i32.const 24)) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 3))
    (if (i32.eq (local.get $how) (i32.const 108)) (then (call $open_target)))
    (i32.store (i32.const 4) (i32.load (i32.const 8)))
    (call $must (call $fd_write (i32.load (i32.const 28)) (i32.const 0) (i32.const 1) (i32.const 12)) (i32.const 4))))`;

let folder: string;
let component: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-labels-'));
  component = join(folder, 'copy.wasm');
  writeFileSync(component, await bytesOf(COPY));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(CELLS)('L2: files of preview 1 in a cell of kind `%s`', (cell) => {
  let place: LabelWorld;
  afterEach(() => place.world.remove());

  it('label a program by what it reads, and carry that to the next', { timeout: 120_000 }, async () => {
    place = await makeLabelWorld({ cell, component });
    const act = async (how: 'first' | 'last' | 'move', source: string, target: string) => {
      const { exitCode, label, cell: used, program } = await place.run(undefined, how, source, target);
      expect({ used, program }).toEqual({ used: cell, program: 'module' });
      return { exitCode, label };
    };
    expect(await act('last', 'open.txt', 'out/told')).toEqual({ exitCode: 0, label: 'public' });
    // It may not be opened any more, and what was open before is worth no more.
    expect(await act('last', 'secret.txt', 'out/new')).toEqual({ exitCode: 42, label: 'confidential' });
    expect(await act('first', 'secret.txt', 'out/held')).toEqual({ exitCode: 44, label: 'confidential' });
    // By a file that everybody reads, and by moving that.
    expect(await act('last', 'secret.txt', 'note')).toEqual({ exitCode: 0, label: 'confidential' });
    expect(await act('last', 'note', 'out/new')).toEqual({ exitCode: 42, label: 'confidential' });
    expect(await act('move', 'note', 'moved')).toEqual({ exitCode: 0, label: 'confidential' });
    expect(await act('first', 'moved', 'out/other')).toEqual({ exitCode: 44, label: 'confidential' });
  });
});
