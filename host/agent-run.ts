import { hash } from 'node:crypto';
import type { AgentRun } from './runs/agent-run-plan.ts';
import { createCellServant } from './cells/cell-servant.ts';
import { refuseExposedComponent } from './configuration/configuration.ts';
import { logIdOf } from './audit/log-id.ts';
import { openRunLog, type RunLogState } from './audit/run-log.ts';
import { closeRunLog } from './audit/run-log-closing.ts';
import { chooseCell, type CellChoice } from './cells/cell-choice.ts';
import { holdsPlaces } from './runs/places.ts';
import { cellPlan, poolKey, principalsOf, type CellTerms } from './cells/cell-plan.ts';
import { CELL_ENTRY, type Cells } from './cells/cells.ts';
import { HostError } from './contracts/errors.ts';
import { isReal, worldText } from './contracts/guest-world.ts';
import type { LabelRef } from './contracts/decision.ts';
import type { Principal } from './contracts/principal.ts';
import { writesItsAnswer } from './contracts/program.ts';
import type { RunResult } from './contracts/run-result.ts';
import { newRunId } from './runs/ids.ts';
import { createCapabilityReach } from './policy/reach.ts';
import type { HostPowers } from './host-powers.ts';
import type { LivePolicy } from './live-policy/live-policy.ts';
import type { AgentManifest } from './manifest/agent-section.ts';
import { createProgramAnswer } from './runs/program-answer.ts';
import type { RunEvent } from './runs/run-event.ts';
import { bounded, endingOf, failureOf, NO_USAGE, type Ending } from './runs/run-ending.ts';
import type { CellData, RunSeat } from './runs/run-spec.ts';
import { readRunSecrets } from './runs/secret-use.ts';
import type { CellProcess } from './sandbox/cell-process.ts';
import type { KnownComponent } from './sandbox/component-memo.ts';
import { describeError } from './sandbox/printable.ts';
import { startThreadCell } from './sandbox/thread-cell.ts';
import { SERVED } from './configuration/settings.ts';
import { refuseUngranted } from './cells/strict-imports.ts';
import { startOf } from './runs/surroundings.ts';

/**
 * Runs an agent once: the record is opened, the component prepared, a cell started and ended, the record closed. Throws
 * `HostError` where there is no record to speak for it; everything later is in the result and in the record.
 */
export async function runAgent(run: AgentRun, powers: HostPowers, cells: Cells): Promise<RunResult> {
  const { configuration, agent, facts } = run;
  const { manifest, policy } = configuration;
  const component = await cells.preparation.read(run.component);
  const { digest } = component;
  // Functions of the embedding program are shown it: nobody changes who acts.
  const principal: Principal = Object.freeze({
    agent: `agent:${agent.name}`,
    roles: Object.freeze([...policy.rolesOf(`agent:${agent.name}`)]),
    component: digest,
    ...(facts.onBehalfOf === undefined ? {} : { onBehalfOf: facts.onBehalfOf }),
    ...(run.callers.length === 0
      ? {}
      : { callers: Object.freeze(run.callers.map((caller) => caller.principal.agent)) }),
  });
  const id = newRunId(powers.clock, powers.random);
  const logPowers = { files: powers.auditFiles, clock: powers.clock };
  const { directory, sync } = manifest.audit;
  const log = openRunLog({
    ...logPowers,
    directory,
    sync,
    run: id,
    log: logIdOf(directory, powers.auditFiles, powers.random),
  });
  const state = log.state();
  let ending: Ending;
  try {
    log.append({
      type: 'run.opened',
      principal,
      ...(facts.purpose === undefined ? {} : { purpose: facts.purpose }),
      policy: policy.ref,
      detail: {
        cell: run.cell,
        limits: { ...run.limits },
        ...(isReal(agent.wasi) ? {} : { wasi: worldText(agent.wasi) }),
        input: { bytes: Buffer.byteLength(run.input), digest: hash('sha256', run.input, 'hex') },
        engine: powers.engine,
        ...(facts.environment === undefined ? {} : { environment: facts.environment }),
        ...(run.parent === undefined ? {} : { parent: { ...run.parent } }),
      },
    });
    ending = await performRun(run, { id, component, principal, log }, powers, cells);
  } catch (error) {
    log.close();
    ending = { ...failureOf(error), usage: NO_USAGE };
  }
  return close(run, { id, digest, state, ending }, powers);
}

