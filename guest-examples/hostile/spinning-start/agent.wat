;; Never gets as far as `run`.
(component
  (core module $main
    (memory (export "memory") 1)
    (func $spin (loop $again (br $again)))
    (start $spin)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param i32 i32) (result i32) (i32.const 16)))
  (core instance $main (instantiate $main))
  (func $run (param "input" string) (result (result string (error string)))
    (canon lift (core func $main "run")
      (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (export "run" (func $run)))
