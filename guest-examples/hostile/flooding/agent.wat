;; Uses up one thing of the host that costs a guest next to nothing: the first letter of the input says which.
(component
  (import "wasi:random/random@0.2.3" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $pollable (eq $outer)))
    (type $number u64)
    (export "duration" (type $duration (eq $number)))
    (export "subscribe-duration" (func (param "when" $duration) (result (own $pollable))))))

  (core module $heap
    (memory (export "memory") 16)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 131072)))
  (core instance $heap (instantiate $heap))

  (core func $bytes (canon lower (func $random "get-random-bytes")
    (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))
  (core func $number (canon lower (func $random "get-random-u64")))
  (core func $timer (canon lower (func $clock "subscribe-duration")))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core func $many (canon lower (func $poll "poll")
    (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))
  (core func $drop (canon resource.drop $pollable))

  (core module $main
    (import "heap" "memory" (memory 16))
    (import "host" "bytes" (func $bytes (param i64 i32)))
    (import "host" "number" (func $number (result i64)))
    (import "host" "timer" (func $timer (param i64) (result i32)))
    (import "host" "block" (func $block (param i32)))
    (import "host" "many" (func $many (param i32 i32 i32)))
    (import "host" "drop" (func $drop (param i32)))
    (export "memory" (memory 0))
    (table $table 1 funcref)

    (func $spinning (loop $again (br $again)))
    (func $sleeping (call $block (call $timer (i64.const 3600000000000))))
    (func $growing-memory
      (loop $again
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
        (br $again)))
    (func $growing-tables
      (loop $again
        (if (i32.eq (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1)) (then (unreachable)))
        (br $again)))
    (func $recursing (param i64) (result i64)
      (i64.add (i64.const 1) (call $recursing (i64.add (local.get 0) (i64.const 1)))))
    (func $collecting-handles (loop $again (drop (call $timer (i64.const 0))) (br $again)))
    (func $dropping-handles (loop $again (call $drop (call $timer (i64.const 0))) (br $again)))
    (func $drawing-bytes (loop $again (call $bytes (i64.const 65536) (i32.const 64)) (br $again)))
    (func $drawing-numbers (loop $again (drop (call $number)) (br $again)))
    (func $catching
      (loop $again
        (block $caught (try_table (catch_all $caught) (drop (call $number))))
        (br $again)))

    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param $at i32) (param $length i32) (result i32)
      (local $attack i32)
      (local.set $attack (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $attack) (i32.const 115 (; s ;))) (then (call $spinning)))
      (if (i32.eq (local.get $attack) (i32.const 119 (; w ;))) (then (call $sleeping)))
      (if (i32.eq (local.get $attack) (i32.const 109 (; m ;))) (then (call $growing-memory)))
      (if (i32.eq (local.get $attack) (i32.const 116 (; t ;))) (then (call $growing-tables)))
      (if (i32.eq (local.get $attack) (i32.const 114 (; r ;))) (then (drop (call $recursing (i64.const 0)))))
      (if (i32.eq (local.get $attack) (i32.const 104 (; h ;))) (then (call $collecting-handles)))
      (if (i32.eq (local.get $attack) (i32.const 100 (; d ;))) (then (call $dropping-handles)))
      (if (i32.eq (local.get $attack) (i32.const 98 (; b ;))) (then (call $drawing-bytes)))
      (if (i32.eq (local.get $attack) (i32.const 110 (; n ;))) (then (call $drawing-numbers)))
      (if (i32.eq (local.get $attack) (i32.const 99 (; c ;))) (then (call $catching)))
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get $at))
      (i32.store (i32.const 24) (local.get $length))
      (i32.const 16)))
  (core instance $main (instantiate $main
    (with "heap" (instance $heap))
    (with "host" (instance
      (export "bytes" (func $bytes))
      (export "number" (func $number))
      (export "timer" (func $timer))
      (export "block" (func $block))
      (export "many" (func $many))
      (export "drop" (func $drop))))))
  (func $run (param "input" string) (result (result string (error string)))
    (canon lift (core func $main "run")
      (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (export "run" (func $run)))