interface OpenedRun {
  readonly id: string;
  readonly component: KnownComponent;
  readonly principal: Principal;
  readonly log: ReturnType<typeof openRunLog>;
}

async function performRun(run: AgentRun, opened: OpenedRun, powers: HostPowers, cells: Cells): Promise<Ending> {
  const { configuration, agent, limits, facts, signal, onEvent } = run;
  const { manifest } = configuration;
  const { id, component, principal, log } = opened;
  let artefact;
  let start;
  let secrets;
  let choice: CellChoice | undefined;
  let chosen;
  try {
    refuseOther(agent, component.digest);
    choice = chooseCell(run, component.digest, cells); // it starts while the component is prepared
    artefact = await cells.preparation.artefact(component, { configuration, limits, signal });
    if (agent.imports === 'strict') {
      const reaches = createCapabilityReach(configuration.policy.sliceFor(principal.agent));
      refuseUngranted(artefact.imports, SERVED, reaches, principal.agent);
    }
    start = startOf(run, artefact);
    secrets = await readRunSecrets(run, artefact, powers);
    chosen = await choice.settled();
  } catch (error) {
    await choice?.close();
    if (!signal.aborted && error instanceof HostError)
      log.append({ type: 'load.denied', principal, detail: { code: error.code, message: error.message } });
    throw signal.aborted ? CANCELLED : error;
  }
  log.close();
  const answer = createProgramAnswer(limits.outputBytes);
  let label = labelAt(manifest.labels, run.label);
  const cell = startThreadCell({
    entry: CELL_ENTRY,
    data: { plan: cellPlan(run, artefact, powers), ahead: false } satisfies CellData,
    seat: {
      ...{ run: id, principal, facts, log: log.state(), label: run.label, ...start },
      ...(secrets === undefined ? {} : { secrets }),
    } satisfies RunSeat,
    artefact,
    modules: cells.modules,
    subscribe: () => run.live.subscribe(principalsOf(run)),
    ...chosen,
    limits,
    signal,
    onMessage(message) {
      const event = message as RunEvent; // the cell's entry posts nothing else
      if (event.kind === 'answer') answer.add(event.bytes);
      if (event.kind === 'label') label = event.label;
      // What a called program writes is handed to its caller and shown to nobody else.
      if (event.kind !== 'answer' || run.parent === undefined) onEvent(event, agent.name);
    },
    serve: createCellServant({
      run,
      id,
      principal,
      functions: run.functions,
      clock: powers.clock,
      start: (child) => startBelow(child, powers, cells),
    }),
  });
  const { guest, usage, diagnostics } = await cell.end;
  await freePlaces(run, id, principal);
  if (guest.kind === 'fault')
    onEvent(
      { kind: 'fault', text: diagnostics === '' ? guest.message : `${guest.message}\n${diagnostics}` },
      agent.name,
    );
  const ending = {
    ...endingOf(bounded(guest, limits.callBytes)),
    ...{ usage, program: artefact.program },
    ...(label === undefined ? {} : { label }),
  };
  return writesItsAnswer(artefact.program) ? answer.into(ending) : ending;
}

/** A cell that was ended in the middle gives nothing back: the places that its run held are free all the same. */
async function freePlaces(
  { configuration, live, callers, agent, onEvent }: AgentRun,
  id: string,
  principal: Principal,
): Promise<void> {
  const { policy, manifest } = configuration;
  const principals = [principal.agent, ...callers.map((caller) => caller.principal.agent)];
  // A policy that came and went meanwhile may have had places.
  const changed = live.current().policy.ref.generation !== policy.ref.generation;
  if (!changed && !holdsPlaces(principals.map((name) => policy.sliceFor(name)))) return;
  try {
    const { releasePlaces } = await import('./runs/run-budgets.ts');
    releasePlaces(manifest.state.directory, id);
  } catch (error) {
    onEvent({ kind: 'fault', text: `places of budgets were not freed: ${describeError(error)}` }, agent.name);
  }
}

