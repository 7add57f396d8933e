import { z } from 'zod';
import { labelledAs } from './asked-label.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { groupsOf } from '../configuration/groups.ts';
import { attributesOf, isAttributesRefusal } from '../contracts/attributes.ts';
import type { Decision, Obligations } from '../contracts/decision.ts';
import type { DecisionContext, DecisionPoint } from '../contracts/decision-point.ts';
import { DENIAL_REASONS } from '../contracts/decision.ts';
import { HostError } from '../contracts/errors.ts';
import { isRefusal } from '../contracts/request.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import { canonicalIntention } from './intention.ts';
import { createProblemList, pathText } from '../manifest/problem-list.ts';
import { readYaml, type YamlSource } from '../manifest/yaml-source.ts';
import { decisionPointSteps } from '../policy/decision-point.ts';
import { parseObligations } from '../policy/obligation.ts';
import type { SourceText } from '../policy/policy-file.ts';
import { finish, type Steps } from '../policy/steps.ts';

/** Monday noon, UTC: a test that names no time has the same answer at any hour. */
const USUAL_TIME = '2026-01-05T12:00:00Z';
const MOST_TESTS = 10_000;

const name = z.string().min(1).max(200);

const Case = z.strictObject({
  it: name.optional(),
  agent: name,
  action: name,
  resource: z.string().min(1).max(8192),
  arguments: z.record(z.string(), z.unknown()).default({}),
  purpose: name.optional(),
  environment: name.optional(),
  label: name.optional(),
  'on-behalf-of': z
    .string()
    .regex(/^user:./, { error: 'expected `user:` and a name' })
    .optional(),
  at: z.iso.datetime({ offset: true, error: 'expected a time as in `2026-03-02T11:00:00Z`' }).default(USUAL_TIME),
  expect: z.enum(['allow', 'approve', 'deny']),
  reason: z.enum(DENIAL_REASONS).optional(),
  then: z.string().default('-'),
});
const Suite = z.strictObject({ tests: z.array(Case).max(MOST_TESTS) });
type TestCase = z.output<typeof Case>;

/** What the tests are held against: the rules, what gates make of a request, and the people in groups. */
type TestedConfiguration = Pick<Configuration, 'policy' | 'settings' | 'manifest'>;

/** How the tests of a policy went. */
export interface PolicyTestReport {
  readonly file: string;
  readonly passed: number;
  /** `FILE:LINE:COLUMN: …` for each that failed. */
  readonly failures: readonly string[];
}

/**
 * Runs the tests of a policy, `tests.yaml`: a list of cases under `tests`. A case has `agent`, `action`, `resource` and
 * `expect` (`allow`, `approve` or `deny`), and may have `it` (its name), `arguments`, `purpose`, `environment`,
 * `on-behalf-of`, `label` (what the run has read before; the lowest without it), `at` (a time; a Monday noon without it), `reason` of a denial, and `then`: exactly what the
 * rows that decide ask for, as their sixth cell has it (`alert` and `log` of a denial), `-` without it. The groups of a person are those
 * of the configuration; what an agent has there besides (its purpose, its person) is not taken over. Throws `ERR_POLICY_TEST` where the file does not fit.
 */
export const runPolicyTests = (...terms: TestTerms): PolicyTestReport => finish(policyTestSteps(...terms));

type TestTerms = readonly [tests: SourceText, configuration: TestedConfiguration];

/** The same, with pauses. The file itself is read in one go. */
export function* policyTestSteps(...[{ file, text }, configuration]: TestTerms): Steps<PolicyTestReport> {
  const { cases, yaml } = readSuite(file, text);
  const points = new Map<string, DecisionPoint>();
  const failures: string[] = [];
  for (const [index, test] of cases.entries()) {
    yield;
    const problem = yield* tryCase(test, configuration, points);
    if (problem === undefined) continue;
    const { line, column } = yaml.position(['tests', index]);
    const title = test.it ?? `${test.action} ${test.resource}`;
    failures.push(`${file}:${line}:${column}: \`${title}\`: ${problem}`);
  }
  return { file, passed: cases.length - failures.length, failures };
}

