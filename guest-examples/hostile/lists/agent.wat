;; Hands the host lists and texts that cost it far more than they cost the guest: the first letter of the input says which.
(component
  (import "wasi:io/poll@0.2.3" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.3" (instance $clock
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $pollable (eq $outer)))
    (type $number u64)
    (export "duration" (type $duration (eq $number)))
    (export "subscribe-duration" (func (param "when" $duration) (result (own $pollable))))))
  (import "wasi:http/types@0.2.3" (instance $http
    (export "fields" (type $fields (sub resource)))
    (type $bytes (list u8))
    (export "field-value" (type $value (eq $bytes)))
    (type $text string)
    (export "field-key" (type $key (eq $text)))
    (type $error' (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $error (eq $error')))
    (export "[static]fields.from-list"
      (func (param "entries" (list (tuple $key $value))) (result (result (own $fields) (error $error)))))))

  (core module $heap
    (memory (export "memory") 3072)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 131072)))
  (core instance $heap (instantiate $heap))

  (core func $timer (canon lower (func $clock "subscribe-duration")))
  (core func $many (canon lower (func $poll "poll")
    (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))
  (core func $list (canon lower (func $http "[static]fields.from-list")
    (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))

  (core module $main
    (import "heap" "memory" (memory 3072))
    (import "host" "timer" (func $timer (param i64) (result i32)))
    (import "host" "many" (func $many (param i32 i32 i32)))
    (import "host" "list" (func $list (param i32 i32 i32)))
    (export "memory" (memory 0))

    ;; One handle, many million times.
    (func $handles (local $handle i32) (local $at i32)
      (local.set $handle (call $timer (i64.const 0)))
      (local.set $at (i32.const 65536))
      (loop $again
        (i32.store (local.get $at) (local.get $handle))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 200000000)))))
    (func $polling-one-handle (call $handles) (call $many (i32.const 65536) (i32.const 40000000) (i32.const 64)))
    (func $polling-a-million (call $handles) (call $many (i32.const 65536) (i32.const 1000000) (i32.const 64)))
    ;; Pairs of nothing: zeros are empty texts, and arrays that are empty cost the host an object each.
    (func $listing-nothing (call $list (i32.const 65536) (i32.const 1000000) (i32.const 64)))
    ;; Pairs whose texts all are the same large one.
    (func $repeating-a-text (local $at i32)
      (local.set $at (i32.const 65536))
      (loop $again
        (i32.store (local.get $at) (i32.const 1000000))
        (i32.store (i32.add (local.get $at) (i32.const 4)) (i32.const 10000000))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br_if $again (i32.lt_u (local.get $at) (i32.const 131072))))
      (call $list (i32.const 65536) (i32.const 4096) (i32.const 64)))
    ;; One pair with a text of nearly the whole memory.
    (func $giving-a-large-text
      (i32.store (i32.const 65536) (i32.const 1000000))
      (i32.store (i32.const 65540) (i32.const 190000000))
      (call $list (i32.const 65536) (i32.const 1) (i32.const 64)))

    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param $at i32) (param $length i32) (result i32)
      (local $attack i32)
      (local.set $attack (i32.load8_u (local.get $at)))
      (if (i32.eq (local.get $attack) (i32.const 112 (; p ;))) (then (call $polling-one-handle)))
      (if (i32.eq (local.get $attack) (i32.const 104 (; h ;))) (then (call $polling-a-million)))
      (if (i32.eq (local.get $attack) (i32.const 110 (; n ;))) (then (call $listing-nothing)))
      (if (i32.eq (local.get $attack) (i32.const 116 (; t ;))) (then (call $repeating-a-text)))
      (if (i32.eq (local.get $attack) (i32.const 108 (; l ;))) (then (call $giving-a-large-text)))
      (if (i32.eq (local.get $attack) (i32.const 97 (; a ;)))
        (then (local.set $at (i32.const 1000000)) (local.set $length (i32.const 190000000))))
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (local.get $at))
      (i32.store (i32.const 24) (local.get $length))
      (i32.const 16)))
  (core instance $main (instantiate $main
    (with "heap" (instance $heap))
    (with "host" (instance
      (export "timer" (func $timer))
      (export "many" (func $many))
      (export "list" (func $list))))))
  (func $run (param "input" string) (result (result string (error string)))
    (canon lift (core func $main "run")
      (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (export "run" (func $run)))
