import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const hostile = join(import.meta.dirname, '..', '..', '..', 'guest-examples', 'hostile');

/** A component in text form as bytes. */
export const componentOf = async (wat: string): Promise<Uint8Array> => Uint8Array.from(await parse(wat));

/** The hostile component of that name. */
export async function hostileComponent(name: string): Promise<Uint8Array> {
  return componentOf(await readFile(join(hostile, name, 'agent.wat'), 'utf8'));
}

export interface AgentText {
  /** Imports and lowered functions: everything before the main module. */
  readonly before?: string;
  /** What the main module has besides `run`: imports first. */
  readonly imports?: string;
  readonly fields?: string;
  /** The body of `run`: its parameters are address and length of the input; it returns the address of the result. */
  readonly run?: string;
  /** The memory of the main module: minimum and maximum in pages. */
  readonly memory?: string;
  /** In place of a memory of its own. */
  readonly heap?: string;
  /** Arguments of the main module's instantiation. */
  readonly with?: string;
  /** More of the component, after the main instance. */
  readonly after?: string;
  /** The type of `run`. */
  readonly type?: string;
}

/** Answers with its input. */
export const ECHO = `
  (i32.store8 (i32.const 16) (i32.const 0))
  (i32.store (i32.const 20) (local.get 0))
  (i32.store (i32.const 24) (local.get 1))
  (i32.const 16)`;

/** A whole agent around what a test is about. */
export function agentText(text: AgentText = {}): string {
  return `(component
    ${text.before ?? ''}
    (core module $main
      ${text.imports ?? ''}
      ${text.heap ?? `(memory (export "memory") ${text.memory ?? '1'})`}
      ${text.fields ?? ''}
      (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "run") (param i32 i32) (result i32) ${text.run ?? ECHO}))
    (core instance $main (instantiate $main ${text.with ?? ''}))
    ${text.after ?? ''}
    (func $run ${text.type ?? '(param "input" string) (result (result string (error string)))'}
      (canon lift (core func $main "run")
        (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
    (export "run" (func $run)))`;
}

/** Parts of an agent that calls one function of the probe without arguments; its result has a `result` in memory. */
export function calling(name: string, run: string): AgentText {
  return {
    before: `
      (import "test:host/probe@1.0.0" (instance $probe (export "${name}" (func (result (result u32 (error string)))))))
      (core module $heap
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
      (core instance $heap (instantiate $heap))
      (core func $call (canon lower (func $probe "${name}")
        (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))`,
    imports: '(import "host" "call" (func $call (param i32)))',
    heap: '(import "heap" "memory" (memory 1)) (export "memory" (memory 0))',
    with: '(with "host" (instance (export "call" (func $call)))) (with "heap" (instance $heap))',
    run,
  };
}
