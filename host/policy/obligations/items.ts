import type { BudgetScope, BudgetTerm, Obligations } from '../../contracts/decision.ts';
import { CellError } from '../cell-error.ts';
import { suggestion } from '../spelling.ts';
import type { Words } from '../vocabulary.ts';
import { readCount, readMoney, readPeriod, readSize, readSpan } from './quantity.ts';

/** One kind of item in a `then` cell. */
export interface ItemKind {
  readonly form: RegExp;
  readonly example: string;
  /** Reads a value that has the form. Throws a `CellError` for what has it and means nothing. */
  readonly read: (value: string, offset: number, words: Words) => Obligations;
}

/** Which rule it is of is known later: cells that are alike are read once. */
const NO_RULE = '';

const SCOPE = '(?:@(?:agent|role|user|resource))?';

function budget(
  kind: BudgetTerm['kind'],
  value: string,
  read: (amount: string) => Pick<BudgetTerm, 'limit' | 'currency'>,
): Obligations {
  const [written = '', scope = 'agent'] = value.split('@');
  const [amount = '', unit] = written.split('/');
  return {
    budgets: [
      {
        kind,
        rule: NO_RULE,
        ...read(amount),
        ...(unit === undefined ? {} : { periodMs: readPeriod(unit) }),
        scope: scope as BudgetScope, // the form allows no other
      },
    ],
  };
}

function names(value: string, offset: number, what: string, known: readonly string[]): readonly string[] {
  let at = offset;
  const found = value.split('|').map((name) => {
    if (!known.includes(name)) throw new CellError(at, `unknown ${what} \`${name}\`${suggestion(name, known)}`);
    at += name.length + 1;
    return name;
  });
  const twice = found.find((name, index) => found.indexOf(name) !== index);
  if (twice !== undefined) throw new CellError(offset, `\`${twice}\` stands twice in this list`);
  return found.sort();
}

/** How long an answer is waited for where the row does not say. */
const DEFAULT_TTL_MS = 15 * 60_000;

/** Every item of the `then` grammar. */
export const ITEMS: ReadonlyMap<string, ItemKind> = new Map<string, ItemKind>([
  [
    'rate',
    {
      form: new RegExp(`^[1-9]\\d*/[smhd]${SCOPE}$`),
      example: 'rate=60/m',
      read: (value, offset) => budget('rate', value, (amount) => ({ limit: readCount(amount, offset) })),
    },
  ],
  [
    'bytes',
    {
      form: new RegExp(`^[1-9]\\d*(?:B|KB|MB|GB)(?:/[smhd]${SCOPE})?$`),
      example: 'bytes=20MB/h',
      read: (value, offset) =>
        value.includes('/')
          ? budget('bytes', value, (amount) => ({ limit: readSize(amount, offset) }))
          : { bytes: readSize(value, offset) },
    },
  ],
  [
    'cost',
    {
      form: new RegExp(`^(?:0|[1-9]\\d*)(?:\\.\\d+)?[A-Z]{3}/[smhd]${SCOPE}$`),
      example: 'cost=5.00EUR/d',
      read: (value, offset) =>
        budget('cost', value, (amount) => ({
          limit: readMoney(amount.slice(0, -3), offset),
          currency: amount.slice(-3),
        })),
    },
  ],
  ['rows', { form: /^[1-9]\d*$/, example: 'rows=1000', read: (value, offset) => ({ rows: readCount(value, offset) }) }],
  [
    'concurrency',
    {
      form: new RegExp(`^[1-9]\\d*${SCOPE}$`),
      example: 'concurrency=4',
      read: (value, offset) => budget('concurrency', value, (amount) => ({ limit: readCount(amount, offset) })),
    },
  ],
  [
    'timeout',
    {
      form: /^[1-9]\d*[smhd]$/,
      example: 'timeout=30s',
      read: (value, offset) => ({ timeoutMs: readSpan(value, offset) }),
    },
  ],
  [
    'redact',
    {
      form: /^[a-z][a-z0-9.-]*(?:\|[a-z][a-z0-9.-]*)*$/,
      example: 'redact=email|iban',
      read: (value, offset, { detectors }) => ({ redact: names(value, offset, 'detector', detectors) }),
    },
  ],
  [
    'label',
    {
      form: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      example: 'label=confidential',
      read(name, offset, { labels }) {
        const rank = labels.indexOf(name);
        if (rank < 0) throw new CellError(offset, `unknown label \`${name}\`${suggestion(name, labels)}`);
        return { label: { name, rank } };
      },
    },
  ],
  [
    'approve',
    {
      form: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      example: 'approve=owner',
      read: (value, offset, { approvers }) => ({
        approval: { roles: names(value, offset, 'approver', approvers), ttlMs: DEFAULT_TTL_MS },
      }),
    },
  ],
  // Merged with `approve`, beside which it stands: a longer wait than the usual one is the row's to say.
  ['ttl', { form: /^[1-9]\d*[smhd]$/, example: 'ttl=15m', read: () => ({}) }],
  ['log', { form: /^(?:digest|full)$/, example: 'log=full', read: (value) => ({ log: value as 'digest' | 'full' }) }], // the form
  [
    'alert',
    {
      form: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
      example: 'alert=soc',
      read: (value, offset, { alerts }) => ({ alert: names(value, offset, 'alert', alerts) }),
    },
  ],
]);

/** The terms of `approve=… ttl=…` in one cell. */
export function withTtl(obligations: Obligations, ttl: string, offset: number): Obligations {
  const { approval } = obligations;
  if (approval === undefined) throw new CellError(offset, '`ttl` stands only beside `approve`');
  return { ...obligations, approval: { ...approval, ttlMs: readSpan(ttl, offset) } };
}
