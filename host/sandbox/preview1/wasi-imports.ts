import type { HostImports } from '../../contracts/guest-import.ts';
import { camelCase, resourceOf } from '../import-names.ts';
import { memberOf } from '../import-object.ts';
import { MissingImport } from '../missing-import.ts';
import { PREVIEW1_NEEDS } from './needs.ts';
import type { Datetime, Descriptor, FilesystemError, InputStream, OutputStream, Pollable } from './wasi-types.ts';

/** The functions of WASI 0.2 that preview 1 reaches; methods are called on the resources that they give. */
export interface WasiFunctions {
  readonly 'wasi:cli/environment#get-arguments': () => readonly string[];
  readonly 'wasi:cli/environment#get-environment': () => readonly (readonly [name: string, value: string])[];
  readonly 'wasi:cli/exit#exit-with-code': (code: number) => void;
  readonly 'wasi:cli/stdin#get-stdin': () => InputStream;
  readonly 'wasi:cli/stdout#get-stdout': () => OutputStream;
  readonly 'wasi:cli/stderr#get-stderr': () => OutputStream;
  readonly 'wasi:cli/terminal-stdin#get-terminal-stdin': () => Disposable | undefined;
  readonly 'wasi:cli/terminal-stdout#get-terminal-stdout': () => Disposable | undefined;
  readonly 'wasi:cli/terminal-stderr#get-terminal-stderr': () => Disposable | undefined;
  readonly 'wasi:clocks/monotonic-clock#now': () => bigint;
  readonly 'wasi:clocks/monotonic-clock#resolution': () => bigint;
  readonly 'wasi:clocks/monotonic-clock#subscribe-instant': (when: bigint) => Pollable;
  readonly 'wasi:clocks/monotonic-clock#subscribe-duration': (duration: bigint) => Pollable;
  readonly 'wasi:clocks/wall-clock#now': () => Datetime;
  readonly 'wasi:clocks/wall-clock#resolution': () => Datetime;
  readonly 'wasi:filesystem/preopens#get-directories': () => readonly (readonly [Descriptor, string])[];
  readonly 'wasi:filesystem/types#filesystem-error-code': (error: object) => FilesystemError | undefined;
  readonly 'wasi:io/poll#poll': (pollables: readonly Pollable[]) => Uint32Array | Promise<Uint32Array>;
  readonly 'wasi:random/random#get-random-bytes': (length: bigint) => Uint8Array;
}

/** Calls a function of WASI 0.2 by its WIT name. */
export type Wasi = <Name extends keyof WasiFunctions>(
  name: Name,
  ...values: Parameters<WasiFunctions[Name]>
) => ReturnType<WasiFunctions[Name]>;

/** Throws `MissingImport` if something that a wanted function can reach is not given. */
export function createWasiImports(imports: HostImports, wanted: ReadonlySet<string>): Wasi {
  const functions = new Map<string, (values: readonly unknown[]) => unknown>();
  for (const name of wanted) {
    for (const need of PREVIEW1_NEEDS.get(name) ?? []) {
      const owner = imports.get(need.interface);
      if (owner === undefined) throw new MissingImport(`the interface \`${need.interface}\` is imported and not given`);
      for (const wit of need.functions) {
        if (resourceOf(wit) !== undefined) continue;
        const member = memberOf(imports, need.interface, camelCase(wit));
        functions.set(`${need.interface}#${wit}`, (values) => Reflect.apply(member, owner, values));
      }
    }
  }
  const call = (name: string, ...values: readonly unknown[]): unknown => {
    const invoke = functions.get(name);
    if (invoke === undefined) throw new MissingImport(`\`${name}\` is not among what the module's imports need`);
    return invoke(values);
  };
  return call as Wasi; // the composition gives each function with the types of its WIT
}
