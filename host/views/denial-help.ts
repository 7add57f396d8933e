import { HINTS } from '../contracts/denial.ts';
import type { Access, Json } from '../contracts/request.ts';
import { NO_ATTRIBUTES } from '../contracts/request.ts';
import type { DecisionEvent } from '../enforcement/enforce.ts';
import { classifyAddress } from '../gates/http/address-range.ts';
import { parseAddress } from '../gates/http/ip-address.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import type { AskedFacts, PolicyExplanation, PolicyExplanationRow, PolicyView } from './policy-view.ts';

/** What an operator can do about a denial. Never shown to a guest. */
export interface DenialHelp {
  /** What stands against it, one sentence each. */
  readonly notes: readonly string[];
  /** Rows that made it. */
  readonly rules: readonly PolicyExplanationRow[];
  /** The rows that would allow the request and nothing wider; all of them are needed. */
  readonly rowsToAdd: readonly string[];
  /** The row that nearly allows it, and the part that does not fit. */
  readonly nearest?: PolicyExplanationRow;
}

const only = (...notes: readonly string[]): DenialHelp => ({ notes, rules: [], rowsToAdd: [] });

/** Says what an operator can do about a denial, whatever its reason. */
export function helpWith(view: PolicyView, agent: AgentManifest, event: DecisionEvent, facts: AskedFacts): DenialHelp {
  const { reason = 'no-rule', detail = {} } = event;
  switch (reason) {
    case 'no-rule':
    case 'forbidden-by-rule':
    case 'protected-resource':
      return policyHelp(accessesOf(event).map((access) => view.explainAccess(agent, access, facts)));
    case 'unsupported-obligation':
      return obligationHelp(event, view.explainAccess(agent, accessesOf(event)[0], facts));
    case 'invalid-request':
      return only(
        `the request has no form that can be decided on${textOf(detail['refused'], (text) => `: ${text}`)}; the agent must ask otherwise, no row can allow it`,
      );
    case 'address-forbidden':
      return addressHelp(detail);
    case 'not-served':
      return only('the host has no gate for this interface: no row can allow it; the agent must do without');
    case 'not-approved':
      return only(approvalNote(detail['approval']));
      return only(HINTS[reason]);
    case 'budget-exhausted':
      return only(budgetHelp(event));
    case 'policy-unavailable':
      return only('the policy could not be evaluated, so nothing is allowed; `sallyport policy check` tells more');
    case 'audit-unavailable':
      return only(
        'the record could not be written, so nothing is allowed any more: see the fault before this, and the disk',
      );
  }
}

/** Why nobody said yes, and what helps. */
function approvalNote(approval: Json | undefined): string {
  const { status, by, why, question } = isRecord(approval) ? approval : {};
  switch (status) {
    case 'denied':
      return `${textOf(by, (name) => name)} said no: in this run the same request is not asked about again`;
    case 'expired':
      return 'nobody answered in time; `ttl=` of the row says how long people have';
    case 'request-changed':
      return 'it was another request that was approved: this one has to be asked about';
    case 'unavailable':
      return OBSTACLES.get(textOf(why, (name) => name)) ?? HINTS['not-approved'];
    default:
      return `${HINTS['not-approved']}${textOf(question, (id) => `: \`sallyport approve show ${id}\``)}`;
  }
}

const OBSTACLES: ReadonlyMap<string, string> = new Map([
  [
    'no-store',
    'questions to people cannot be kept: see the fault before this, and `state.directory` of the configuration',
  ],
  ['too-many', 'the run, or its agent, has asked people too often'],
  [
    'nobody-may',
    'there are not enough different people under `approvers:` who may say yes; nobody approves what his own agent does',
  ],
]);

const isRecord = (value: Json | undefined): value is { readonly [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function accessesOf({ action, resource, attributes = NO_ATTRIBUTES, accesses = [] }: DecisionEvent): Accesses {
  const [first = { action, resource, attributes }, ...rest] = accesses;
  return [first, ...rest];
}
type Accesses = readonly [Access, ...Access[]];

/** What is missing for the whole request: every access of it must be allowed. */
function policyHelp(explanations: readonly PolicyExplanation[]): DenialHelp {
  const missing = explanations.filter(({ effect }) => effect !== 'allow');
  if (missing.length === 0) return only('the policy allows it now: what denied it was a condition on the time');
  const nearest = missing.find(({ near }) => near.length > 0)?.near[0];
  return {
    notes: distinct(missing.flatMap(({ note }) => note ?? [])),
    rules: missing.filter(({ reason }) => reason !== 'no-rule').flatMap(({ matched }) => matched),
    rowsToAdd: distinct(missing.flatMap(({ rowToAdd }) => rowToAdd ?? [])),
    ...(nearest === undefined ? {} : { nearest }),
  };
}

function obligationHelp({ action, detail = {} }: DecisionEvent, { matched }: PolicyExplanation): DenialHelp {
  const { obligations } = detail;
  const names = (Array.isArray(obligations) ? obligations : []).map((name) => ITEMS.get(String(name)) ?? String(name));
  const what = names.map((name) => `\`${name}\``).join(' ');
  const why = names.includes('approve')
    ? 'and this call is answered at once: it cannot wait for a person'
    : `which the gate of \`${action}\` cannot do`;
  const note = `a row that allows it asks for ${what === '' ? 'something' : what}, ${why}: take it out of that row`;
  return {
    notes: [note],
    rules: matched.filter(({ row }) => names.some((name) => row.includes(`${name}=`))),
    rowsToAdd: [],
  };
}

/** Obligations whose item in a row has another name. */
const ITEMS: ReadonlyMap<string, string> = new Map([
  ['timeoutMs', 'timeout'],
  ['approval', 'approve'],
]);

/** Which budget has no room, and when it has. */
function budgetHelp({ detail = {}, retryAfterMs }: DecisionEvent): string {
  const { budget, because, bytes } = detail;
  if (because === 'no-user') return 'a budget counts for a person (`@user`), and the run is on behalf of nobody';
  if (because === 'no-price')
    return 'a rule bounds the cost, and no entry of `prices` in the configuration says what this costs';
  if (typeof bytes === 'number') return `a rule allows ${bytes} bytes for one call`;
  if (budget === 'cannot be kept') return 'the counters of budgets could not be kept: see the fault before this';
  if (typeof budget !== 'object' || budget === null || !('kind' in budget)) return HINTS['budget-exhausted'];
  const { kind, rule, scope } = budget;
  const later = retryAfterMs === undefined ? '' : `; there is room in ${waitText(retryAfterMs)}`;
  return `the budget \`${wordOf(kind)}\` of the rule ${wordOf(rule)}, counted for each ${wordOf(scope)}, is used up${later}`;
}

const wordOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '?');
const waitText = (ms: number): string => (ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.ceil(ms / 1000)} s`);

function addressHelp({ address, range }: { readonly [key: string]: Json }): DenialHelp {
  const text = typeof address === 'string' ? address : '';
  const parsed = parseAddress(text);
  const what = `the name leads to \`${text}\`${textOf(range, (name) => ` (${name})`)}`;
  if (parsed !== undefined && classifyAddress(parsed).reach === 'literal')
    return only(`${what}: only a row whose resource names this very address opens it, for a URL that names it too`);
  return only(
    `${what}: if that is meant, write a row that names the host without a wildcard, or open the network under \`http.networks\` of the configuration`,
  );
}

const textOf = (value: Json | undefined, show: (text: string) => string): string =>
  typeof value === 'string' ? show(value) : '';

const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts)];
