;; Calls a method on a handle that it was never given.
(component
  (import "test:host/probe@1.0.0" (instance $probe
    (export "thing" (type $thing (sub resource)))
    (export "make" (func (result (own $thing))))
    (export "[method]thing.poke" (func (param "self" (borrow $thing)) (result u32)))))
  (core func $poke (canon lower (func $probe "[method]thing.poke")))
  (core module $main
    (import "host" "poke" (func $poke (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param i32 i32) (result i32)
      (drop (call $poke (i32.const 7)))
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.const 16)))
  (core instance $main (instantiate $main (with "host" (instance (export "poke" (func $poke))))))
  (func $run (param "input" string) (result (result string (error string)))
    (canon lift (core func $main "run")
      (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (export "run" (func $run)))
