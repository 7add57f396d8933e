import { resolve } from 'node:path';
import { runAgent, warmAgent } from './agent-run.ts';
import { createApprovalDesk, type ApprovalDesk, type Waiting } from './approval/approval-desk.ts';
import { electorateOf, openApprovalStore } from './views/approval-view.ts';
import {
  readConfiguration,
  readPolicyTests,
  refuseExposedComponent,
  type Configuration,
} from './configuration/configuration.ts';
import { isWeakerCell, type CellKind } from './contracts/cell-kind.ts';
import { HostError } from './contracts/errors.ts';
import type { Attributes } from './contracts/request.ts';
import type { RunResult } from './contracts/run-result.ts';
import { didYouMean } from './contracts/suggestion.ts';
import { createRunTree } from './runs/run-tree.ts';
import { helpWith, type DenialHelp } from './views/denial-help.ts';
import type { DecisionEvent } from './enforcement/enforce.ts';
import { checkAsked, factsOf } from './configuration/run-facts.ts';
import { createHostPowers, type HostPowers } from './host-powers.ts';
import { listBudgets, type BudgetCounter, type BudgetQuestion } from './views/budget-view.ts';
import { inspectComponent, type Inspection } from './views/inspection.ts';
import { prepareAhead, type PreparedAhead } from './cells/prepared-ahead.ts';
import type { AgentManifest } from './manifest/agent-section.ts';
import type { Manifest } from './manifest/manifest.ts';
import {
  createPolicyView,
  type AskedFacts,
  type PolicyExplanation,
  type PolicyQuestion,
  type PolicyReport,
  type PolicyView,
} from './views/policy-view.ts';
import { createLivePolicy, type LivePolicy, type ReloadReason } from './live-policy/live-policy.ts';
import type { PolicyEvent, PolicyReload, PolicyStatus } from './live-policy/policy-event.ts';
import { policyStoreOf } from './live-policy/policy-store.ts';
import { runPolicyTests } from './live-policy/policy-test.ts';
import type { RunEvent } from './runs/run-event.ts';
import { tellSafely, type RunObserver } from './runs/run-observer.ts';
import { createCells, type Cells } from './cells/cells.ts';
import { showQuestion } from './runs/shown-question.ts';
import { checkGiven } from './runs/surroundings.ts';
import { type Given } from './runs/given.ts';
import { checkFunctions, type ToolFunction, type ToolFunctions } from './runs/tool-function.ts';

/** Where a host finds its configuration. */
export interface HostOptions {
  /** Path of `sallyport.yaml`. */
  readonly configuration: string;
  /** Where relative paths start. */
  readonly workingDirectory: string;
  /** What it may use of the machine; all that it needs, if absent. */
  readonly powers?: HostPowers;
  /**
   * The functions that the configuration declares as tools (`kind: function`), by the name of the tool. They run in this
   * thread, and the host cannot end them: one that holds the thread holds every run.
   */
  readonly functions?: Readonly<Record<string, ToolFunction>>;
  /** Start a cell at once, for whoever is about to run an agent: it is ready when the run needs it. */
  readonly spareCell?: boolean;
  /** Follow the files of the policy, and put in force what they come to hold. `close` ends it. */
  readonly watch?: boolean;
}

/** Which agent, and its component. */
export interface AgentChoice {
  /** May be left out where the configuration has one agent. */
  readonly agent?: string;
  /** Path of the component; the one of the configuration, if absent. */
  readonly component?: string;
}

/** Cells that are opened ahead. */
export interface WarmOptions extends AgentChoice {
  readonly cells: number;
  /** Of the runs that they are for: as in `RunOptions`. */
  readonly cell?: CellKind;
  readonly signal?: AbortSignal;
}

