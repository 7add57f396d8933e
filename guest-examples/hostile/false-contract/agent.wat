;; Would hand the log gate a number and a list of texts, where the contract has an enum and one text.
(component
  (import "sallyport:agent/log@0.1.0" (instance
    (export "write" (func (param "level" u32) (param "message" (list string)) (result (result))))))
  (core module $main
    (memory (export "memory") 1)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "run") (param i32 i32) (result i32) (i32.const 16)))
  (core instance $main (instantiate $main))
  (func $run (param "input" string) (result (result string (error string)))
    (canon lift (core func $main "run")
      (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (export "run" (func $run)))
