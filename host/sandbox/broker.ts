import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostImports } from '../contracts/guest-import.ts';
import type { RunLimits } from '../contracts/limits.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { Artefact } from './artefact.ts';
import { readArtefact } from './artefact-files.ts';
import { FROM_PROCESS, mostFrameBytes, mostValues, TO_PROCESS, type CellJob } from './cell-frames.ts';
import { createFrameChannel, FrameTooLong, type FrameChannel } from './frame-channel.ts';
import { classifyError } from './guest-error.ts';
import type { GuestValues } from './guest-values.ts';
import { createHandleTable, ForgedHandle, type HandleTable } from './handle-table.ts';
import { createHostCalls, type HostCalls } from './host-call.ts';
import { camelCase } from './import-names.ts';
import { memberOf } from './import-object.ts';
import { classOfResource, createImportTable, type ImportedFunction } from './import-table.ts';
import { threadCpuMs, type EndPhase, type OpenInstance } from './instance.ts';
import { PAGE_BYTES } from './memory-plan.ts';
import type { Meter } from './meter.ts';
import { parseProcessEnd } from './process-end.ts';
import { createRunEnding, type RunEnding } from './run-ending.ts';
import { createWireReader, WireError, WireExcess, type WireReader } from './wire-reader.ts';
import { createWireWriter, type WireWriter } from './wire-writer.ts';

export interface BrokerOptions {
  readonly artefact: Artefact;
  readonly imports: HostImports;
  readonly limits: RunLimits;
  readonly meter: Meter;
  /** Of the socket, which blocks. */
  readonly descriptor: number;
  /** What the supervisor knows about the end of the process, once there is something to know. */
  readonly gone: Promise<GuestEnd>;
  /** Told when the guest starts, and the CPU time of its process until then. */
  readonly started: (processCpuMs: number) => void;
  /** As for `openInstance`. */
  readonly stop?: AbortSignal;
  readonly notify?: (phase: EndPhase, end: GuestEnd) => void;
}

/** How long a process that has closed its socket has to be gone. */
const GONE_MS = 100;

/**
 * Makes an instance in a process of its own, whose every call comes here. The process is hostile: what it says is taken
 * for well-formed calls of functions that the component imports, or for the end of the run. One that is made `ahead` of
 * its run has one word to say before: that it is ready.
 */
export function openInProcess(options: BrokerOptions, when: 'ahead' | 'for a run'): OpenInstance {
  const { stop, notify } = options;
  const ending = createRunEnding((end) => notify?.('ending', end));
  stop?.addEventListener('abort', () => ending.end(stop.reason as GuestEnd), { once: true }); // see `InstanceOptions.stop`
  const ended = (error: unknown): GuestEnd => endBy(error, options);

  /** A session whose process makes its instance, or how the attempt ended. */
  async function open(): Promise<Session | GuestEnd> {
    const session = sessionOf(options, ending);
    if (!(await sendJob(session, when === 'ahead'))) return goneEnd(options);
    return when === 'for a run' || hearReady(session) ? session : goneEnd(options);
  }
  const opened = stop?.aborted === true ? undefined : open().catch(ended);

  async function run(input: string): Promise<GuestEnd> {
    if (stop?.aborted === true || opened === undefined) return stop?.reason as GuestEnd; // see `InstanceOptions.stop`
    const session = await opened;
    const served = 'kind' in session ? Promise.resolve(session) : serve(session, input, ending).catch(ended);
    const end = ending.close(await Promise.race([ending.whenEnded, served]));
    notify?.('ended', end);
    return end;
  }

  return { made: opened?.then((session) => !('kind' in session)) ?? Promise.resolve(false), run };
}

/** What an error in the middle of serving says about the run. */
function endBy(error: unknown, { meter, limits }: BrokerOptions): GuestEnd {
  if (error instanceof WireError || error instanceof FrameTooLong)
    return { kind: 'trap', message: `the process of the guest broke the protocol: ${error.message}` };
  if (error instanceof ForgedHandle) return { kind: 'trap', message: error.message };
  if (error instanceof WireExcess)
    return {
      kind: 'limit',
      limit: 'callBytes',
      message: `a call of the agent carried more than ${limits.callBytes} bytes`,
    };
  return classifyError(error, { pages: meter.peakPages(), budgetPages: budgetPagesOf(limits) });
}

const budgetPagesOf = ({ memoryBytes }: RunLimits): number => Math.floor(memoryBytes / PAGE_BYTES);

/** One function of the component, tied to what serves it. */
interface Served {
  readonly called: ImportedFunction;
  readonly label: string;
  readonly invoke: (values: readonly unknown[]) => unknown;
}

interface Session {
  readonly options: BrokerOptions;
  readonly channel: FrameChannel;
  readonly writer: WireWriter;
  readonly handles: HandleTable;
  readonly table: readonly (Served | undefined)[];
  readonly calls: HostCalls;
  /** What the first word of the guest has to repeat. Nothing that was said before the run can hold it. */
  readonly token: string;
  begun: boolean;
  /** Number of the last call. */
  last: number;
  /** What answers carried, and is not counted yet. */
  answered: number;
}

