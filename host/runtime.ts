import type { AuditFiles } from './audit/audit-files.ts';
import { resumeRunLog } from './audit/run-log.ts';
import { dataPlaces } from './configuration/data-places.ts';
import { matchPattern } from './configuration/match-pattern.ts';
import type { CarriedLabels } from './contracts/label.ts';
import { labelBelow } from './labels/label-places.ts';
import { createResourceLabels } from './labels/resource-labels.ts';
import { createRunLabels } from './labels/run-labels.ts';
import type { RunBudgets } from './contracts/budget.ts';
import type { Gate, GateServices, Intention } from './contracts/gate.ts';
import type { HostImports } from './contracts/guest-import.ts';
import type { Clock, ProcessLedger, Random } from './contracts/powers.ts';
import { writesItsAnswer } from './contracts/program.ts';
import { RunStop } from './contracts/run-stop.ts';
import { createPipeline, type Pipeline } from './enforcement/enforce.ts';
import { createLatePipeline } from './enforcement/late-pipeline.ts';
import { createLateSecrets, type LateSecrets } from './runs/secret-mask.ts';
import { createIds } from './runs/ids.ts';
import { createRunBudgets } from './runs/run-budgets.ts';
import { createLineBuffer } from './cells/line-buffer.ts';
import { createCellPolicy, type CellPolicy, type MakeDecisionPoint } from './cells/cell-policy.ts';
import { createRedactors, type Redactors } from './redaction/redactor.ts';
import type { DatabaseEngines } from './gates/db/engine.ts';
import { rehearse } from './cells/rehearsal.ts';
import type { RunEvent } from './runs/run-event.ts';
import type { SecretSettings } from './configuration/secret-section.ts';
import type { CellPlan, RunSeat } from './runs/run-spec.ts';
import type { CellAsk } from './sandbox/cell-worker.ts';
import type { FeedReader } from './sandbox/live-feed.ts';
import { createCellApprovals, createToolSupervisor } from './cells/cell-ask.ts';
import type { Surroundings } from './wasi/cli.ts';
import { createFixedClock } from './wasi/fixed-clock.ts';
import { createSeededRandom } from './wasi/seeded-random.ts';
import { createWasi } from './wasi/virtual-wasi.ts';

type Post = (event: RunEvent) => void;

/** What the gates of one run may use of the machine. */
export interface CellPowers {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: AuditFiles;
  readonly ledger: ProcessLedger;
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  readonly makeDecisionPoint: MakeDecisionPoint;
  readonly makeCarriedLabels: (file: string, order: readonly string[]) => CarriedLabels;
  /** Tells of every policy that comes into force. */
  readonly feed: FeedReader;
  /** Asks the supervisor for what is not in the cell. */
  readonly ask: CellAsk;
}

/** The gates of one run. Until it has taken its seat, they answer nothing. */
export interface OpenGates {
  readonly imports: HostImports;
  /** Lets the engine compile what effects take, while there is time. */
  rehearse(): void;
  /** Puts them in force for a run. Once. */
  seat(seat: RunSeat): void;
  /** Ends everything that the run still holds. */
  close(): Promise<void>;
}

interface GateContext {
  readonly plan: CellPlan;
  readonly powers: CellPowers;
  readonly pipeline: Pipeline;
  /** Absent: the configuration has none. */
  readonly secrets: LateSecrets | undefined;
  /** What `redact` stands for in this configuration. */
  readonly redactors: Redactors;
  readonly policy: CellPolicy;
  readonly post: (event: RunEvent) => void;
  /** The gates opened so far: `policy` asks them all. */
  readonly gates: Gate[];
}

const FILES = 'sallyport:agent/fs';

/**
 * Every gate, by its interface. Each is loaded only for a component that imports it: what is not there cannot be reached,
 * and a small agent starts fast.
 */