/** One run. */
export interface RunOptions extends AgentChoice, RunObserver {
  /** What an agent is given; a WASI command or module has none. */
  readonly input?: string;
  /** Arguments of the command line, behind those of the configuration. A WASI program finds its own name before them. */
  readonly arguments?: readonly string[];
  /** Environment variables, beside those of the configuration and in place of those of the same name. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Standard input. Nothing, if absent. */
  readonly stdin?: Uint8Array;
  readonly signal?: AbortSignal;
  /** One of the declared purposes; the agent's own, if absent. */
  readonly purpose?: string;
  /** `user:NAME`. */
  readonly onBehalfOf?: string;
  /** A cell that is stronger than the one of the configuration. A weaker one has to be written there. */
  readonly cell?: CellKind;
}

/** A host: one configuration and its policy, in force. Two hosts in one process do not know of each other. */
export interface Host {
  readonly manifest: Manifest;
  /** Runs an agent once. Throws `HostError` where the run could not even be recorded. */
  run(options: RunOptions): Promise<RunResult>;
  /**
   * Keeps cells open for an agent: their gates are made and their instances are there, so that a run begins at once. Each
   * serves one run and is replaced. Resolves to how many are ready; they use memory until the host is closed. On a thread
   * that is shared there is nothing to open: 0.
   */
  warm(options: WarmOptions): Promise<number>;
  /** Says what a component can ask for and what its agent may do. Nothing runs. */
  inspect(options: AgentChoice & { readonly signal?: AbortSignal }): Promise<Inspection>;
  /** Prepares a component as runs of its agent need it, so that the first run finds it in the cache. Nothing runs. */
  prepare(options: AgentChoice & { readonly signal?: AbortSignal }): Promise<PreparedAhead>;
  /**
   * Puts in force what the files of the policy hold now. Runs that are under way go on: each of their decisions is made
   * under the policy that is in force then. What cannot be put in force is refused, and the policy stays what it was. It is
   * made beside everything else that the thread does; where the files change meanwhile, it begins again with the newest.
   */
  reloadPolicy(reason?: ReloadReason): Promise<PolicyReload>;
  /** Calls back whenever the policy changes, or cannot. Returns what ends that. */
  onPolicy(listener: (event: PolicyEvent) => void): () => void;
  /** What is in force, and how often that was exchanged. */
  policyStatus(): PolicyStatus;
  policyReport(): PolicyReport;
  /** Decides without any effect, and says why. */
  explain(question: PolicyQuestion & { readonly agent?: string }): PolicyExplanation;
  /** The budgets of the policy in force, as they stand now. Throws `ERR_BUDGET_STORE`. */
  budgets(question?: BudgetQuestion): readonly BudgetCounter[];
  /** The row of `policy.csv` that would allow an action. For a tool it tests the arguments that the call had. */
  rowFor(agent: string, action: string, resource: string, attributes?: Attributes): string;
  /** What to do about something that a run was denied; `facts` are those that the run was started with. */
  help(agent: string, event: DecisionEvent, facts?: AskedFacts): DenialHelp;
  /** Ends the cells that nobody uses. Runs that are under way end by themselves. */
  close(): Promise<void>;
}

/** Opens a host. Throws `HostError` with every problem of the configuration and the policy. */
export async function openHost(options: HostOptions): Promise<Host> {
  // First of all: the cell starts while the configuration is read.
  const cells = createCells({ spare: options.spareCell === true });
  const powers = options.powers ?? createHostPowers();
  try {
    const configuration = readConfiguration(options.configuration, options.workingDirectory, powers);
    const functions = new Map(Object.entries(options.functions ?? {}));
    if (options.spareCell === true) startProcessAhead(configuration, cells);
    if (options.functions !== undefined) checkFunctions(configuration.settings.tools, functions);
    const { workingDirectory } = options;
    const live = createLivePolicy({
      ...{ file: options.configuration, workingDirectory, powers },
      first: configuration,
      store: policyStoreOf(configuration.manifest, powers),
    });
    if (options.watch === true) live.watch();
    return createHost({ live, workingDirectory, powers, cells, functions });
  } catch (error) {
    await cells.close();
    throw error;
  }
}

