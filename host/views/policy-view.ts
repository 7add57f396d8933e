import { labelledAs } from '../live-policy/asked-label.ts';
import type { CounterReading } from '../budget/counter-reading.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { countersOf, type BudgetCounter } from './budget-view.ts';
import { attributesOf, isAttributesRefusal } from '../contracts/attributes.ts';
import type { DenialReason, PolicyRef } from '../contracts/decision.ts';
import { HostError } from '../contracts/errors.ts';
import { checkAsked, factsOf } from '../configuration/run-facts.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Clock } from '../contracts/powers.ts';
import type { RunFacts } from '../contracts/principal.ts';
import type { DecisionContext } from '../contracts/decision-point.ts';
import { parseStrictJson } from '../contracts/strict-json.ts';
import { isRefusal, NO_ATTRIBUTES, type Access, type Attributes } from '../contracts/request.ts';
import { isProtected } from '../enforcement/protection.ts';
import type { PolicyTestReport } from '../live-policy/policy-test.ts';
import { propertiesOf } from '../gates/tool-exec/tool-schema.ts';
import { canonicalIntention } from '../live-policy/intention.ts';
import type { AgentManifest } from '../manifest/agent-section.ts';
import type { Declared } from '../policy/breadth.ts';
import { createExplainer, type Explainer, type Explanation, type NearMiss } from '../policy/explanation.ts';
import { lintPolicy, type LintWarning } from '../policy/policy-lint.ts';
import { findingText } from '../policy/mismatch.ts';
import { narrowestRow, type Proposal } from '../policy/row-proposal.ts';

/** A policy that loads, and what may not be meant in it. */
export interface PolicyReport {
  readonly file: string;
  readonly policy: PolicyRef;
  readonly rules: number;
  readonly warnings: readonly LintWarning[];
  /** How the tests beside the policy went, where there are any. */
  readonly tests?: PolicyTestReport;
}

/** Who would act, and what for: what the agent has by the configuration, if absent. */
export interface AskedFacts {
  readonly purpose?: string;
  readonly onBehalfOf?: string;
  /** The label of what the run has read; the lowest, if absent. */
  readonly label?: string;
}

/** What an operator asks about. */
export interface PolicyQuestion extends AskedFacts {
  readonly action: string;
  readonly resource: string;
  /** A JSON object. */
  readonly arguments?: string;
  /** When it would happen; now, if absent. Milliseconds since 1970-01-01T00:00Z. */
  readonly atMs?: number;
}

/** One row in an explanation. */
export interface PolicyExplanationRow {
  readonly file: string;
  readonly line: number;
  readonly id: string;
  readonly row: string;
  /** What keeps it from matching, or how its clauses stand. */
  readonly note?: string;
  /** On a row that nearly allows it: the one part that does not fit. */
  readonly differs?: NearMiss['differs'];
}

/** Why something would be allowed or denied. For the operator alone. */
export interface PolicyExplanation {
  readonly agent: string;
  readonly roles: readonly string[];
  readonly action: string;
  /** In canonical form. */
  readonly resource: string;
  readonly effect: 'allow' | 'approve' | 'deny';
  readonly reason?: DenialReason;
  readonly obligations: Readonly<Record<string, unknown>>;
  /** The counters that it would take from, as they stand now. Only of a whole question, and where it has any. */
  readonly budgets?: readonly BudgetCounter[];
  readonly matched: readonly PolicyExplanationRow[];
  readonly near: readonly PolicyExplanationRow[];
  readonly rowToAdd?: string;
  readonly note?: string;
  readonly policy: PolicyRef;
}

/** What operators ask about one policy. */
export interface PolicyView {
  report(): PolicyReport;
  /** Decides without any effect, and says why. */
  explain(agent: AgentManifest, question: PolicyQuestion): PolicyExplanation;
  /** The same for what a gate has asked already. */
  explainAccess(agent: AgentManifest, access: Access, facts: AskedFacts): PolicyExplanation;
  /** The row that would allow an action of an agent, with what to know about it, or why there is none. */
  rowFor(agent: string, denied: DeniedAccess): string;
}