const GATES: ReadonlyMap<string, (context: GateContext) => Promise<Gate>> = new Map([
  [
    'sallyport:agent/http',
    async ({ plan, powers, pipeline, secrets, redactors, policy }: GateContext): Promise<Gate> => {
      const [{ createHttpGate }, { createLazyHttpDialer }, { createSystemResolver }, { startDecompression }] =
        await Promise.all([
          import('./gates/http/index.ts'),
          import('./powers/lazy-http-dialer.ts'),
          import('./powers/resolver.ts'),
          import('./powers/decompressor.ts'),
        ]);
      const { clock } = powers;
      const resolver = createSystemResolver({ clock });
      return createHttpGate({
        pipeline,
        redactors,
        config: plan.settings.http,
        resolver,
        dialer: createLazyHttpDialer({ tls: plan.settings.http.tls }),
        decompressor: startDecompression,
        clock,
        changes: policy.onChange,
        ...(secrets === undefined
          ? {}
          : { secrets: { values: secrets, bindings: bindingsOf(plan, ({ http }) => http) } }),
      });
    },
  ],
  [
    FILES,
    async ({ plan, powers, pipeline, redactors }: GateContext): Promise<Gate> => {
      const [{ createFsGate }, { createMountFiles }] = await Promise.all([
        import('./gates/fs/index.ts'),
        import('./powers/mount-files.ts'),
      ]);
      const files = createMountFiles({ random: powers.random });
      const gate = createFsGate({
        pipeline,
        redactors,
        config: plan.settings.fs,
        files,
        callBytes: plan.limits.callBytes,
      });
      return { ...gate, services: { files: gate.files } };
    },
  ],
  [
    'sallyport:agent/db',
    async ({ plan, powers, pipeline, secrets, redactors }: GateContext): Promise<Gate> => {
      const { db } = plan.settings;
      const [{ createDbGate }, engines] = await Promise.all([
        import('./gates/db/index.ts'),
        openEngines(plan, powers, secrets),
      ]);
      return createDbGate({ pipeline, config: db, engines, redactors, ...(secrets === undefined ? {} : { secrets }) });
    },
  ],
  [
    'sallyport:agent/tool-exec',
    async ({ plan, powers, pipeline, secrets, redactors, policy }: GateContext): Promise<Gate> => {
      const [{ createToolGate }, { createProcessSpawner }] = await Promise.all([
        import('./gates/tool-exec/index.ts'),
        import('./powers/process-spawner.ts'),
      ]);
      return createToolGate({
        pipeline,
        redactors,
        config: plan.settings.tools,
        spawner: createProcessSpawner(powers.ledger),
        mounts: plan.settings.fs.mounts,
        callBytes: plan.limits.callBytes,
        supervisor: createToolSupervisor(powers.ask),
        mayCall: (name) => policy.mayReach('tool:call', `tool:${name}`),
        ...(secrets === undefined
          ? {}
          : { secrets: { values: secrets, bindings: bindingsOf(plan, ({ tools }) => tools) } }),
      });
    },
  ],
  [
    'sallyport:agent/log',
    async ({ plan, pipeline, post }: GateContext): Promise<Gate> => {
      const { createLogGate } = await import('./gates/log/index.ts');
      const sink = {
        line: (level: Extract<RunEvent, { kind: 'log' }>['level'], text: string) => post({ kind: 'log', level, text }),
      };
      return createLogGate({ pipeline, config: plan.settings.log, sink, limits: plan.limits });
    },
  ],
  [
    'sallyport:agent/policy',
    async ({ plan, pipeline, gates }: GateContext): Promise<Gate> => {
      const { createPolicyGate } = await import('./gates/policy/index.ts');
      const canonicalise = (intention: Intention) => {
        const gate = gates.find(({ capability }) => intention.action.startsWith(`${capability}:`));
        // A capability that the component does not import cannot be used, whatever the policy says.
        if (gate === undefined)
          return { parsed: { refused: 'no such capability', action: intention.action }, discharges: NOTHING };
        return { parsed: gate.intention(intention), discharges: gate.discharges };
      };
      return createPolicyGate({ pipeline, config: plan.settings.policyCheck, canonicalise });
    },
  ],
]);

