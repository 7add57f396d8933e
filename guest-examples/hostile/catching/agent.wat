;; Calls the host until that fails, catches whatever unwinds it, and goes on for ever.
(component
  (import "test:host/probe@1.0.0" (instance $probe (export "ping" (func (result (result u32 (error string)))))))
  (core module $heap
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
  (core instance $heap (instantiate $heap))
  (core func $ping (canon lower (func $probe "ping")
    (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))
  (core module $main
    (import "host" "ping" (func $ping (param i32)))
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param i32 i32) (result i32)
      (loop $again
        (block $caught (try_table (catch_all $caught) (call $ping (i32.const 64))))
        (br $again))
      (unreachable)))
  (core instance $main (instantiate $main (with "host" (instance (export "ping" (func $ping))))))
  (func $run (param "input" string) (result (result string (error string)))
    (canon lift (core func $main "run")
      (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (export "run" (func $run)))
