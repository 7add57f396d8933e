/** WIT names and the JavaScript names under which the glue looks for them. */

/** `make-directory` to `makeDirectory`. */
export const camelCase = (name: string): string =>
  name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** `incoming-body` to `IncomingBody`. */
export const className = (resource: string): string => camelCase(`-${resource}`);

/** A function that belongs to a resource. */
export interface ResourceFunction {
  readonly kind: 'method' | 'static' | 'constructor';
  readonly resource: string;
  /** The function's own name; empty for a constructor. */
  readonly name: string;
}

const RESOURCE_FUNCTION = /^\[(method|static|constructor)\]([a-z0-9-]+)(?:\.([a-z0-9-]+))?$/;

/** Takes a WIT name like `[method]transaction.query` apart; `undefined` for a plain function. */
export function resourceOf(name: string): ResourceFunction | undefined {
  const [, kind, resource, own] = RESOURCE_FUNCTION.exec(name) ?? [];
  if (resource === undefined) return undefined;
  if (kind === 'constructor') return { kind, resource, name: '' };
  return kind === 'method' || kind === 'static' ? { kind, resource, name: own ?? '' } : undefined;
}
