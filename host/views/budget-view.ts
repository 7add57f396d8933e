import { needOf } from '../budget/budgets.ts';
import type { Asked, CounterReading } from '../budget/counter-reading.ts';
import { createCounterNames } from '../budget/counter.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { createPrices } from '../configuration/prices.ts';
import type { BudgetScope, BudgetTerm } from '../contracts/decision.ts';
import { HostError } from '../contracts/errors.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { compileRule, createCellCompiler, subjectOf } from '../policy/rule.ts';

/** One counter of a budget, as it stands. Amounts are calls, bytes, places, or millionths of the currency. */
export interface BudgetCounter {
  readonly rule: string;
  readonly kind: BudgetTerm['kind'];
  readonly scope: BudgetScope;
  /** Whom it counts for: `agent:NAME`, `role:NAME`, `user:NAME`; `null` where nobody was named. */
  readonly subject: string | null;
  /** What it counts for, where each resource has its own; `null` where none was named, or all are counted together. */
  readonly resource: string | null;
  readonly limit: number;
  /** ISO 4217; `null` for everything but `cost`. */
  readonly currency: string | null;
  /** The length of the window; `null` for `concurrency`. */
  readonly periodMs: number | null;
  /** What counts now; what runs have taken ahead is a part of it. `null` where it is not known which counter is meant. */
  readonly used: number | null;
  readonly left: number | null;
  /** In how long there is room: for the request that was asked about, or at all. `null` where waiting does not help. */
  readonly roomInMs: number | null;
  /** In how long nothing counts any more that counts now. */
  readonly clearInMs: number | null;
  /** Of a request that was asked about: what it needs before it begins. `null`: no price says what it costs. */
  readonly need?: number | null;
}

/** Which counters are looked for. All that the configuration and the policy name, if absent. */
export interface BudgetQuestion {
  readonly agent?: string;
  /** For counters of a person: `user:NAME`; the agent's own, if absent. */
  readonly onBehalfOf?: string;
  /** For counters of a resource, in canonical form. Without it, they are listed without their state. */
  readonly resource?: string;
}

/** For whom counters are looked at. */
interface Principal {
  /** `agent:NAME`. */
  readonly agent: string;
  readonly onBehalfOf: string | undefined;
}

interface Line {
  readonly term: BudgetTerm;
  readonly subject: string | undefined;
  readonly resource: string | undefined;
  /** Nothing where it is not known which counter is meant. */
  readonly asked: Asked | undefined;
}

/** The counters that one request would take from: of each, what it needs. Throws `ERR_BUDGET_STORE`. */
export function countersOf(
  terms: readonly BudgetTerm[],
  { action, resource, ...who }: Principal & { readonly action: string; readonly resource: string },
  { manifest, counters }: { readonly manifest: Manifest; readonly counters: CounterReading },
): readonly BudgetCounter[] {
  const price = createPrices(manifest.prices)(action, resource);
  const lines = terms.map((term) => lineOf(term, who, resource, needOf(term, price)));
  const unpriced = (term: BudgetTerm): boolean => term.kind === 'cost' && price === undefined;
  return read(distinct(lines), counters, manifest.state.directory).map(([counter, { term, asked }]) => ({
    ...counter,
    ...(unpriced(term) ? { roomInMs: null, need: null } : { need: asked?.need ?? needOf(term, price) }),
  }));
}

/** The counters of a policy: of these agents, or, where there are none, of all that the configuration names. */
export function listBudgets(
  { manifest, policy }: Configuration,
  chosen: readonly AgentManifest[],
  { onBehalfOf, resource }: BudgetQuestion,
  counters: (directory: string) => CounterReading,
): readonly BudgetCounter[] {
  const compiler = createCellCompiler(policy.words);
  const agents = chosen.length > 0 ? chosen : [...manifest.agents.values()];
  const subjects = agents.map((agent) => new Set(policy.roles.closure(`agent:${agent.name}`)));
  const lines = policy.rules.flatMap((rule): Line[] => {
    if (!MAY_COUNT.test(rule.cells[5])) return [];
    const { obligations } = compileRule(rule, compiler);
    const holding = agents.filter((_, index) => subjects[index]?.has(subjectOf(rule.row)));
    return (obligations.budgets ?? []).flatMap((term) =>
      holding.map((agent) => {
        const who = { agent: `agent:${agent.name}`, onBehalfOf: onBehalfOf ?? agent.onBehalfOf };
        return lineOf(term, who, resource, 1, subjectOf(rule.row));
      }),
    );
  });
  const { directory } = manifest.state;
  return read(distinct(lines), counters(directory), directory).map(([counter]) => counter);
}

const MAY_COUNT = /(?:^| )(?:rate|bytes|cost|concurrency)=/;

function lineOf(
  term: BudgetTerm,
  { agent, onBehalfOf }: Principal,
  resource: string | undefined,
  need: number,
  role?: string,
): Line {
  const principal = { agent, roles: [], component: '', ...(onBehalfOf === undefined ? {} : { onBehalfOf }) };
  const known = term.scope !== 'resource' || resource !== undefined;
  const counter = known
    ? createCounterNames()(term, { terms: [term], principal, action: '', resource: resource ?? '' })
    : undefined;
  const subjects: Readonly<Record<BudgetScope, string | undefined>> = {
    agent,
    role,
    user: onBehalfOf,
    resource: agent,
  };
  return {
    term,
    subject: subjects[term.scope],
    resource: term.scope === 'resource' ? resource : undefined,
    asked: counter && { counter, need },
  };
}

/** Each counter once: that of a role is one for all its agents. Of several limits of one counter, the lowest. */
function distinct(lines: readonly Line[]): readonly Line[] {
  const byKey = new Map<string, Line>();
  for (const line of lines) {
    const { term, subject = '', asked } = line;
    const key = asked?.counter.key ?? `${term.rule} ${term.kind} ${term.periodMs ?? 0} ${term.scope} ${subject}`;
    const known = byKey.get(key);
    if (known === undefined || term.limit < known.term.limit) byKey.set(key, line);
  }
  return [...byKey.values()];
}

function read(
  lines: readonly Line[],
  counters: CounterReading,
  directory: string,
): readonly (readonly [BudgetCounter, Line])[] {
  const asked = lines.flatMap((line) => line.asked ?? []);
  const states = lookWith(counters, asked, directory);
  const byKey = new Map(asked.map(({ counter }, index) => [counter.key, states[index]]));
  return lines.map((line) => {
    const { term, subject = null, resource = null } = line;
    const state = line.asked === undefined ? undefined : byKey.get(line.asked.counter.key);
    const { rule, kind, scope, limit, currency = null, periodMs = null } = term;
    const { used = null, left = null, roomInMs = null, clearInMs = null } = state ?? {};
    return [{ rule, kind, scope, subject, resource, limit, currency, periodMs, used, left, roomInMs, clearInMs }, line];
  });
}

function lookWith(counters: CounterReading, asked: readonly Asked[], directory: string): ReturnType<CounterReading> {
  try {
    return asked.length === 0 ? [] : counters(asked);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const hints = ['until they can be read, everything that has a budget is denied'];
    throw new HostError('ERR_BUDGET_STORE', `the counters of budgets in \`${directory}\` cannot be read: ${reason}`, {
      cause,
      hints,
    });
  }
}
