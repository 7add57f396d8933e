import { HostError } from '../contracts/errors.ts';
import { printable } from './printable.ts';

/**
 * Names at the border of a component: `run`, `wasi:io/streams@0.2.9`, `[method]descriptor.read`. Imports by URL or
 * digest have other characters; no gate serves them.
 */
const EXTERN_NAME = /^[A-Za-z0-9:/@.+\-[\]]{1,256}$/;

/** Refuses a name at the border of a component that could become code, or that no gate could serve. */
export function vetExternName(name: string): void {
  if (EXTERN_NAME.test(name)) return;
  throw new HostError(
    'ERR_COMPONENT_REFUSED',
    `the component has a name at its border that could become code: \`${printable(name, 80)}\``,
  );
}