function readSuite(file: string, text: string): { cases: readonly TestCase[]; yaml: YamlSource } {
  const problems = createProblemList(file);
  const yaml = readYaml(text, problems);
  if (yaml !== undefined) {
    const parsed = Suite.safeParse(yaml.value);
    if (parsed.success) return { cases: parsed.data.tests, yaml };
    for (const { path, message } of parsed.error.issues) {
      const place = path.filter((part) => typeof part !== 'symbol');
      problems.add(() => yaml.position(place), [], `${pathText(place)}: ${message}`);
    }
  }
  try {
    return problems.throwAll();
  } catch (cause) {
    const hints = cause instanceof HostError ? cause.hints : [];
    throw new HostError('ERR_POLICY_TEST', `the tests in \`${file}\` do not fit their form`, { hints, cause });
  }
}

/** Why a case fails; `undefined` where it does not. */
function* tryCase(
  test: TestCase,
  { policy, settings, manifest }: TestedConfiguration,
  points: Map<string, DecisionPoint>,
): Steps<string | undefined> {
  const unknown = unknownFact(test, policy.words);
  if (unknown !== undefined) return unknown;
  const attributes = attributesOf(test.arguments);
  if (isAttributesRefusal(attributes)) return attributes.refused;
  const request = canonicalIntention(settings, { action: test.action, resource: test.resource, attributes });
  if (isRefusal(request)) return `it is not something that a gate asks: ${request.refused}`;
  const accesses = labelledTest(test.label, request.accesses, { order: policy.words.labels, settings });
  if (typeof accesses === 'string') return accesses;
  const agent = `agent:${test.agent}`;
  const point = points.get(agent) ?? (yield* decisionPointSteps(yield* policy.sliceSteps(agent), agent));
  points.set(agent, point);
  const decision = point.decide(accesses, contextOf(test, manifest));
  if (decision.effect !== test.expect || (test.reason !== undefined && reasonOf(decision) !== test.reason))
    return `expected ${test.expect}${of(test.reason)}, got ${decision.effect}${of(reasonOf(decision))}`;
  const wanted = obligationsOf(test, policy.words);
  if (typeof wanted === 'string') return wanted;
  const [expected, got] = [comparable(wanted), comparable(decision.obligations ?? {})];
  return expected === got ? undefined : `expected the obligations ${expected}, got ${got}`;
}

/** The accesses with their labels; a text says why there are none. */
function labelledTest(...asked: Parameters<typeof labelledAs>): ReturnType<typeof labelledAs> | string {
  try {
    return labelledAs(...asked);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return error.message;
  }
}

const of = (reason: string | undefined): string => (reason === undefined ? '' : ` (${reason})`);
const reasonOf = (decision: Decision): string | undefined => (decision.effect === 'deny' ? decision.reason : undefined);

/** A fact that no run can have: a misspelt one would be denied for another reason than the one that is tested. */
function unknownFact({ purpose, environment }: TestCase, words: Configuration['policy']['words']): string | undefined {
  if (purpose !== undefined && !words.purposes.includes(purpose))
    return `the purpose \`${purpose}\` is not declared${didYouMean(purpose, words.purposes)}`;
  if (environment !== undefined && !words.environments.includes(environment))
    return `the environment \`${environment}\` is not declared${didYouMean(environment, words.environments)}`;
  return undefined;
}

function contextOf(test: TestCase, manifest: Configuration['manifest']): DecisionContext {
  const { purpose, environment, at } = test;
  const onBehalfOf = test['on-behalf-of'];
  const groups = onBehalfOf === undefined ? undefined : groupsOf(manifest, onBehalfOf);
  return {
    nowMs: Date.parse(at),
    ...(purpose === undefined ? {} : { purpose }),
    ...(environment === undefined ? {} : { environment }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(groups === undefined ? {} : { groups }),
  };
}

function obligationsOf({ then, expect }: TestCase, words: Configuration['policy']['words']): Obligations | string {
  try {
    return parseObligations(then, expect === 'deny' ? 'deny' : 'allow', words);
  } catch (error) {
    return `\`then\`: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What of a budget says whose it is, and not how much it gives. */
const NAMES: ReadonlySet<string> = new Set(['rule', 'counter']);

/** Obligations as one text: which rule a budget belongs to, and the order, do not count. */
function comparable(obligations: Obligations): string {
  const { budgets, ...rest } = obligations;
  const terms = (budgets ?? []).map((term) =>
    JSON.stringify(sorted(Object.fromEntries(Object.entries(term).filter(([key]) => !NAMES.has(key))))),
  );
  return JSON.stringify(sorted({ ...rest, ...(budgets === undefined ? {} : { budgets: terms.sort() }) }));
}

const sorted = (record: object): object =>
  Object.fromEntries(Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1)));