/** The interfaces of WASI that a gate serves besides its own. */
const SERVED_BY_GATES: ReadonlyMap<string, string> = new Map([
  ['wasi:http/outgoing-handler', 'sallyport:agent/http'],
  ['wasi:filesystem/preopens', FILES],
]);

const NOTHING: Gate['discharges'] = new Set();

/** The bindings of one kind, of all secrets. Which of them a run has is known when it takes its seat. */
const bindingsOf = <Binding>({ settings }: CellPlan, of: (secret: SecretSettings) => readonly Binding[]): Binding[] =>
  [...settings.secrets.values()].flatMap(of);

/** The engines of the databases that the configuration names, and no others. */
async function openEngines(
  { settings, passwords }: CellPlan,
  { ledger }: CellPowers,
  secrets: LateSecrets | undefined,
): Promise<DatabaseEngines> {
  const kinds = new Set([...settings.db.databases.values()].map(({ target }) => target.kind));
  const [sqlite, postgres] = await Promise.all([
    kinds.has('sqlite') ? import('./powers/sqlite-engine.ts') : undefined,
    kinds.has('postgres') ? import('./powers/postgres-engine.ts') : undefined,
  ]);
  const inFile = sqlite?.createSqliteEngine(ledger);
  inFile?.warm();
  const password = (name: string): string | undefined => passwords.get(name);
  const secret = (name: string): string | undefined => secrets?.get(name)?.reveal();
  return {
    ...(inFile === undefined ? {} : { sqlite: inFile }),
    ...(postgres === undefined ? {} : { postgres: postgres.createPostgresEngine({ password, secret }) }),
  };
}

/** Opens the gates that a component imports, for one run that may come later. WASI is always served: runtimes need it to start. */
export async function openGates(
  plan: CellPlan,
  interfaces: readonly string[],
  powers: CellPowers,
  post: (event: RunEvent) => void,
): Promise<OpenGates> {
  const policy = createCellPolicy(plan, powers.feed, powers.makeDecisionPoint);
  const late = createLatePipeline();
  const { pipeline } = late;
  let log: ReturnType<typeof resumeRunLog> | undefined;
  let labels: ReturnType<typeof openLabels>;
  const gates: Gate[] = [];
  const secrets = plan.settings.secrets.size === 0 ? undefined : createLateSecrets();
  const redactors = createRedactors(plan.settings.detectors);
  const context: GateContext = { plan, powers, pipeline, policy, secrets, redactors, post, gates };
  const asked = new Set(interfaces.flatMap((name) => [name, SERVED_BY_GATES.get(name) ?? name]));
  // Every runtime imports what WASI has for files. Without mounts there is nothing to show.
  if (plan.settings.fs.mounts.length === 0 && !interfaces.includes(FILES)) asked.delete(FILES);
  const wanted = [...GATES].filter(([name]) => asked.has(name));
  gates.push(...(await Promise.all(wanted.map(([, open]) => open(context)))));
  const services = gates.reduce<GateServices>((all, gate) => ({ ...all, ...gate.services }), {});
  let budgets: RunBudgets | undefined;
  let seated: RunSeat | undefined;
  const { wasi, flush } = openWasi(context, services, () => {
    if (seated === undefined) throw new Error('the gates are asked before they are in force');
    return seated.surroundings;
  });
  const types: HostImports = new Map([
    ['sallyport:agent/types', Object.freeze(Object.create(null) as Record<string, never>)],
  ]);

  return Object.freeze({
    imports: new Map([...types, ...wasi, ...gates.flatMap((gate) => [...gate.imports])]),
    rehearse: () => rehearse(plan.agent, policy, powers.clock),
    seat(seat: RunSeat): void {
      seated = seat;
      labels = openLabels(plan, seat, powers, post);
      secrets?.seat(seat.secrets);
      const own = createRunBudgets(plan.budgets, seat.run, powers.clock);
      budgets = own;
      policy.onChange(() => {
        try {
          own.policyChanged();
        } catch (error) {
          post(faultEvent(error, secrets)); // what was taken stays taken
        }
      });
      log = resumeRunLog(seat.log, { files: powers.files, clock: powers.clock });
      late.seat(
        createPipeline({
          principal: seat.principal,
          facts: seat.facts,
          // What the agent may do: all that its own rules allow and those of every caller.
          decisionPoint: policy.pointFor(seat.facts),
          log,
          clock: powers.clock,
          ids: createIds(seat.run),
          maskPayload: (names, payload) => redactors.begin(names)?.object(payload) ?? payload,
          ...(labels === undefined ? {} : { labels: labels.run }),
          approvals: createCellApprovals(powers.ask),
          budgets: own,
          observe: (event) => {
            if (event.effect !== 'allow') post({ kind: 'decision', event });
            if (event.alerts !== undefined) post({ kind: 'alert', event });
          },
          fault: (error) => post(faultEvent(error, secrets)),
        }),
      );
    },
    async close(): Promise<void> {
      flush();
      const closed = await Promise.allSettled(gates.map(async (gate) => gate.close()));
      for (const result of closed) if (result.status === 'rejected') post(faultEvent(result.reason, secrets));
      labels?.close();
      try {
        budgets?.close();
      } catch (error) {
        post({ kind: 'fault', text: faultText(error) }); // what was taken stays taken
      }
      log?.close();
    },
  });
}

