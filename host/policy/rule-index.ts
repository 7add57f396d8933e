import { splitResource, type ResourceParts } from './resource-parts.ts';
import { finish, type Steps } from './steps.ts';
import { capabilityOf } from './vocabulary.ts';

/** Something that an index can hold: its place in the policy, its action cell and its resource cell. */
export interface Indexed {
  readonly order: number;
  readonly action: string;
  readonly pattern: string;
}

/** Narrows a request to the rules that it can meet. Never leaves out one that matches. */
export interface RuleIndex<Entry extends Indexed> {
  /** In the order of the policy. */
  candidates(action: string, resource: ResourceParts): readonly Entry[];
  /** Builds all trees ahead of the first question. */
  grow(): Steps<void>;
}

/**
 * Makes an index over action and resource: by the literal beginning, then by segments up to the first `**`. The trees of
 * an action are built when it is first asked for, and none for an action that no rule names: guest text makes nothing grow.
 */
export const createRuleIndex = <Entry extends Indexed>(entries: readonly Entry[]): RuleIndex<Entry> =>
  finish(ruleIndexSteps(entries));

/** The same, with pauses. */
export function* ruleIndexSteps<Entry extends Indexed>(entries: readonly Entry[]): Steps<RuleIndex<Entry>> {
  const byAction = yield* groupByAction(entries);
  const wildcards = [...byAction.keys()].some((action) => action.endsWith(':*'));
  const forests = new Map<string, Forest<Entry>>();

  function forestOf(cell: string): Forest<Entry> | undefined {
    const known = forests.get(cell);
    const own = known === undefined ? byAction.get(cell) : undefined;
    if (own === undefined) return known;
    const grown = finish(growForest(own));
    forests.set(cell, grown);
    return grown;
  }

  return Object.freeze({
    *grow() {
      for (const [cell, own] of byAction) if (!forests.has(cell)) forests.set(cell, yield* growForest(own));
    },
    candidates(action: string, resource: ResourceParts): readonly Entry[] {
      const found: Entry[] = [];
      walk(forestOf(action), resource, found);
      const wildcard = wildcards ? `${capabilityOf(action)}:*` : action;
      if (wildcard !== action) walk(forestOf(wildcard), resource, found);
      return found.length > 1 ? found.sort((a, b) => a.order - b.order) : found;
    },
  });
}

function* groupByAction<Entry extends Indexed>(entries: readonly Entry[]): Steps<ReadonlyMap<string, Entry[]>> {
  const groups = new Map<string, Entry[]>();
  for (const [index, entry] of entries.entries()) {
    if (index % ENTRIES_OF_A_STEP === 0) yield;
    const own = groups.get(entry.action);
    if (own === undefined) groups.set(entry.action, [entry]);
    else own.push(entry);
  }
  return groups;
}

interface Node<Entry> {
  /** By the next segment, where the pattern has it literally. */
  literal: Map<string, Node<Entry>> | undefined;
  /** Where the next segment of the pattern is `*`. */
  one: Node<Entry> | undefined;
  /** Patterns that end here, or go on with a segment that is neither and end with any: these are tried one by one. */
  rest: Entry[] | undefined;
  /** Patterns that go on with such a segment, and whose last one says something. */
  ending: Endings<Entry> | undefined;
}

/** Patterns by what the last segment of a path must be: it, how it begins, or how it ends. */
interface Endings<Entry> {
  readonly whole: Map<string, Entry[]>;
  /** By the length of the beginning, or the end. */
  readonly first: Map<number, Map<string, Entry[]>>;
  readonly last: Map<number, Map<string, Entry[]>>;
}

/** The trees of one action cell. */
interface Forest<Entry> {
  /** By how many segments a pattern begins with before its first wildcard: trees over what follows, by that beginning. */
  readonly levels: readonly Level<Entry>[];
  /** What follows `*.` and `**.` in the hosts of the patterns. `**` alone is followed by nothing. */
  readonly oneLabel: ReadonlySet<string>;
  readonly anyLabels: ReadonlySet<string>;
}

interface Level<Entry> {
  readonly depth: number;
  readonly byPrefix: Map<string, Node<Entry>>;
}

const createNode = <Entry>(): Node<Entry> => ({
  literal: undefined,
  one: undefined,
  rest: undefined,
  ending: undefined,
});

/** How many entries are planted in one step. */
const ENTRIES_OF_A_STEP = 64;

function* growForest<Entry extends Indexed>(entries: readonly Entry[]): Steps<Forest<Entry>> {
  const levels = new Map<number, Level<Entry>>();
  const oneLabel = new Set<string>();
  const anyLabels = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    if (index % ENTRIES_OF_A_STEP === 0) yield;
    const parts = splitResource(entry.pattern);
    if (parts === undefined) throw new TypeError('a pattern that no policy can hold');
    const { host, path, at } = parts;
    if (host.startsWith('**')) anyLabels.add(host.slice(3));
    else if (host.startsWith('*')) oneLabel.add(host.slice(2));
    const wildcard = path.findIndex((segment) => segment.includes('*'));
    const depth = wildcard < 0 ? path.length : wildcard;
    let level = levels.get(depth);
    if (level === undefined) levels.set(depth, (level = { depth, byPrefix: new Map() }));
    plant(childOf(level.byPrefix, prefixOf(entry.pattern, at.path, path, depth)), path, depth, entry);
  }
  return { levels: [...levels.values()], oneLabel, anyLabels };
}