/** Keeps cells open for an agent. Resolves to how many are ready. Throws `HostError` where it cannot be prepared. */
export async function warmAgent(
  terms: CellTerms & {
    readonly live: LivePolicy;
    readonly component: string;
    readonly count: number;
    readonly signal?: AbortSignal;
  },
  powers: HostPowers,
  { modules, pool, preparation, processes }: Cells,
): Promise<number> {
  const { configuration, live, agent, cell, count, limits, signal } = terms;
  if (cell === 'shared') return 0; // its thread is there, and has a place for everybody
  const component = await preparation.read(terms.component);
  refuseOther(agent, component.digest);
  const artefact = await preparation.artefact(component, {
    configuration,
    limits,
    ...(signal === undefined ? {} : { signal }),
  });
  const data: CellData = { plan: cellPlan(terms, artefact, powers), ahead: true };
  const startProcess = (): Promise<CellProcess> => processes.start(limits, agent.digest !== undefined);
  const subscribe = () => live.subscribe(principalsOf(terms));
  const opening = { data, artefact, modules, limits, subscribe, ...(cell === 'process' ? { startProcess } : {}) };
  return pool.keep(poolKey(terms, component.digest), opening, count);
}

/** The label that a run begins with. */
function labelAt(order: readonly string[], rank: number): LabelRef | undefined {
  const name = order[rank];
  return name === undefined ? undefined : { name, rank };
}

/** Refuses a component that is not the one that the configuration pins. */
function refuseOther({ name, digest: pinned }: AgentManifest, digest: string): void {
  if (pinned === undefined || pinned === digest) return;
  const hints = [`the configuration pins ${pinned}`, `the file has     ${digest}`];
  throw new HostError('ERR_COMPONENT_DIGEST', `the component is not the one that is pinned for \`${name}\``, { hints });
}

/** Runs an agent that another one calls. */
async function startBelow(run: AgentRun, powers: HostPowers, cells: Cells): Promise<RunResult> {
  refuseExposedComponent(run.configuration, run.component, powers);
  return runAgent(run, powers, cells);
}

const CANCELLED = new HostError('ERR_CANCELLED', 'the run was cancelled');

/** Closes the record and says how the run ended. A record that cannot be closed is a run that was not proven: denied. */
function close(
  run: AgentRun,
  { id, digest, state, ending }: { id: string; digest: string; state: RunLogState; ending: Ending },
  powers: HostPowers,
): RunResult {
  const { status, usage, error, program = null } = ending;
  const result = {
    run: id,
    usage,
    cell: run.cell,
    program,
    component: digest,
    policy: run.configuration.policy.ref,
    audit: state.path,
  } as const;
  try {
    const limit = error?.limit === undefined ? {} : { limit: { name: error.limit, message: error.message } };
    const stack = error?.stack === undefined ? {} : { stack: error.stack };
    const logPowers = { files: powers.auditFiles, clock: powers.clock };
    const { decisions } = closeRunLog(state, { status, usage, ...limit, ...stack }, logPowers);
    return {
      ...result,
      status,
      decisions,
      ...(ending.output === undefined ? {} : { output: ending.output }),
      ...(ending.label === undefined ? {} : { label: ending.label.name }),
      ...(ending.exitCode === undefined ? {} : { exitCode: ending.exitCode }),
      ...(error === undefined ? {} : { error }),
    };
  } catch (failure) {
    const ended = failureOf(failure);
    return {
      ...result,
      status: ended.status,
      decisions: { allow: 0, deny: 0, pending: 0 },
      ...(ended.error === undefined ? {} : { error: ended.error }),
    };
  }
}
