import { HostError } from '../contracts/errors.ts';
import type { ServedInterface } from '../contracts/served-interface.ts';
import type { ArtefactImport } from './artefact.ts';
import { PREVIEW1_NEEDS } from './preview1/needs.ts';
import { PREVIEW1_SIGNATURES } from './preview1/signatures.ts';
import { printable } from './printable.ts';
import { SECTION, sectionsOf } from './wasm-binary.ts';

/** The one namespace from which a core module may import. */
export const PREVIEW1 = 'wasi_snapshot_preview1';

/** The functions of preview 1 that a module imports; one that is prepared may import a counter of instructions as well. */
export const preview1Functions = (module: WebAssembly.Module): ReadonlySet<string> =>
  new Set(WebAssembly.Module.imports(module).flatMap(({ module: from, name }) => (from === PREVIEW1 ? [name] : [])));

/**
 * Refuses a core module that is no command of WASI preview 1: an import from elsewhere or of something unknown, no
 * `_start`, no memory. Returns what it can reach, as the interfaces of WASI 0.2 that stand behind its imports.
 */
export function checkModule(
  module: WebAssembly.Module,
  bytes: Uint8Array,
  served: readonly ServedInterface[],
): Record<string, ArtefactImport> {
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const what = `the module imports \`${printable(from, 80)}\` \`${printable(name, 80)}\``;
    if (from !== PREVIEW1) throw refused(`${what}; of a core module, only \`${PREVIEW1}\` is served`);
    if (kind !== 'function') throw refused(`${what} as a ${kind}; \`${PREVIEW1}\` has functions alone`);
    if (!PREVIEW1_NEEDS.has(name)) throw refused(`${what}, which is no function of WASI preview 1`);
  }
  const exported = (name: string, kind: WebAssembly.Kind): boolean =>
    WebAssembly.Module.exports(module).some((item) => item.name === name && item.kind === kind);
  if (!exported('_start', 'function')) {
    const reactor = exported('_initialize', 'function') ? ': it is a reactor, a library that others call' : '';
    throw invalid(`the module does not export \`_start\`${reactor}`, [
      'build it as a command, with a `main`; or make a component of it with `wasm-tools component new`',
    ]);
  }
  if (!exported('memory', 'memory')) throw invalid('the module does not export its memory as `memory`');
  // It would run before the module's memory is known to those whom it calls.
  if (sectionsOf(bytes).some(({ id }) => id === SECTION.start))
    throw refused('the module has a start function of its own; a command begins at `_start`');
  return needsOf(preview1Functions(module), served);
}

/** The rows of the import matrix that the functions need, as far as they need them. */
function needsOf(wanted: ReadonlySet<string>, served: readonly ServedInterface[]): Record<string, ArtefactImport> {
  const functions = new Map<string, Set<string>>();
  for (const name of wanted) {
    for (const need of PREVIEW1_NEEDS.get(name) ?? []) {
      const found = functions.get(need.interface) ?? new Set();
      functions.set(need.interface, found);
      for (const wit of need.functions) found.add(wit);
    }
  }
  return Object.fromEntries(
    [...functions].map(([name, names]) => {
      const rows = served.find((row) => row.name === name)?.functions ?? [];
      const missing = [...names].find((wit) => rows.every((row) => row.name !== wit));
      if (missing !== undefined) throw refused(`the module needs \`${name}#${missing}\`, which no gate serves`);
      const waits = rows.filter((row) => row.waits && names.has(row.name)).map((row) => row.name);
      return [
        name,
        { version: '0.2.0', functions: [...names], waits, classes: [], signatures: signaturesOf(name, names) },
      ];
    }),
  );
}

/** With them, the calls can cross to the host from a process of the guest's own. */
const signaturesOf = (iface: string, names: ReadonlySet<string>): ArtefactImport['signatures'] =>
  Object.fromEntries(
    [...PREVIEW1_SIGNATURES].flatMap(([name, signature]) => {
      const [from, wit = ''] = name.split('#');
      return from === iface && names.has(wit) ? [[wit, signature]] : [];
    }),
  );

const refused = (message: string): HostError => new HostError('ERR_COMPONENT_REFUSED', message);
const invalid = (message: string, hints: readonly string[] = []): HostError =>
  new HostError('ERR_COMPONENT_INVALID', message, { hints });