function sessionOf(options: BrokerOptions, ending: RunEnding): Session {
  const { artefact, imports, limits, meter, descriptor } = options;
  const handles = createHandleTable(imports);
  return {
    ...{ options, handles, channel: createFrameChannel(descriptor), writer: createWireWriter(), last: 0, answered: 0 },
    ...{ token: randomBytes(TOKEN_BYTES).toString('hex'), begun: false },
    table: createImportTable(artefact, handles).map((called) => called && servedBy(called, imports)),
    calls: createHostCalls({
      ...{ limits, meter, ending, values: AS_THEY_ARE, sampleMemory: () => undefined, isEarly: () => false },
      classify: (error) => endBy(error, options),
    }),
  };
}

const TOKEN_BYTES = 16;

async function serve(session: Session, input: string, ending: RunEnding): Promise<GuestEnd> {
  const { options, writer, token } = session;
  const { limits } = options;
  writer.begin();
  writer.u8(TO_PROCESS.run);
  writer.text(token);
  writer.text(input);
  if (!session.channel.write(writer.take())) return goneEnd(options);
  const most = mostFrameBytes(limits);
  while (ending.ended() === undefined) {
    const body = session.channel.read(most);
    if (body === undefined) return goneEnd(options);
    const reader = createWireReader(body, mostValues(limits));
    const end = hear(session, reader, ending);
    const known = end instanceof Promise ? await Promise.race([end, ending.whenEnded]) : end;
    if (known !== undefined) return known;
  }
  return ending.whenEnded;
}

/** The codec has put handles in the place of resources; nothing is left to be exchanged. */
const AS_THEY_ARE: GuestValues = {
  outward: (value) => value,
  inward: (value) => value,
  bind: () => undefined,
  release: () => undefined,
  resource: (guard) => guard,
};

async function sendJob({ channel, writer, options }: Session, ahead: boolean): Promise<boolean> {
  const { artefact, limits } = options;
  const { glue, modules } = await readArtefact(artefact);
  const job: CellJob = {
    ...{ artefact, limits, ahead },
    glueBytes: glue.length,
    moduleBytes: [...modules.values()].map(({ length }) => length),
  };
  writer.begin();
  writer.u8(TO_PROCESS.job);
  writer.text(JSON.stringify(job));
  return [writer.take(), glue, ...modules.values()].every((bytes) => channel.write(bytes));
}

/** Waits until the instance is made; false where the process ended instead. */
function hearReady({ channel }: Session): boolean {
  const body = channel.read(1);
  if (body === undefined) return false;
  const reader = createWireReader(body, 0);
  if (reader.u8() !== FROM_PROCESS.ready) throw new WireError('a word before there was a run');
  return true;
}

/** The end of a process that was not expected: its supervisor knows more, if it really is gone. */
async function goneEnd({ gone }: BrokerOptions): Promise<GuestEnd> {
  const closed: GuestEnd = { kind: 'trap', message: 'the process of the guest closed its channel' };
  return Promise.race([gone, sleep(GONE_MS, closed, { ref: false })]);
}

/** Acts on one frame. Returns the end of the run, where it is one. */
function hear(
  session: Session,
  reader: WireReader,
  ending: RunEnding,
): GuestEnd | undefined | Promise<GuestEnd | undefined> {
  const { options } = session;
  const kind = reader.u8();
  if ((kind === FROM_PROCESS.started) === session.begun) throw new WireError('a frame out of order');
  switch (kind) {
    case FROM_PROCESS.call:
      return answerCall(session, reader, ending);
    case FROM_PROCESS.drop:
      drop(session, reader);
      return undefined;
    case FROM_PROCESS.started: {
      if (reader.text() !== session.token) throw new WireError('a start of another run');
      session.begun = true;
      options.meter.noteStart(threadCpuMs());
      options.started(reader.f64());
      reader.end();
      return undefined;
    }
    case FROM_PROCESS.end: {
      notePages(options, reader.u32());
      noteFuel(options, reader.u64());
      const end = parseProcessEnd(reader.text(), options.artefact.program, options.limits);
      reader.end();
      // The call that was one too many was stopped before it left the process.
      if (end.kind === 'limit' && end.limit === 'hostCalls') options.meter.countCall();
      return end;
    }
    default:
      throw new WireError('a frame of an unknown kind');
  }
}

/** What the process says is not more than the modules can have. */
function notePages({ meter, limits }: BrokerOptions, pages: number): void {
  meter.notePages(Math.min(pages, budgetPagesOf(limits)));
}

/** What the process says is not more than the run may have. */
function noteFuel({ artefact, meter, limits }: BrokerOptions, instructions: bigint): void {
  const most = limits.fuel ?? Number.MAX_SAFE_INTEGER;
  if (artefact.fuel) meter.noteFuel(instructions > BigInt(most) ? most : Number(instructions));
}