/** The labels of one run, where the configuration has any. */
function openLabels({ labels, settings }: CellPlan, seat: RunSeat, { makeCarriedLabels }: CellPowers, post: Post) {
  if (labels === undefined) return undefined;
  const carried = makeCarriedLabels(labels.file, labels.order);
  const run = createRunLabels({
    order: labels.order,
    resources: createResourceLabels(settings.classification, matchPattern),
    below: (directory) => labelBelow(settings.classification, directory),
    places: dataPlaces(settings),
    carried,
    initialRank: seat.label,
    grown: (label) => post({ kind: 'label', label }),
  });
  return { run, close: () => carried.close() };
}

/** The clock of the guest, and how it waits. */
function timeOf({ world: { clock } }: CellPlan, powers: CellPowers): Pick<CellPowers, 'clock' | 'sleep'> {
  if (clock === 'real') return { clock: powers.clock, sleep: powers.sleep };
  return createFixedClock(clock.startMs, powers.sleep);
}

const randomOf = ({ world: { random } }: CellPlan, powers: CellPowers): Random =>
  random === 'real' ? powers.random : createSeededRandom(Buffer.from(random.seed, 'hex'));

function openWasi(
  { plan, powers, pipeline, post }: GateContext,
  services: GateServices,
  surroundings: () => Surroundings,
): { wasi: HostImports; flush: () => void } {
  const buffers = {
    stdout: createLineBuffer((lines) => post({ kind: 'output', stream: 'stdout', lines })),
    stderr: createLineBuffer((lines) => post({ kind: 'output', stream: 'stderr', lines })),
  };
  const wasi = createWasi({
    ...timeOf(plan, powers),
    random: randomOf(plan, powers),
    randomBytes: plan.limits.randomBytes,
    pollables: plan.limits.pollables,
    surroundings,
    outputBytes: plan.limits.outputBytes,
    output(stream, bytes) {
      if (stream === 'stdout' && writesItsAnswer(plan.program)) post({ kind: 'answer', bytes: bytes.slice() });
      else buffers[stream].write(bytes);
    },
    services,
    deny: (action, resource) => pipeline.refuse(action, resource, 'not-served'),
    exit: (code) => {
      throw new RunStop({ kind: 'exit', code });
    },
    trap: (message) => {
      throw new RunStop({ kind: 'trap', message });
    },
  });
  return {
    wasi,
    flush: () => {
      buffers.stdout.end();
      buffers.stderr.end();
    },
  };
}

/** What libraries say of a fault may hold what they were given. */
function faultEvent(error: unknown, secrets: LateSecrets | undefined): RunEvent {
  const text = faultText(error);
  return { kind: 'fault', text: secrets?.mask()?.text(text) ?? text };
}

/** For the operator alone. */
function faultText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.name}: ${error.message}${cause}`;
}