/** The text up to the end of so many segments; `start` is where the path begins. */
function prefixOf(text: string, start: number, path: readonly string[], depth: number): string {
  let end = start + Math.max(0, depth - 1);
  for (let segment = 0; segment < depth; segment++) end += path[segment]?.length ?? 0;
  return text.slice(0, end);
}

function plant<Entry>(root: Node<Entry>, path: readonly string[], from: number, entry: Entry): void {
  let node = root;
  let at = from;
  for (; at < path.length; at++) {
    const segment = path[at] ?? '';
    if (segment === '*') node = node.one ??= createNode();
    else if (segment.includes('*')) break;
    else node = childOf((node.literal ??= new Map<string, Node<Entry>>()), segment);
  }
  const place = at < path.length ? endingOf(node, path.at(-1) ?? '') : undefined;
  (place ?? (node.rest ??= [])).push(entry);
}

const createEndings = <Entry>(): Endings<Entry> => ({ whole: new Map(), first: new Map(), last: new Map() });

/** Where a pattern with such a last segment is kept; `undefined` for one that any segment fits. */
function endingOf<Entry>(node: Node<Entry>, last: string): Entry[] | undefined {
  const star = last.indexOf('*');
  const [begin, end] = [last.slice(0, star), last.slice(last.lastIndexOf('*') + 1)];
  if (star >= 0 && begin === '' && end === '') return undefined;
  const { whole, first, last: byEnd } = (node.ending ??= createEndings<Entry>());
  if (star < 0) return listOf(whole, last);
  const [byLength, key] = begin === '' ? [byEnd, end] : [first, begin];
  let own = byLength.get(key.length);
  if (own === undefined) byLength.set(key.length, (own = new Map<string, Entry[]>()));
  return listOf(own, key);
}

function listOf<Entry>(lists: Map<string, Entry[]>, key: string): Entry[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}

function childOf<Entry>(nodes: Map<string, Node<Entry>>, key: string): Node<Entry> {
  let node = nodes.get(key);
  if (node === undefined) {
    node = createNode();
    nodes.set(key, node);
  }
  return node;
}

/** Goes to the patterns with the host of the resource, and to those with a wildcard that may stand for a part of it. */
function walk<Entry>(forest: Forest<Entry> | undefined, parts: ResourceParts, found: Entry[]): void {
  if (forest === undefined) return;
  const { text } = parts;
  descend(forest, text, parts.at.path, parts.path, found);
  const { oneLabel, anyLabels } = forest;
  if (parts.host === '' || parts.address || oneLabel.size + anyLabels.size === 0) return;
  const { host, at } = parts;
  const end = at.host + host.length;
  const withHost = (pattern: string): void =>
    descend(
      forest,
      text.slice(0, at.host) + pattern + text.slice(end),
      at.path + pattern.length - host.length,
      parts.path,
      found,
    );
  let dot = host.indexOf('.');
  if (dot >= 0 && oneLabel.has(host.slice(dot + 1))) withHost(`*${host.slice(dot)}`);
  if (anyLabels.size === 0) return;
  for (; dot >= 0; dot = host.indexOf('.', dot + 1)) {
    if (anyLabels.has(host.slice(dot + 1))) withHost(`**${host.slice(dot)}`);
  }
  if (anyLabels.has('')) withHost('**');
}

function descend<Entry>(
  { levels }: Forest<Entry>,
  text: string,
  start: number,
  path: readonly string[],
  found: Entry[],
): void {
  for (const { depth, byPrefix } of levels) {
    if (depth > path.length) continue;
    const tree = byPrefix.get(prefixOf(text, start, path, depth));
    if (tree !== undefined) collect(tree, path, depth, found);
  }
}

/** Visits each node at most once, so the cost is bounded by the patterns and not by the request. */
function collect<Entry>(node: Node<Entry>, path: readonly string[], at: number, found: Entry[]): void {
  take(node.rest, found);
  if (node.ending !== undefined) collectEndings(node.ending, path.at(-1) ?? '', found);
  const segment = path[at];
  if (segment === undefined) return;
  const next = node.literal?.get(segment);
  if (next !== undefined) collect(next, path, at + 1, found);
  if (node.one !== undefined) collect(node.one, path, at + 1, found);
}

function collectEndings<Entry>({ whole, first, last }: Endings<Entry>, segment: string, found: Entry[]): void {
  take(whole.get(segment), found);
  for (const [length, own] of first) if (length <= segment.length) take(own.get(segment.slice(0, length)), found);
  for (const [length, own] of last) if (length <= segment.length) take(own.get(segment.slice(-length)), found);
}

function take<Entry>(entries: readonly Entry[] | undefined, found: Entry[]): void {
  if (entries !== undefined) for (const entry of entries) found.push(entry);
}
