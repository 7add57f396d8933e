import type { HostImports } from '../../contracts/guest-import.ts';
import type { HostCalls } from '../host-call.ts';

export interface Preview1Options {
  /** WASI 0.2 of the same run. */
  readonly imports: HostImports;
  readonly calls: HostCalls;
  /** The module's own memory. Asked at each call. */
  readonly memory: () => WebAssembly.Memory;
  /** The functions that the module imports; each is a key of `PREVIEW1_NEEDS`. */
  readonly wanted: ReadonlySet<string>;
}

/** The functions of `wasi_snapshot_preview1` for one core module, over WASI 0.2. */
export function createPreview1(options: Preview1Options): { readonly imports: Readonly<Record<string, unknown>> } {
  const members = Object.create(null) as Record<string, unknown>; // the lack of a prototype is the point
  for (const name of options.wanted) members[name] = () => options.calls.fault(`\`${name}\` is not made`);
  return { imports: Object.freeze(members) };
}