/** Where agents live in processes, the one that is about to run needs one as well. */
function startProcessAhead({ manifest }: Configuration, { processes }: Cells): void {
  const agent = [...manifest.agents.values()].find(({ cell }) => cell === 'process');
  if (agent !== undefined) processes.startAhead(agent.limits);
}

/** Questions to people of all runs of one host. The store is opened with the first of them. */
function openDesk({ manifest }: Configuration, powers: HostPowers): ApprovalDesk {
  const { clock, sleep } = powers;
  return createApprovalDesk({ open: () => openApprovalStore(manifest, powers), clock, sleep });
}

/** Shows questions to whoever started the run. */
function questionsTo(
  onApproval: NonNullable<RunOptions['onApproval']>,
  { manifest }: Configuration,
  { clock }: HostPowers,
): NonNullable<Waiting['tell']> {
  const showing = { electorate: electorateOf(manifest), file: manifest.policy.rules };
  return async (asked, answered) => onApproval(showQuestion(asked, { ...showing, nowMs: clock.nowMs() }), answered);
}

interface HostParts {
  readonly live: LivePolicy;
  readonly workingDirectory: string;
  readonly powers: HostPowers;
  readonly cells: Cells;
  readonly functions: ToolFunctions;
}

function createHost({ live, workingDirectory, powers, cells, functions }: HostParts): Host {
  const viewNow = createViews(live, powers);
  const approvals = openDesk(live.current(), powers);
  const choose = (choice: AgentChoice): { agent: AgentManifest; component: string } => {
    const agent = chooseAgent(live.current(), choice.agent);
    const { component } = choice;
    return { agent, component: component === undefined ? agent.component : resolve(workingDirectory, component) };
  };
  return Object.freeze({
    get manifest() {
      return live.current().manifest;
    },
    async run(request: RunOptions): Promise<RunResult> {
      await live.keep();
      const configuration = live.current();
      const { agent, component } = choose(request);
      const given = givenOf(request);
      checkGiven(given);
      checkFunctions(configuration.settings.tools, functions);
      checkAsked(request, agent, configuration.manifest);
      refuseExposedComponent(configuration, component, powers);
      const run = {
        configuration,
        live,
        agent,
        component,
        facts: factsOf(request, agent, configuration.manifest),
        input: request.input ?? '',
        given,
        signal: request.signal ?? new AbortController().signal,
        cell: cellOf(request, agent),
        limits: agent.limits,
        functions,
        approvals,
        ...(request.onApproval === undefined
          ? {}
          : { onQuestion: questionsTo(request.onApproval, configuration, powers) }),
        callers: [],
        label: 0,
        depth: MOST_DEPTH,
        tree: createRunTree(agent.limits),
        onEvent: (event: RunEvent, about: string) => tellSafely(event, request, about),
      };
      return runAgent(run, powers, cells);
    },
    async warm(request: WarmOptions): Promise<number> {
      await live.keep();
      const configuration = live.current();
      const { agent, component } = choose(request);
      const { cells: count, signal } = request;
      if (!Number.isSafeInteger(count) || count < 0 || count > MOST_WARM)
        throw new HostError('ERR_USAGE', `a host keeps 0 to ${MOST_WARM} cells of an agent open, not ${count}`);
      refuseExposedComponent(configuration, component, powers);
      const { limits } = agent;
      const cell = cellOf(request, agent);
      const terms = { configuration, live, agent, component, cell, limits, count, callers: [] };
      return warmAgent({ ...terms, ...(signal === undefined ? {} : { signal }) }, powers, cells);
    },
    async inspect(request: AgentChoice & { readonly signal?: AbortSignal }): Promise<Inspection> {
      const { signal } = request;
      const { preparation } = cells;
      return inspectComponent({
        preparation,
        configuration: live.current(),
        ...choose(request),
        ...(signal === undefined ? {} : { signal }),
      });
    },
    async prepare(request: AgentChoice & { readonly signal?: AbortSignal }): Promise<PreparedAhead> {
      const { signal } = request;
      const { preparation } = cells;
      const terms = { preparation, configuration: live.current(), ...choose(request) };
      return prepareAhead({ ...terms, ...(signal === undefined ? {} : { signal }) });
    },
    reloadPolicy: (reason?: ReloadReason) => live.reload({ why: 'reload', ...reason }),
    onPolicy: (listener: (event: PolicyEvent) => void) => live.listen(listener),
    policyStatus: () => live.status(),
    policyReport(): PolicyReport {
      const { manifest, settings, policy } = live.current();
      const tests = readPolicyTests(manifest, settings, powers);
      const report = viewNow().report();
      return tests === undefined ? report : { ...report, tests: runPolicyTests(tests, { manifest, settings, policy }) };
    },
    explain: (question: PolicyQuestion & { readonly agent?: string }) =>
      viewNow().explain(chooseAgent(live.current(), question.agent), question),
    budgets: (question: BudgetQuestion = {}) =>
      listBudgets(
        live.current(),
        question.agent === undefined ? [] : [choose(question).agent],
        question,
        powers.counters,
      ),
    rowFor: (agent: string, action: string, resource: string, attributes?: Attributes) =>
      viewNow().rowFor(agent, { action, resource, ...(attributes === undefined ? {} : { attributes }) }),
    help: (agent: string, event: DecisionEvent, facts: AskedFacts = {}) =>
      // In a chain of callers, the rules that deny may be those of another agent than the one that acts.
      helpWith(viewNow(), chooseAgent(live.current(), event.agent?.replace(/^agent:/, '') ?? agent), event, facts),
    async close(): Promise<void> {
      await live.close();
      await cells.close();
      approvals.close();
    },
  });
}

