/**
 * The part of the WebAssembly JavaScript interface that the host uses. Node has it; the type libraries have it only
 * together with the whole of a browser.
 */
declare namespace WebAssembly {
  type Kind = 'function' | 'table' | 'memory' | 'global' | 'tag';

  interface ImportDescriptor {
    readonly module: string;
    readonly name: string;
    readonly kind: Kind;
  }

  interface ExportDescriptor {
    readonly name: string;
    readonly kind: Kind;
  }

  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- that is its shape
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
    static imports(module: Module): ImportDescriptor[];
    static exports(module: Module): ExportDescriptor[];
  }

  class Instance {
    constructor(module: Module, imports?: object);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  class Memory {
    constructor(limits: { readonly initial: number });
    readonly buffer: ArrayBuffer;
    /** Returns how many pages there were. */
    grow(pages: number): number;
  }

  class Table {
    constructor(type: { readonly initial: number; readonly element: 'anyfunc' });
    readonly length: number;
  }

  class Global<T extends 'i32' | 'i64' = 'i32'> {
    constructor(type: { readonly value: T; readonly mutable: boolean }, value: T extends 'i64' ? bigint : number);
    value: T extends 'i64' ? bigint : number;
  }

  /** Makes an import that may answer with a promise: the guest's stack waits for it (JavaScript Promise Integration). */
  // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- that is its shape
  class Suspending {
    constructor(answer: (...values: never[]) => unknown);
  }

  /** Makes an export whose stack may wait: it answers with a promise. */
  function promising(exported: (...values: never[]) => unknown): (...values: unknown[]) => Promise<unknown>;

  class RuntimeError extends Error {}
  class LinkError extends Error {}
  class CompileError extends Error {}

  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