function drop({ handles, calls }: Session, reader: WireReader): void {
  const { resource, object } = handles.drop(reader.u32());
  reader.end();
  const method: unknown = Reflect.get(object, Symbol.dispose);
  if (typeof method === 'function') calls.drop(resource, () => Reflect.apply(method as () => unknown, object, [])); // `typeof` says that it is one
}

function answerCall(session: Session, reader: WireReader, ending: RunEnding): undefined | Promise<undefined> {
  const { options, calls, handles, table } = session;
  const id = reader.u32();
  if (id !== (session.last + 1) >>> 0) throw new WireError('a call out of order');
  session.last = id;
  const served = table[reader.u16()];
  if (served === undefined) throw new WireError('a call of something that is not imported');
  const { called, label, invoke } = served;
  notePages(options, reader.u32());
  try {
    calls.enter(label);
    // Of the answers before: an honest process ends at them by itself, and knows where in the guest that is.
    calls.handles(handles.live());
    calls.carried('bytesIn', session.answered);
    session.answered = 0;
    calls.charge(label, reader.left());
    calls.carried('bytesOut', reader.left());
    const values = called.wire.readValues(reader);
    reader.end();
    const value = attempt(session, served, () => invoke(values));
    if (!(value instanceof Promise)) {
      send(session, id, served, value);
      return undefined;
    }
    if (!called.waits) {
      value.catch(() => undefined); // it is not waited for
      calls.fault(`\`${label}\` answers later, but is declared to answer at once`);
    }
    return later(session, id, served, value).catch((error: unknown) => {
      overOr(error, ending);
      return undefined;
    });
  } catch (error) {
    overOr(error, ending);
    return undefined;
  }
}

/** Where the run has ended, the exception that unwinds it has done its work. */
function overOr(error: unknown, ending: RunEnding): void {
  if (ending.ended() === undefined) throw error;
}

/** What a gate answers, as it is written; a promise is passed on as it is. */
function attempt(session: Session, served: Served, work: () => unknown): unknown {
  let value: unknown;
  try {
    value = work();
  } catch (error) {
    return failed(session, served, error);
  }
  return value instanceof Promise ? value : succeeded(served, value);
}

async function later(session: Session, id: number, served: Served, pending: Promise<unknown>): Promise<undefined> {
  let answer: unknown;
  try {
    answer = succeeded(served, await pending);
  } catch (error) {
    answer = failed(session, served, error);
  }
  if (!session.calls.isOver()) send(session, id, served, answer);
  return undefined;
}

const succeeded = ({ called }: Served, value: unknown): unknown =>
  called.wire.fails ? { tag: 'ok', val: value } : value;

function failed({ calls }: Session, { called, label }: Served, error: unknown): unknown {
  const payload = calls.payloadOf(label, error);
  return called.wire.fails ? { tag: 'err', val: payload } : calls.fault(`\`${label}\` has no declared error`);
}

function send(session: Session, id: number, { called, label }: Served, answer: unknown): void {
  const { channel, writer, calls } = session;
  writer.begin();
  writer.u8(TO_PROCESS.answer);
  writer.u32(id);
  try {
    called.wire.writeAnswer(writer, answer);
  } catch (error) {
    if (error instanceof TypeError) calls.fault(`\`${label}\`: ${error.message}`);
    throw error;
  }
  const frame = writer.take();
  calls.charge(label, frame.length);
  session.answered += frame.length;
  channel.write(frame); // whether the process is gone is seen at the next reading
}

/** Ties a function of the component to the gate. A method is looked up on its resource, the first of its values. */
function servedBy(called: ImportedFunction, imports: HostImports): Served {
  const { iface, name, part } = called;
  const label = `${iface}#${name}`;
  if (part === undefined) {
    const owner = imports.get(iface);
    const target = lazily(() => memberOf(imports, iface, camelCase(name)));
    return { called, label, invoke: (values) => Reflect.apply(target(), owner, values) };
  }
  const key = camelCase(part.name);
  const made = lazily(() => memberOf(imports, iface, classOfResource(`#${part.resource}`).name));
  switch (part.kind) {
    case 'constructor':
      return { called, label, invoke: (values) => Reflect.construct(made(), values) as unknown };
    case 'static':
      return { called, label, invoke: (values) => Reflect.apply(methodOf(made(), key), made(), values) };
    case 'method':
      return {
        ...{ called, label },
        invoke: ([self, ...values]) => Reflect.apply(methodOf(self as object, key), self, values), // from the handle table
      };
  }
}

type AnyFunction = (...values: unknown[]) => unknown;

function methodOf(target: object, key: string): AnyFunction {
  const method: unknown = Reflect.get(target, key);
  if (typeof method !== 'function') throw new TypeError(`there is no \`${key}\``);
  return method as AnyFunction; // `typeof` says that it is one
}

/** Components declare more than they call: what is missing is missed when it is called. */
function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
