import type { Configuration } from './configuration.ts';
import { attributesOf, isAttributesRefusal } from './contracts/attributes.ts';
import type { DenialReason } from './contracts/decision.ts';
import { HostError } from './contracts/errors.ts';
import type { Clock } from './contracts/powers.ts';
import type { PolicyRef } from './contracts/decision.ts';
import { parseStrictJson } from './contracts/strict-json.ts';
import { isRefusal, NO_ATTRIBUTES, type Access, type Attributes } from './contracts/request.ts';
import { isProtected } from './enforcement/protection.ts';
import { canonicalIntention } from './intention.ts';
import type { AgentManifest } from './manifest/agent-section.ts';
import { explain, type Explanation } from './policy/explanation.ts';
import { lintPolicy } from './policy/policy-lint.ts';
import { proposeRow } from './policy/row-proposal.ts';

/** A policy that loads, and what may not be meant in it. */
export interface PolicyReport {
  readonly file: string;
  readonly policy: PolicyRef;
  readonly rules: number;
  readonly warnings: readonly { readonly line: number; readonly message: string; readonly rule: string }[];
}

/** What an operator asks about. */
export interface PolicyQuestion {
  readonly action: string;
  readonly resource: string;
  /** A JSON object. */
  readonly arguments?: string;
  readonly purpose?: string;
  readonly onBehalfOf?: string;
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
  readonly matched: readonly PolicyExplanationRow[];
  readonly near: readonly PolicyExplanationRow[];
  readonly rowToAdd?: string;
  readonly note?: string;
  readonly policy: PolicyRef;
}

export function reportPolicy({ manifest, policy }: Configuration, clock: Clock): PolicyReport {
  return {
    file: manifest.policy.rules,
    policy: policy.ref,
    rules: policy.rules.length,
    warnings: lintPolicy(policy, clock.nowMs()),
  };
}

/** Explains one question, in the form in which a gate would ask it. Throws `ERR_USAGE` where no gate would. */
export function explainDecision(
  { manifest, settings, policy }: Configuration,
  agent: AgentManifest,
  question: PolicyQuestion,
  clock: Clock,
): PolicyExplanation {
  const { action, resource } = question;
  const parsed = canonicalIntention(settings, { action, resource, attributes: argumentsOf(question.arguments) });
  if (isRefusal(parsed))
    throw new HostError('ERR_USAGE', `\`${action} ${resource}\` is not something that a gate asks: ${parsed.refused}`);
  const purpose = question.purpose ?? agent.purpose;
  const onBehalfOf = question.onBehalfOf ?? agent.onBehalfOf;
  const context = {
    nowMs: question.atMs ?? clock.nowMs(),
    ...(purpose === undefined ? {} : { purpose }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(agent.environment === undefined ? {} : { environment: agent.environment }),
  };
  // Of several accesses, the first that is not allowed decides; the last speaks where all are.
  const explanations = parsed.accesses.map((access) =>
    protectedView(explain(policy, `agent:${agent.name}`, access, context), access),
  );
  const speaking = explanations.find(({ decision }) => decision.effect !== 'allow') ?? explanations[0];
  if (speaking === undefined) throw new HostError('ERR_INTERNAL', 'a request without an access');
  return view(speaking, manifest.policy.rules);
}

/** What the host protects by itself: a rule that allows it is not enough. */
function protectedView(explanation: Explanation, { protection }: Access): Explanation {
  const { decision } = explanation;
  if (decision.effect !== 'allow' || !isProtected(protection, decision.rules)) return explanation;
  const lift = protection === 'always' ? 'nothing lifts that' : 'a row that names it without a wildcard lifts that';
  const { rules, policy } = decision;
  return {
    ...explanation,
    decision: { effect: 'deny', reason: 'protected-resource', rules, access: 0, policy },
    note: `the host protects this resource whatever the policy allows: ${lift}`,
  };
}

function view(explanation: Explanation, file: string): PolicyExplanation {
  const { agent, roles, action, resource, decision, matched, near, lineToAdd, note } = explanation;
  const row = (
    { id, line, row: text, clauses }: Explanation['matched'][number],
    differs?: string,
  ): PolicyExplanationRow => {
    const open = clauses
      .filter(({ verdict }) => verdict !== true)
      .map(({ text: clause, verdict }) => `\`${clause}\` is ${String(verdict)}`);
    const remark = differs === undefined || differs === 'condition' ? open.join(', ') : `another ${differs}`;
    return { file, line, id, row: text, ...(remark === '' ? {} : { note: remark }) };
  };
  return {
    agent,
    roles,
    action,
    resource,
    effect: decision.effect,
    ...(decision.effect === 'deny' ? { reason: decision.reason } : {}),
    obligations: decision.effect === 'allow' ? { ...decision.obligations } : {},
    matched: matched.map((rule) => row(rule)),
    near: near.map((rule) => row(rule, rule.differs)),
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

/** What was denied, and the arguments that it had. */
export interface DeniedAccess {
  readonly action: string;
  readonly resource: string;
  readonly attributes?: Attributes;
}

/** The row that would allow an action of an agent, with what to know about it, or why there is none. */
export function rowFor({ policy, settings }: Configuration, agent: string, denied: DeniedAccess): string {
  const { action, resource, attributes = NO_ATTRIBUTES } = denied;
  if (!isDeclared(settings, resource)) return '(no row can allow this: the configuration declares no such tool)';
  const decision = { effect: 'deny', reason: 'no-rule', rules: [], access: 0, policy: policy.ref } as const;
  const access = { action, resource, attributes };
  const { lineToAdd, note } = proposeRow(policy, `agent:${agent}`, access, decision);
  if (lineToAdd === undefined) return `(no row can allow this: ${note ?? 'it is not served'})`;
  return note === undefined ? lineToAdd : `${lineToAdd} (${note})`;
}

const isDeclared = ({ tools }: Configuration['settings'], resource: string): boolean =>
  !resource.startsWith('tool:') || tools.tools.some(({ name }) => resource === `tool:${name}`);
