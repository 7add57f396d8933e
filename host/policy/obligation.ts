import type { LogDetail, Obligations } from '../contracts/decision.ts';
import { CellError } from './cell-error.ts';
import { suggestion } from './spelling.ts';

/** Every item of the `then` grammar: its form, an example, and whether it can be discharged already. */
const ITEMS: ReadonlyMap<string, { readonly form: RegExp; readonly example: string; readonly supported: boolean }> =
  new Map([
    ['rate', { form: /^[1-9]\d*\/[smhd]$/, example: 'rate=60/m', supported: false }],
    ['bytes', { form: /^[1-9]\d*(?:B|KB|MB|GB)(?:\/[smhd])?$/, example: 'bytes=20MB/h', supported: false }],
    ['cost', { form: /^\d+(?:\.\d+)?[A-Z]{3}\/[smhd]$/, example: 'cost=5.00EUR/d', supported: false }],
    ['rows', { form: /^[1-9]\d*$/, example: 'rows=1000', supported: true }],
    ['concurrency', { form: /^[1-9]\d*$/, example: 'concurrency=4', supported: false }],
    ['timeout', { form: /^[1-9]\d*[smhd]$/, example: 'timeout=30s', supported: true }],
    ['redact', { form: /^[a-z][a-z0-9.-]*(?:\|[a-z][a-z0-9.-]*)*$/, example: 'redact=email|token', supported: false }],
    ['label', { form: /^[A-Za-z][A-Za-z0-9.-]*$/, example: 'label=confidential', supported: false }],
    ['approve', { form: /^[a-z][a-z0-9.-]*$/, example: 'approve=owner', supported: false }],
    ['ttl', { form: /^[1-9]\d*[smhd]$/, example: 'ttl=15m', supported: false }],
    ['log', { form: /^(?:digest|full)$/, example: 'log=full', supported: true }],
    ['alert', { form: /^[a-z][a-z0-9.-]*$/, example: 'alert=soc', supported: false }],
  ]);

/** What a deny row may carry. */
const ON_DENY: ReadonlySet<string> = new Set(['alert', 'log']);

const SPAN_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);
/** The longest span that a timer can hold. */
const MAX_SPAN_MS = 2_147_483_647;

interface Item {
  readonly name: string;
  readonly value: string;
  readonly offset: number;
}

const NONE: Obligations = Object.freeze({});

/** Reads a `then` cell. Throws a `CellError` for what is unknown, malformed, twice there, or not supported yet. */
export function parseObligations(cell: string, effect: 'allow' | 'deny'): Obligations {
  if (cell === '-') return NONE;
  const items = splitItems(cell);
  const seen = new Set<string>();
  for (const item of items) {
    checkForm(item);
    if (seen.has(item.name)) throw new CellError(item.offset, `\`${item.name}\` stands twice in this cell`);
    seen.add(item.name);
    if (effect === 'deny' && !ON_DENY.has(item.name)) {
      throw new CellError(item.offset, `a deny row carries only \`alert\` and \`log\`, not \`${item.name}\``);
    }
  }
  const ttl = items.find(({ name }) => name === 'ttl');
  if (ttl !== undefined && !seen.has('approve')) throw new CellError(ttl.offset, '`ttl` stands only beside `approve`');
  for (const { name, offset } of items) {
    if (ITEMS.get(name)?.supported !== true)
      throw new CellError(offset, `the obligation \`${name}\` is not supported yet`);
  }
  return strictest(items.map(readItem));
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

function checkForm({ name, value, offset }: Item): void {
  if (name === '-') throw new CellError(offset, '`-` is the empty cell and stands alone');
  if (name.startsWith('#')) throw new CellError(offset, 'a comment has a line of its own');
  const item = ITEMS.get(name);
  if (item === undefined)
    throw new CellError(offset, `unknown obligation \`${name}\`${suggestion(name, [...ITEMS.keys()])}`);
  if (!item.form.test(value))
    throw new CellError(offset, `\`${name}=${value}\` is not in the form of \`${item.example}\``);
}

function readItem({ name, value, offset }: Item): Obligations {
  switch (name) {
    case 'rows': {
      const rows = Number(value);
      if (!Number.isSafeInteger(rows)) throw new CellError(offset, `\`${value}\` is too large`);
      return { rows };
    }
    case 'timeout': {
      const timeoutMs = Number(value.slice(0, -1)) * (SPAN_MS.get(value.slice(-1)) ?? Number.NaN);
      if (!(timeoutMs <= MAX_SPAN_MS)) throw new CellError(offset, `\`${value}\` is too long; the longest is \`24d\``);
      return { timeoutMs };
    }
    case 'log':
      return { log: value === 'full' ? 'full' : 'digest' };
    default:
      throw new CellError(offset, `the obligation \`${name}\` is not supported yet`);
  }
}

/** The obligations of several rows together: of each kind the strictest. */
export function strictest(all: readonly Obligations[]): Obligations {
  const first = all[0];
  if (first === undefined) return NONE;
  return all.length === 1 ? first : all.reduce(stricter);
}

function stricter(a: Obligations, b: Obligations): Obligations {
  const rows = least(a.rows, b.rows);
  const timeoutMs = least(a.timeoutMs, b.timeoutMs);
  const log: LogDetail | undefined = a.log === 'full' || b.log === 'full' ? 'full' : (a.log ?? b.log);
  return {
    ...(rows === undefined ? {} : { rows }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(log === undefined ? {} : { log }),
  };
}

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