/** What was denied, and the arguments that it had. */
export interface DeniedAccess {
  readonly action: string;
  readonly resource: string;
  readonly attributes?: Attributes;
}

/** Makes the view of a configuration's policy. */
export function createPolicyView(configuration: Configuration, clock: Clock, counters?: CounterReading): PolicyView {
  const { manifest, settings, policy } = configuration;
  const file = manifest.policy.rules;
  let explainer: Explainer | undefined;

  /** What is shown of one access, and what its budgets are. */
  function explained(agent: AgentManifest, access: Access, facts: AskedFacts & { atMs?: number }) {
    explainer ??= createExplainer(policy);
    const [labelled] =
      access.label === undefined ? labelledAs(facts.label, [access], { order: manifest.labels, settings }) : [access];
    const context = contextOf(agent, facts, { clock, manifest });
    const explanation = explainer.explain(`agent:${agent.name}`, labelled, context);
    const judged = undeclared(settings, access) ?? protectedView(policy, explanation, access, context);
    const { decision } = explanation;
    const terms = decision.effect === 'deny' ? [] : (decision.obligations.budgets ?? []);
    return { shown: view(withMount(settings, access, judged), explanation, file), terms };
  }

  return Object.freeze({
    report: () => ({
      file,
      policy: policy.ref,
      rules: policy.rules.length,
      warnings: lintPolicy(policy, clock.nowMs(), declaredBy(settings)),
    }),
    explain(agent: AgentManifest, question: PolicyQuestion): PolicyExplanation {
      checkAsked(question, agent, manifest);
      const { action, resource } = question;
      const parsed = canonicalIntention(settings, { action, resource, attributes: argumentsOf(question.arguments) });
      if (isRefusal(parsed))
        throw new HostError(
          'ERR_USAGE',
          `\`${action} ${resource}\` is not something that a gate asks: ${parsed.refused}`,
        );
      // Of several accesses, the first that is not allowed decides; the last speaks where all are.
      const [first, ...rest] = parsed.accesses.map((access) => explained(agent, access, question));
      if (first === undefined) throw new HostError('ERR_INTERNAL', 'a request without an access');
      const all = [first, ...rest];
      const { shown } = all.find((one) => one.shown.effect !== 'allow') ?? first;
      const terms = all.flatMap((one) => one.terms);
      if (counters === undefined || shown.effect === 'deny' || terms.length === 0) return shown;
      const onBehalfOf = question.onBehalfOf ?? agent.onBehalfOf;
      const asked = { ...parsed.accesses[0], agent: `agent:${agent.name}`, onBehalfOf };
      return { ...shown, budgets: countersOf(terms, asked, { manifest, counters }) };
    },
    explainAccess: (...asked: Parameters<typeof explained>) => explained(...asked).shown,
    rowFor(agent: string, { action, resource, attributes = NO_ATTRIBUTES }: DeniedAccess): string {
      const access = { action, resource, attributes };
      const { lineToAdd, note } =
        undeclared(settings, access) ?? narrowestRow(policy, `agent:${agent}`, access, manifest.agents.get(agent));
      if (lineToAdd === undefined) return `(no row can allow this: ${note ?? 'it is not served'})`;
      return note === undefined ? lineToAdd : `${lineToAdd} (${note})`;
    },
  });
}

/** What rows can name. */
function declaredBy({ tools, db, fs }: Configuration['settings']): Declared {
  return {
    tools: tools.tools.map((tool) => ({
      name: tool.name,
      ...('file' in tool ? { program: tool.file } : {}),
      takesArguments: propertiesOf(tool.schema).size > 0,
    })),
    databases: [...db.databases.keys()],
    mounts: fs.mounts.map(({ path }) => path),
  };
}

function contextOf(
  agent: AgentManifest,
  asked: AskedFacts & { atMs?: number },
  { clock, manifest }: { readonly clock: Clock; readonly manifest: Manifest },
): DecisionContext {
  return { nowMs: asked.atMs ?? clock.nowMs(), ...factsOf(asked, agent, manifest) };
}

