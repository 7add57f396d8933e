import { HostError } from '../contracts/errors.ts';
import { printable } from './printable.ts';

/** An interface that a component imports. */
export interface InterfaceId {
  /** Without version: `sallyport:agent/http`. */
  readonly name: string;
  readonly version: string | undefined;
}

/** The outside of a component: the world that its WIT prints. */
export interface ComponentWorld {
  readonly imports: readonly InterfaceId[];
  /** Imports that are no interface of a package, as they are written. */
  readonly bareImports: readonly string[];
  /** Exports by name; the type of a function, `interface` for anything else. */
  readonly exports: ReadonlyMap<string, string>;
}

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const FEATURE_GATE = /@(?:since|unstable|deprecated)\([^)]*\)/g;
/** What is left of printed WIT without its comments. Type and case names become part of the glue. */
const SAFE_WIT = /^[A-Za-z0-9_%@:./;,{}()<>=*+# \t\r\n-]*$/;
const INTERFACE = /^([a-z][a-z0-9-]*(?::[a-z][a-z0-9-]*)+\/%?[a-z][a-z0-9-]*)(?:@([0-9A-Za-z.+-]+))?$/;
const ITEM = /^(import|export)\s+([\s\S]+)$/;

/** Reads the world out of the WIT text that wasm-tools prints for a component. */
export function readWorld(wit: string): ComponentWorld {
  const text = wit.replace(COMMENT, '').replace(FEATURE_GATE, '');
  if (!SAFE_WIT.test(text))
    throw new HostError('ERR_COMPONENT_REFUSED', 'the component has type names that could become code');
  const body = /\bworld\s+[a-z0-9-]+\s*\{/.exec(text);
  if (body === null) throw new HostError('ERR_COMPONENT_INVALID', 'the file is a WIT package, not a component');

  const imports: InterfaceId[] = [];
  const bareImports: string[] = [];
  const exports = new Map<string, string>();
  for (const statement of statements(text, body.index + body[0].length)) {
    const [, direction, item = ''] = ITEM.exec(statement) ?? [];
    if (direction === undefined) continue;
    const [, name, version] = INTERFACE.exec(item) ?? [];
    if (direction === 'import') {
      if (name === undefined) bareImports.push(printable((item.split(':')[0] ?? item).replace(/^%/, ''), 80));
      else imports.push({ name: name.replaceAll('%', ''), version });
    } else {
      const colon = item.indexOf(': ');
      if (name !== undefined || colon === -1) exports.set(item, 'interface');
      else
        exports.set(
          item.slice(0, colon).replace(/^%/, ''),
          item
            .slice(colon + 2)
            .replace(/\s+/g, ' ')
            .trim(),
        );
    }
  }
  return { imports, bareImports, exports };
}

/** The statements of a block that starts at `from`: what stands between `;` and braces of the first level. */
function statements(text: string, from: number): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = from;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '{') depth++;
    else if (character === '}' && --depth < 0) return found;
    const ends = depth === 0 && (character === ';' || character === '}');
    if (!ends) continue;
    const statement = text.slice(start, at).trim();
    // `use a:b/c.{d};` has a brace inside: the part behind it is empty.
    if (statement !== '') found.push(statement);
    start = at + 1;
  }
  return found;
}
