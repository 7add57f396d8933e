import { registerHooks } from 'node:module';
import type * as Bindgen from '@bytecodealliance/jco-transpile/component';
import type * as WasmTools from '@bytecodealliance/jco-transpile/wasm-tools';
import type { Toolchain } from './prepare-job.ts';

/** The transpiler and the WIT printer. A component that is not valid makes either of them throw. */
export interface Transpiler {
  /** The WIT of a component, as text. */
  printWit(component: Uint8Array): Promise<string>;
  /** Glue and core modules by file name. `waiting` are the imports that the glue must await, `entry` the export. */
  transpile(component: Uint8Array, waiting: readonly string[], entry: string): Map<string, Uint8Array>;
}

const SHIM = /^@bytecodealliance\/preview2-shim\/[a-z]+$/;

/**
 * Loads the transpiler into a process of its own. It is itself a WASI component: its shim is replaced by the half that
 * has no authority, so the process needs neither threads nor add-ons nor files beyond its own sources.
 */
export async function loadTranspiler(toolchain: Toolchain): Promise<Transpiler> {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      if (!SHIM.test(specifier)) return resolved;
      const url = resolved.url.replace('/dist/nodejs/', '/dist/browser/');
      if (url === resolved.url) throw new Error('the shim without authority is not where it was');
      return { ...resolved, url };
    },
  });
  // The host has resolved these two entry points of the package, and checked its version.
  const [bindgen, wasmTools] = await Promise.all([
    import(toolchain.bindgen) as Promise<typeof Bindgen>,
    import(toolchain.wasmTools) as Promise<typeof WasmTools>,
  ]);
  await bindgen.$init;
  return Object.freeze({
    printWit: (component: Uint8Array) => wasmTools.componentWit(component),
    transpile: (component: Uint8Array, waiting: readonly string[], entry: string) =>
      new Map(bindgen.generate(component, transpileOptions(waiting, entry)).files),
  });
}

/** Everything is named: what the transpiler takes for granted may change with its version. */
function transpileOptions(waiting: readonly string[], entry: string): Parameters<typeof Bindgen.generate>[1] {
  return {
    name: 'component',
    instantiation: { tag: 'async' },
    asyncMode: { tag: 'jspi', val: { imports: [...waiting], exports: [entry] } },
    map: [],
    base64Cutoff: 0,
    noTypescript: true,
    noComponentErrorWrapping: true,
    validLiftingOptimization: false,
    tracing: false,
    noNodejsCompat: false,
    tlaCompat: false,
    noNamespacedExports: false,
    multiMemory: false,
    bindgenEnableWasmExnref: false,
    strict: false,
    flagsAsBigint: false,
    variantsInlineCases: false,
    useNamespaceObjects: false,
    enumValuesScreamingSnakeCase: false,
    asmjs: false,
  };
}
