import { componentOf } from '../sandbox/support/wat.ts';

/** A core module of WASI preview 1 with a few routines; `start` is the body of `_start`. */
export const moduleText = (start: string, more = ''): string => `(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 8)
  (data (i32.const 100) "hello\\n")
  (data (i32.const 110) "\\1b[2J\\tred\\n")
  (data (i32.const 130) "\\ff\\fe\\n")
  ${more}
  (func $put (param $fd i32) (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $hello (call $put (i32.const 1) (i32.const 100) (i32.const 6)))
  (func $arguments
    (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $args_get (i32.const 1024) (i32.const 65536)))
    (call $put (i32.const 1) (i32.const 65536) (i32.load (i32.const 20))))
  (func $variables
    (drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $environ_get (i32.const 1024) (i32.const 65536)))
    (call $put (i32.const 1) (i32.const 65536) (i32.load (i32.const 20))))
  (func $copy
    (block $end (loop $more
      (i32.store (i32.const 0) (i32.const 65536))
      (i32.store (i32.const 4) (i32.const 65536))
      (br_if $end (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $end (i32.eqz (i32.load (i32.const 8))))
      (call $put (i32.const 1) (i32.const 65536) (i32.load (i32.const 8)))
      (br $more))))
  (func (export "_start") ${start}))`;

/** A component that exports `wasi:cli/run`; `run` is the body: it returns 0 for `ok`, 1 for `err`. */
export const commandText = (run: string, version = '0.2.6', type = '(result (result))'): string => `(component
  (import "wasi:cli/exit@0.2.6" (instance $exit (export "exit-with-code" (func (param "status-code" u8)))))
  (core func $exit (canon lower (func $exit "exit-with-code")))
  (core module $main
    (import "host" "exit" (func $exit (param i32)))
    (func (export "run") (result i32) ${run}))
  (core instance $main (instantiate $main (with "host" (instance (export "exit" (func $exit))))))
  (func $run ${type} (canon lift (core func $main "run")))
  (instance $cli (export "run" (func $run)))
  (export "wasi:cli/run@${version}" (instance $cli)))`;

export const bytesOf = componentOf;
