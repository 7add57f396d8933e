import { hash } from 'node:crypto';
import type { Configuration } from './configuration.ts';
import type { AgentManifest } from './manifest/agent-section.ts';
import { logIdOf } from './audit/log-id.ts';
import { openRunLog, type RunLogState } from './audit/run-log.ts';
import { closeRunLog } from './audit/run-log-closing.ts';
import { CELL_ENTRY, type Cells } from './cells.ts';
import { HostError } from './contracts/errors.ts';
import { EXIT } from './contracts/exit-code.ts';
import type { Principal, RunFacts } from './contracts/principal.ts';
import type { GuestEnd, Usage } from './contracts/run-end.ts';
import type { RunError, RunResult, RunStatus } from './contracts/run-result.ts';
import { newRunId } from './ids.ts';
import type { HostPowers } from './host-powers.ts';
import type { RunEvent } from './run-event.ts';
import type { RunSpec } from './run-spec.ts';
import { readComponent } from './sandbox/component-source.ts';
import { prepareComponent } from './sandbox/prepare.ts';
import { startThreadCell } from './sandbox/thread-cell.ts';
import { SERVED } from './settings.ts';

/** One run, with everything that was chosen for it. */
export interface AgentRun {
  readonly configuration: Configuration;
  readonly agent: AgentManifest;
  /** Path of the component. */
  readonly component: string;
  readonly facts: RunFacts;
  readonly input: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

const NO_USAGE: Usage = { wallMs: 0, cpuMs: 0, peakLinearMemoryBytes: 0, hostCalls: 0 };
const MOST_COMPONENT_BYTES = 64 << 20;

/** How a run ended, before its record is closed. */
interface Ending {
  readonly status: RunStatus;
  readonly output?: string;
  readonly error?: RunError;
  readonly usage: Usage;
}

/**
 * Runs an agent once: the record is opened, the component prepared, a cell started and ended, the record closed. Throws
 * `HostError` where there is no record to speak for it; everything later is in the result and in the record.
 */
export async function runAgent(run: AgentRun, powers: HostPowers, cells: Cells): Promise<RunResult> {
  const { configuration, agent, facts } = run;
  const { manifest, policy } = configuration;
  const bytes = await readComponent(run.component, MOST_COMPONENT_BYTES);
  const digest = `sha256:${hash('sha256', bytes, 'hex')}`;
  const principal: Principal = {
    agent: `agent:${agent.name}`,
    roles: policy.rolesOf(`agent:${agent.name}`),
    component: digest,
    ...(facts.onBehalfOf === undefined ? {} : { onBehalfOf: facts.onBehalfOf }),
  };
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
        cell: 'thread',
        limits: { ...agent.limits },
        input: { bytes: Buffer.byteLength(run.input), digest: hash('sha256', run.input, 'hex') },
        engine: powers.engine,
        ...(facts.environment === undefined ? {} : { environment: facts.environment }),
      },
    });
    ending = await performRun(run, { id, bytes, digest, principal, log }, cells);
  } catch (error) {
    log.close();
    ending = { ...failureOf(error), usage: NO_USAGE };
  }
  return close(run, { id, digest, state, ending }, powers);
}

interface OpenedRun {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly principal: Principal;
  readonly log: ReturnType<typeof openRunLog>;
}

