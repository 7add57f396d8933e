import type { Obligations } from '../contracts/decision.ts';
import { closest } from '../contracts/suggestion.ts';
import { CellError } from './cell-error.ts';
import { ITEMS, withTtl, type ItemKind } from './obligations/items.ts';
import { NONE, strictest } from './obligations/merge.ts';
import { suggestion } from './spelling.ts';
import type { Words } from './vocabulary.ts';

export { strictest } from './obligations/merge.ts';

/** What a deny row may carry. */
const ON_DENY: ReadonlySet<string> = new Set(['alert', 'log']);

interface Item {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
}

/** Reads a `then` cell. Throws a `CellError` for what is unknown, malformed or there twice. */
export function parseObligations(cell: string, effect: 'allow' | 'deny', words: Words): Obligations {
  if (cell === '-') return NONE;
  const items = splitItems(cell);
  const seen = new Set<string>();
  const read = items.map((item) => {
    const kind = kindOf(item, words);
    if (seen.has(item.name)) throw new CellError(item.offset, `\`${item.name}\` stands twice in this cell`);
    seen.add(item.name);
    if (effect === 'deny' && !ON_DENY.has(item.name)) {
      throw new CellError(item.offset, `a deny row carries only \`alert\` and \`log\`, not \`${item.name}\``);
    }
    return () => kind.read(item.value, item.offset + item.name.length + 1, words);
  });
  const ttl = items.find(({ name }) => name === 'ttl');
  if (ttl !== undefined && !seen.has('approve')) throw new CellError(ttl.offset, '`ttl` stands only beside `approve`');
  const obligations = strictest(read.map((one) => one()));
  return ttl === undefined ? obligations : withTtl(obligations, ttl.value, ttl.offset + 'ttl='.length);
}

function splitItems(cell: string): readonly Item[] {
  let at = 0;
  return cell.split(' ').flatMap((text) => {
    const offset = at;
    at += text.length + 1;
    const equals = text.indexOf('=');
    if (text === '') return [];
    return [
      { name: equals < 0 ? text : text.slice(0, equals), value: equals < 0 ? '' : text.slice(equals + 1), offset },
    ];
  });
}

function kindOf({ name, value, offset }: Item, words: Words): ItemKind {
  if (name === '-') throw new CellError(offset, '`-` is the empty cell and stands alone');
  if (name.startsWith('#')) throw new CellError(offset, 'a comment has a line of its own');
  const kind = ITEMS.get(name);
  if (kind === undefined)
    throw new CellError(offset, `unknown obligation \`${name}\`${suggestion(name, [...ITEMS.keys()])}`);
  if (!kind.form.test(value))
    throw new CellError(
      offset,
      `\`${name}=${value}\` is not in the form of \`${kind.example}\`${nearestForm(name, value, kind.form, words)}`,
    );
  return kind;
}

const SCOPES = ['agent', 'role', 'user', 'resource'];

/** The words that the last part of a value can be. */
function lastWords(name: string, { approvers, labels, detectors, alerts }: Words): readonly string[] {
  switch (name) {
    case 'approve':
      return approvers;
    case 'label':
      return labels;
    case 'redact':
      return detectors;
    case 'alert':
      return alerts;
    default:
      return name === 'log' ? ['digest', 'full'] : SCOPES;
  }
}

/** The value that was probably meant: without leading zeros, with its letters in another case, or its last word mended. */
function nearestForm(name: string, value: string, form: RegExp, words: Words): string {
  const plain = value.replace(/^0+(?=\d)/, '');
  const word = /[^/@|]+$/.exec(plain)?.[0] ?? '';
  const mended = plain.slice(0, plain.length - word.length) + (closest(word, lastWords(name, words)) ?? word);
  const units = plain.replace(/[^/@]+$/, (end) => end.toLowerCase()).replace(/^[^/]+/, (size) => size.toUpperCase());
  const near = [plain, mended, plain.toLowerCase(), plain.toUpperCase(), units].find((one) => form.test(one));
  return near === undefined ? '' : `; did you mean \`${name}=${near}\``;
}
