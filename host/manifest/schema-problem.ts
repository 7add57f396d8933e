import type { z } from 'zod';
import { didYouMean } from '../contracts/suggestion.ts';
import { schemaAt, type JsonSchema } from './json-schema.ts';
import type { ConfigPath } from './problem-list.ts';

/** One thing that a schema says against a value. `key` is set where it is about a name. */
export interface SchemaProblem {
  readonly path: ConfigPath;
  readonly key?: string;
  readonly message: string;
}

type Issue = z.core.$ZodIssue;

/** What the schema says, in the house's words. `schema` is the same schema as JSON Schema: it knows the keys. */
export function schemaProblems(issues: readonly Issue[], value: unknown, schema: JsonSchema): SchemaProblem[] {
  return issues.flatMap((issue) => problemsOf(issue, value, schema));
}

function problemsOf(issue: Issue, value: unknown, schema: JsonSchema): SchemaProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const found = shownValue(valueAt(value, path), path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = Object.keys(schemaAt(schema, path)?.properties ?? {});
      return issue.keys.map((key) => ({ path, key, message: `unknown key \`${key}\`${didYouMean(key, known)}` }));
    }
    case 'invalid_type': {
      const last = path.at(-1);
      if (found === undefined && typeof last === 'string') {
        return [{ path: path.slice(0, -1), message: `missing key \`${last}\`` }];
      }
      return [
        {
          path,
          message: `expected ${article(issue.expected)}, found ${described(found)}${quoteHint(issue.expected, found)}`,
        },
      ];
    }
    case 'invalid_value': {
      const last = path.at(-1);
      if (found === undefined && typeof last === 'string') {
        return [{ path: path.slice(0, -1), message: `missing key \`${last}\`: write ${choice(issue.values)}` }];
      }
      const words = issue.values.filter((word) => typeof word === 'string');
      const hint = typeof found === 'string' ? didYouMean(found, words) : '';
      return [{ path, message: `expected ${choice(issue.values)}, found ${described(found)}${hint}` }];
    }
    case 'invalid_key': {
      const key = String(path.at(-1));
      return [
        { path: path.slice(0, -1), key, message: `the key \`${key}\` does not fit: ${issue.issues[0]?.message ?? ''}` },
      ];
    }
    case 'invalid_union':
      return unionProblems(issue, path, value, schema);
    case 'too_small':
    case 'too_big':
      return [{ path, message: `${described(found)} is ${boundText(issue)}` }];
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
      return [{ path, message: `${styled(issue.message)}, found ${described(found)}` }];
  }
}

/** Somebody may have written a secret where its source belongs: what stands there is not repeated. */
const shownValue = (found: unknown, [section, , key]: ConfigPath): unknown =>
  section === 'secrets' && key === 'from' && typeof found === 'string' ? '(not shown)' : found;

/** Of a union the case that was meant; where none shows, what the union says of itself. */
function unionProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  path: ConfigPath,
  value: unknown,
  schema: JsonSchema,
): SchemaProblem[] {
  const found = valueAt(value, path);
  const meant = caseMeant(issue.errors, found);
  if (meant !== undefined) {
    return meant.flatMap((error) => problemsOf({ ...error, path: [...path, ...error.path] }, value, schema));
  }
  const text = issue.message === 'Invalid input' ? 'fits none of the allowed forms' : issue.message;
  return [{ path, message: `${styled(text)}, found ${described(found)}` }];
}

/** The one case of the value's own type, or the one in which every key that it needs is there. */
function caseMeant(cases: readonly (readonly Issue[])[], found: unknown): readonly Issue[] | undefined {
  const typed = cases.filter(
    (errors) => !errors.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  if (typed.length === 1) return typed[0];
  const near = typed.filter((errors) =>
    errors.every(({ path }) => path.length === 0 || valueAt(found, path.map(String)) !== undefined),
  );
  return near.length === 1 ? near[0] : undefined;
}

function boundText(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const unit =
    issue.origin === 'string'
      ? ' characters'
      : ['array', 'set', 'map', 'object'].includes(issue.origin)
        ? ' entries'
        : '';
  return issue.code === 'too_small'
    ? `too ${unit === '' ? 'small' : 'short'}: at least ${String(issue.minimum)}${unit}`
    : `too ${unit === '' ? 'large' : 'long'}: at most ${String(issue.maximum)}${unit}`;
}

const styled = (message: string): string => (message.charAt(0).toLowerCase() + message.slice(1)).replace(/\.$/, '');

const choice = (values: readonly unknown[]): string =>
  values.length === 1 ? `\`${String(values[0])}\`` : `one of ${values.map((word) => `\`${String(word)}\``).join(', ')}`;

function article(expected: string): string {
  switch (expected) {
    case 'object':
    case 'record':
      return 'a map of keys';
    case 'array':
      return 'a list';
    case 'int':
      return 'a whole number';
    case 'string':
      return 'text';
    case 'boolean':
      return '`true` or `false`';
    default:
      return `a ${expected}`;
  }
}

/** A plain scalar that YAML reads as something else than text. */
const quoteHint = (expected: string, found: unknown): string =>
  expected === 'string' && (typeof found === 'number' || typeof found === 'boolean') ? '; put it in quotes' : '';

function described(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map of keys';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value).replace(/^"|"$/g, '');
  return `\`${text.length > 40 ? `${text.slice(0, 40)}…` : text}\``;
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  let found = value;
  for (const part of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.getOwnPropertyDescriptor(found, part)?.value;
  }
  return found;
}