async function performRun(run: AgentRun, opened: OpenedRun, cells: Cells): Promise<Ending> {
  const { configuration, agent, facts, input, signal, onEvent } = run;
  const { id, bytes, digest, principal, log } = opened;
  let artefact;
  try {
    if (agent.digest !== undefined && agent.digest !== digest) {
      const hints = [`the configuration pins ${agent.digest}`, `the file has     ${digest}`];
      throw new HostError('ERR_COMPONENT_DIGEST', `the component is not the one that is pinned for \`${agent.name}\``, {
        hints,
      });
    }
    artefact = await prepareComponent({
      source: bytes,
      cacheDirectory: configuration.manifest.cache.directory,
      served: SERVED,
      limits: { memoryBytes: agent.limits.memoryBytes },
      signal,
    });
  } catch (error) {
    if (!signal.aborted && error instanceof HostError)
      log.append({ type: 'load.denied', principal, detail: { code: error.code, message: error.message } });
    throw signal.aborted ? CANCELLED : error;
  }
  log.close();
  const spec: RunSpec = {
    run: id,
    principal,
    facts,
    policy: configuration.policy.sliceFor(principal.agent),
    log: log.state(),
    settings: configuration.settings,
    limits: agent.limits,
    input,
    arguments: agent.args,
    environment: [...agent.env],
  };
  const warm = cells.spare();
  const cell = startThreadCell({
    entry: CELL_ENTRY,
    data: spec,
    artefact,
    modules: cells.modules,
    ...(warm === undefined ? {} : { warm }),
    limits: agent.limits,
    signal,
    onMessage: (message) => onEvent(message as RunEvent), // the cell's entry posts nothing else
  });
  const { guest, usage, diagnostics } = await cell.end;
  if (guest.kind === 'fault')
    onEvent({ kind: 'fault', text: diagnostics === '' ? guest.message : `${guest.message}\n${diagnostics}` });
  return { ...endingOf(bounded(guest, agent.limits.callBytes)), usage };
}

const CANCELLED = new HostError('ERR_CANCELLED', 'the run was cancelled');

/** An agent's own account of its failure is an answer, and may be no longer than one. */
function bounded(end: GuestEnd, callBytes: number): GuestEnd {
  if (end.kind !== 'agent-error' || end.message.length <= callBytes) return end;
  const message = `the error has ${end.message.length} characters; the limit is ${callBytes} bytes`;
  return { kind: 'limit', limit: 'callBytes', message };
}

function endingOf(end: GuestEnd): Omit<Ending, 'usage'> {
  switch (end.kind) {
    case 'ok':
      return { status: 'ok', output: end.output };
    case 'agent-error':
      return { status: 'agent-error', error: { code: 'agent-error', message: end.message } };
    case 'trap':
      return { status: 'agent-error', error: { code: 'trap', message: end.message } };
    case 'exit':
      return end.ok
        ? { status: 'ok', output: '' }
        : { status: 'agent-error', error: { code: 'exit', message: 'the agent ended itself with a failure' } };
    case 'limit':
      return { status: 'limit', error: { code: 'limit', message: end.message, limit: end.limit } };
    case 'cancelled':
      return { status: 'agent-error', error: { code: 'cancelled', message: 'the run was cancelled' } };
    case 'fault':
      // Its text is for the operator alone: the result may be handed on.
      return { status: 'host-fault', error: { code: 'ERR_INTERNAL', message: 'a fault of the host ended the run' } };
  }
}

function failureOf(error: unknown): Omit<Ending, 'usage'> {
  if (!(error instanceof HostError)) return endingOf({ kind: 'fault', message: String(error) });
  const { code, message } = error;
  switch (error.exit) {
    case EXIT.denied:
      return { status: 'denied', error: { code, message } };
    case EXIT.limit:
      return { status: 'limit', error: { code, message } };
    case EXIT.hostFault:
      return { status: 'host-fault', error: { code, message } };
    case EXIT.agentError:
      return { status: 'agent-error', error: { code, message } };
    default:
      return { status: 'invalid', error: { code, message } };
  }
}

/** Closes the record and says how the run ended. A record that cannot be closed is a run that was not proven: denied. */
function close(
  run: AgentRun,
  { id, digest, state, ending }: { id: string; digest: string; state: RunLogState; ending: Ending },
  powers: HostPowers,
): RunResult {
  const { status, usage, error } = ending;
  const result = {
    run: id,
    usage,
    cell: 'thread',
    component: digest,
    policy: run.configuration.policy.ref,
    audit: state.path,
  } as const;
  try {
    const limit = error?.limit === undefined ? {} : { limit: { name: error.limit, message: error.message } };
    const logPowers = { files: powers.auditFiles, clock: powers.clock };
    const { decisions } = closeRunLog(state, { status, usage, ...limit }, logPowers);
    return {
      ...result,
      status,
      decisions,
      ...(ending.output === undefined ? {} : { output: ending.output }),
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
