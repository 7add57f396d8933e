import type { Attribute } from '../contracts/request.ts';
import { testClause } from './condition.ts';
import type { Clause, ConditionInput, Verdict } from './conditions/clause.ts';
import { matchParts, parsePath } from './path-glob.ts';
import type { ResourcePattern } from './resource-pattern.ts';
import { SCHEMES, type ResourceParts } from './resource-parts.ts';

/** The range of a JavaScript date. */
const LAST_MS = 8.64e15;

/** What a clause says about one access, and what it looked at. For the operator: values are quoted, not escaped. */
export interface ClauseFinding {
  readonly text: string;
  readonly verdict: Verdict;
  /** For instance `the purpose is \`audit\``, or that there is no such thing. */
  readonly saw: string;
}

/** Tests one clause, and says what it saw. */
export function findClause(clause: Clause, input: ConditionInput): ClauseFinding {
  return { text: clause.text, verdict: testClause(clause, input), saw: sawOf(clause.about, input) };
}

/** A finding as a remark; `undefined` for a clause that holds. */
export function findingText({ text, verdict, saw }: ClauseFinding): string | undefined {
  if (verdict === true) return undefined;
  return `\`${text}\` ${verdict === false ? 'is false' : 'cannot be decided'}: ${saw}`;
}

function sawOf(about: string, { context, attributes, label }: ConditionInput): string {
  switch (about) {
    case 'time':
      return Math.abs(context.nowMs) <= LAST_MS
        ? `it is ${new Date(context.nowMs).toISOString()}`
        : 'the time is not known';
    case 'purpose':
      return factText('purpose', context.purpose);
    case 'env':
      return factText('environment', context.environment);
    case 'on-behalf-of':
      return context.onBehalfOf === undefined
        ? 'the run is on behalf of nobody'
        : `the run is on behalf of \`${context.onBehalfOf}\``;
    case 'label':
      return label === undefined ? 'the request has no label' : `the label is \`${label}\``;
    default:
      return argumentText(about, attributes.get(about.slice('arg.'.length)));
  }
}

const factText = (name: string, value: string | undefined): string =>
  value === undefined ? `the run has no ${name}` : `the ${name} is \`${value}\``;

/** Values may be as long as the guest likes. */
const MAX_SHOWN = 120;

function argumentText(about: string, value: Attribute | undefined): string {
  if (value === undefined) return `the request has no \`${about}\` that a rule can test`;
  const text = typeof value === 'object' ? value.map(String).join(' | ') : String(value);
  return `\`${about}\` is \`${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text}\``;
}

/** The first part of a resource that a pattern does not fit, in words; the pattern is one that does not match it. */
export function resourceMismatch(pattern: ResourcePattern, given: ResourceParts): string {
  const own = pattern.parts;
  const [scheme, port] = cutHead(own.head);
  const [givenScheme, givenPort] = cutHead(given.head);
  if (scheme !== givenScheme) return `the row is for \`${scheme}\` and not for \`${givenScheme}\``;
  if (own.host !== given.host && !hostFits(pattern, given)) return hostText(pattern, given);
  if (port !== givenPort) return `the port is ${givenPort}, the row has ${port}`;
  return pathMismatch(own.path, given.path);
}

/** The scheme or name, and the port with the default filled in. */
function cutHead(head: string): readonly [string, string] {
  if (head === '') return ['files', ''];
  const [name = '', port] = head.split('://:');
  const scheme = name.replace(/:(?:\/\/)?$/, '');
  return [scheme, port ?? SCHEMES.get(scheme) ?? ''];
}

function hostFits({ host }: ResourcePattern, given: ResourceParts): boolean {
  if (host === undefined || given.address || !given.host.endsWith(host.suffix)) return false;
  const before = given.host.slice(0, given.host.length - host.suffix.length);
  return before !== '' && (host.many || !before.includes('.'));
}

function hostText({ host, parts }: ResourcePattern, given: ResourceParts): string {
  const rule =
    host === undefined
      ? ''
      : given.address
        ? ': a wildcard never stands for an address'
        : host.many
          ? ': `**.` stands for one label or more'
          : ': `*.` stands for exactly one label';
  return `the host is \`${given.host}\`, the row has \`${parts.host}\`${rule}`;
}

function pathMismatch(own: readonly string[], given: readonly string[]): string {
  for (const [index, segment] of own.entries()) {
    const here = given[index];
    if (segment === '**') {
      const rest = own.slice(index).join('/');
      return here === undefined
        ? `the resource ends where the row has \`${rest}\`: a closing \`**\` stands for one segment or more`
        : `\`${given.slice(index).join('/')}\` is not what \`${rest}\` stands for`;
    }
    if (here === undefined) return `the resource ends before \`${own.slice(index).join('/')}\` of the row`;
    if (!matchParts(parsePath(segment, 0), [here]))
      return here === ''
        ? `segment ${index + 1} is empty, the row has \`${segment}\``
        : `segment ${index + 1} is \`${here}\`, the row has \`${segment === '' ? '(an empty one)' : segment}\``;
  }
  return `the resource goes on with \`/${given.slice(own.length).join('/')}\` where the row ends`;
}
