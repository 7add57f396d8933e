import { HostError } from '../contracts/errors.ts';
import { printable } from './printable.ts';

/**
 * Names that may become part of generated JavaScript (CWE-94): no quote, backslash, brace or line break. The transpiler
 * puts core import and export names between quotes as they are.
 */
const SAFE_NAME = /^[A-Za-z0-9_$.:@/#<>|=+\-[\]() ]{0,256}$/;
const SAFE_FILE = /^component\.(?:core\d*\.wasm|js)$/;

/** Refuses a core module one of whose import or export names could become code. */
export function vetCoreNames(module: WebAssembly.Module): void {
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    vetName(from);
    vetName(name);
  }
  for (const { name } of WebAssembly.Module.exports(module)) vetName(name);
}

/** Refuses an output file that is neither the glue nor a core module. */
export function vetFileName(name: string): void {
  if (SAFE_FILE.test(name)) return;
  throw new HostError('ERR_COMPONENT_REFUSED', `the transpiler wrote an unexpected file \`${printable(name, 80)}\``);
}

function vetName(name: string): void {
  if (SAFE_NAME.test(name)) return;
  throw new HostError(
    'ERR_COMPONENT_REFUSED',
    `a core module has a name that could become code: \`${printable(name, 80)}\``,
  );
}
