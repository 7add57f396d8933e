import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';
import type { ConfigPath, Position, ProblemList } from './problem-list.ts';
import { secretKind } from './secret-pattern.ts';

/** The text of a configuration, read: its value, and where each part of it stands. */
export interface YamlSource {
  readonly value: unknown;
  /** Where a value is, or the nearest part around it that exists. With `key`, where the name of that key is. */
  position(path: ConfigPath, key?: string): Position;
}

/** The most bytes of a configuration. */
export const SOURCE_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;
const TOP: Position = { line: 1, column: 1 };

/**
 * Reads YAML 1.2 of the plain kind: one document, no tags, no aliases, no key twice. What is wrong goes to `problems`;
 * then there is no value.
 */
export function readYaml(source: string | Uint8Array, problems: ProblemList): YamlSource | undefined {
  const text = decoded(source, problems);
  if (text === undefined) return undefined;
  // The parser recurses; a file of brackets must not end the process (CWE-674).
  if (isTooDeep(text)) {
    problems.add(() => TOP, [], `the nesting is deeper than ${MAX_DEPTH} levels`);
    return undefined;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    stringKeys: true,
    // The parser compares each key with each other; `checkKeys` asks a set.
    uniqueKeys: false,
    merge: false,
    prettyErrors: false,
    logLevel: 'error',
    lineCounter: lines,
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  checkSyntax(document, (offset, message) => problems.add(() => at(offset), [], message));
  if (problems.count() > 0) return undefined;
  checkNodes(document, (offset, message) => problems.add(() => at(offset), [], message));
  if (problems.count() > 0) return undefined;
  return {
    value: document.toJS({ maxAliasCount: 0 }) as unknown, // `any` in the declaration; nothing is known of it yet
    position: (path, key) => {
      const offset = offsetOf(document.contents, path, key);
      return offset === undefined ? TOP : at(offset);
    },
  };
}

function decoded(source: string | Uint8Array, problems: ProblemList): string | undefined {
  if (source.length > SOURCE_BYTES) {
    problems.add(() => TOP, [], `the file is larger than ${SOURCE_BYTES} bytes`);
    return undefined;
  }
  if (typeof source === 'string') return source.replace(/^\ufeff/, '');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(source);
  } catch {
    problems.add(() => positionOfBadByte(source), [], 'the file is not UTF-8');
    return undefined;
  }
}

/** Where the first byte is that no UTF-8 has there. */
export function positionOfBadByte(source: Uint8Array): Position {
  let [good, bad] = [0, source.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (beginsAsUtf8(source.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  const lines = Buffer.from(source.subarray(0, good)).toString().split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

function beginsAsUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Counts brackets and steps of indentation, both generously: a real configuration has a dozen levels. */
function isTooDeep(text: string): boolean {
  let flow = 0;
  for (const character of text.matchAll(/[[\]{}]/g)) {
    flow = '[{'.includes(character[0]) ? flow + 1 : Math.max(0, flow - 1);
    if (flow > MAX_DEPTH) return true;
  }
  return new RegExp(`(?:^|\\n)[ ]*(?:[-?:] +){${MAX_DEPTH}}`).test(text) || hasDeepIndentation(text);
}

function hasDeepIndentation(text: string): boolean {
  const open: number[] = [];
  for (const line of text.split('\n')) {
    const indentation = line.search(/[^ ]/);
    if (indentation < 0) continue;
    while ((open.at(-1) ?? -1) >= indentation) open.pop();
    open.push(indentation);
    if (open.length > MAX_DEPTH) return true;
  }
  return false;
}

type Tell = (offset: number, message: string) => void;

function checkSyntax(document: Document.Parsed, tell: Tell): void {
  const version = document.directives.yaml;
  if (version.explicit === true && version.version !== '1.2') tell(0, 'only YAML 1.2 is read');
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    tell(pos[0], message.charAt(0).toLowerCase() + message.slice(1));
  }
}

function checkNodes(document: Document.Parsed, tell: Tell): void {
  visit(document, {
    Alias: (_, node) => tell(start(node), 'aliases are not read: write the value out'),
    Node: (_, node) => {
      if (!isAlias(node) && node.tag !== undefined) tell(start(node), `tags are not read: \`${node.tag}\``);
      if (isScalar(node) && typeof node.value === 'string')
        checkSecret(node.value, (message) => tell(start(node), message));
      return undefined;
    },
    Map: (_, node) => checkKeys(node, tell),
  });
}

function checkKeys({ items }: YAMLMap, tell: Tell): void {
  const seen = new Set<string>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    const name = String(key.value);
    if (seen.has(name)) tell(start(key), `the key \`${name}\` stands there twice`);
    // Schemas and objects treat this name in ways of their own (CWE-1321); nothing in a configuration is called so.
    if (name === '__proto__') tell(start(key), 'unknown key `__proto__`');
    seen.add(name);
  }
}

function checkSecret(text: string, tell: (message: string) => void): void {
  const kind = secretKind(text);
  if (kind !== undefined) tell(`this looks like ${kind}: no secret is written into a configuration`);
}

const start = (node: Node): number => node.range?.[0] ?? 0;

/** Follows `path` as far as it goes. */
function offsetOf(contents: unknown, path: ConfigPath, key: string | undefined): number | undefined {
  let node = contents;
  let offset = isNode(node) ? start(node) : undefined;
  for (const part of path) {
    if (isMap(node)) {
      const pair = pairOf(node, part);
      if (pair === undefined) return offset;
      // What is said of a map is said at its name: the map itself begins a line further down.
      const named = isNode(pair.key) ? start(pair.key) : offset;
      offset = isScalar(pair.value) ? start(pair.value) : named;
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      if (!isNode(node)) return offset;
      offset = start(node);
    } else return offset;
  }
  const pair = key !== undefined && isMap(node) ? pairOf(node, key) : undefined;
  return pair !== undefined && isNode(pair.key) ? start(pair.key) : offset;
}

const isNode = (value: unknown): value is Node => isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);

const pairOf = (map: YAMLMap, key: string | number): Pair | undefined =>
  map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