/** What operators ask is answered under the policy in force; a view is made when somebody asks. */
function createViews(live: LivePolicy, { clock, counters }: HostPowers): () => PolicyView {
  let made: { readonly of: Configuration; readonly view: PolicyView } | undefined;
  return () => {
    const configuration = live.current();
    if (made?.of !== configuration) {
      const reading = counters(configuration.manifest.state.directory);
      made = { of: configuration, view: createPolicyView(configuration, clock, reading) };
    }
    return made.view;
  };
}

function chooseAgent({ manifest }: Configuration, name: string | undefined): AgentManifest {
  const names = [...manifest.agents.keys()];
  const [only] = names;
  const wanted = name ?? (names.length === 1 ? only : undefined);
  if (wanted === undefined) {
    const what =
      names.length === 0
        ? 'the configuration has no agent'
        : 'the configuration has several agents: name one with `--agent`';
    throw new HostError('ERR_USAGE', what, { hints: names });
  }
  const agent = manifest.agents.get(wanted);
  if (agent === undefined) {
    throw new HostError('ERR_USAGE', `the configuration has no agent \`${wanted}\`${didYouMean(wanted, names)}`, {
      hints: names,
    });
  }
  return agent;
}

/** The most cells that are kept open for one agent: each is a thread with its own engine. */
const MOST_WARM = 256;

const givenOf = ({ arguments: args = [], environment = {}, stdin }: RunOptions): Given => ({
  arguments: args,
  environment: new Map(Object.entries(environment)),
  ...(stdin === undefined ? {} : { stdin }),
});

/** Each tool says how long a chain it may make; this is the longest that one can say. */
const MOST_DEPTH = 16;

/** Who starts a run may ask for more isolation, and not for less: that is the configuration's to say. */
function cellOf({ cell }: Pick<RunOptions, 'cell'>, agent: AgentManifest): CellKind {
  if (cell === undefined || cell === agent.cell) return agent.cell;
  if (isWeakerCell(cell, agent.cell))
    throw new HostError('ERR_USAGE', `a \`${cell}\` is weaker than the \`${agent.cell}\` of the configuration`, {
      hints: [`agents: { ${agent.name}: { cell: ${cell} } }`],
    });
  return cell;
}