/** What no row can allow, because there is no such thing in the configuration. */
function undeclared({ tools }: Configuration['settings'], { resource }: Access): Proposal | undefined {
  if (!resource.startsWith('tool:') || tools.tools.some(({ name }) => resource === `tool:${name}`)) return undefined;
  return { note: 'the configuration declares no such tool' };
}

/** A row for a path that no mount shows allows it, and it still leads nowhere. */
function withMount({ fs }: Configuration['settings'], { resource }: Access, judged: Judged): Judged {
  if (judged.lineToAdd === undefined || !resource.startsWith('/')) return judged;
  if (fs.mounts.some(({ path }) => path === '/' || resource === path || resource.startsWith(`${path}/`))) return judged;
  const note = 'no mount of the configuration shows this path: with the row alone there is nothing to be found';
  return { ...judged, note: judged.note === undefined ? note : `${judged.note}; ${note}` };
}

/** What the host protects by itself: a rule that allows it is not enough. */
function protectedView(
  policy: Configuration['policy'],
  explanation: Explanation,
  access: Access,
  facts: RunFacts,
): Judged {
  const { agent, decision, lineToAdd, note } = explanation;
  const proposal = { ...(lineToAdd === undefined ? {} : { lineToAdd }), ...(note === undefined ? {} : { note }) };
  const { protection } = access;
  if (protection === undefined || decision.effect === 'approve') return proposal;
  const guarded = { reason: 'protected-resource' } as const;
  if (protection === 'always') {
    const always = { note: 'the host protects this resource whatever the policy allows: nothing lifts that' };
    return decision.effect === 'allow' ? { ...guarded, ...always } : always;
  }
  if (decision.effect === 'deny' || !isProtected(protection, decision.rules)) return proposal;
  const row = narrowestRow(policy, agent, access, facts).lineToAdd;
  const lifts =
    'the host protects this resource whatever the policy allows: a row that names it without a wildcard lifts that';
  return { ...guarded, note: lifts, ...(row === undefined || row.includes('*') ? {} : { lineToAdd: row }) };
}

/** What can be done, and the reason where it is another one than the policy's. */
interface Judged extends Proposal {
  readonly reason?: DenialReason;
}

function view({ reason, lineToAdd, note }: Judged, explanation: Explanation, file: string): PolicyExplanation {
  const { agent, roles, action, resource, decision, matched, near } = explanation;
  const why = reason ?? (decision.effect === 'deny' ? decision.reason : undefined);
  const row = ({ id, line, row: text }: Explanation['matched'][number], remark: string): PolicyExplanationRow => ({
    file,
    line,
    id,
    row: text,
    ...(remark === '' ? {} : { note: remark }),
  });
  return {
    agent,
    roles,
    action,
    resource,
    effect: why === undefined ? decision.effect : 'deny',
    ...(why === undefined ? {} : { reason: why }),
    obligations: decision.effect === 'allow' && why === undefined ? { ...decision.obligations } : {},
    matched: matched.map((rule) => row(rule, rule.clauses.flatMap((clause) => findingText(clause) ?? []).join(', '))),
    near: near.map((rule: NearMiss) => ({ ...row(rule, rule.why), differs: rule.differs })),
    ...(lineToAdd === undefined ? {} : { rowToAdd: lineToAdd }),
    ...(note === undefined ? {} : { note }),
    policy: decision.policy,
  };
}

function argumentsOf(text: string | undefined): Attributes {
  if (text === undefined) return NO_ATTRIBUTES;
  // Parsed as the gates do: a name that comes twice is refused here as well.
  const parsed = parseStrictJson(text, { bytes: 65_536, depth: 16 });
  if ('refused' in parsed) throw new HostError('ERR_USAGE', `the arguments are ${parsed.refused}`);
  const attributes = attributesOf(parsed.object);
  if (isAttributesRefusal(attributes)) throw new HostError('ERR_USAGE', attributes.refused);
  return attributes;
}
