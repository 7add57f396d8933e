import type { HttpTimeouts } from '../../contracts/http-service.ts';
import { after, type Pending } from '../../contracts/pending.ts';
import type { Clock } from '../../contracts/powers.ts';
import type { RunSecrets } from '../../contracts/run-secrets.ts';
import type { DriverResult, EffectEnd, OutcomeFacts } from '../../enforcement/effect.ts';
import type { Claim, Grant, Redeem } from '../../enforcement/grant.ts';
import type { Redaction, Redactors } from '../../redaction/redactor.ts';
import type { ClassifyAddress } from './address-range.ts';
import { createAttemptOrder, vetAddresses, type Vetted } from './address-vetting.ts';
import type { HttpConfig } from './config.ts';
import type { Decompressor } from './decompressor.ts';
import type { DialCall, HttpDialer } from './dialer.ts';
import { createByteRoom, type ByteRoom } from './byte-room.ts';
import { exchange, type Dialled } from './exchange.ts';
import { redactedRequest, valueOf } from './redacted-request.ts';
import type { HttpTarget } from './request.ts';
import type { Resolver } from './resolver.ts';
import type { ResponseBody } from './response-body.ts';
import type { ReadHead } from './response-header.ts';
import { sentFields } from './secret-header.ts';
import { createUpload, type Upload } from './upload.ts';
import type { DriverFailure, HttpFailure } from './wit-error.ts';

/** What the driver is given. */
export interface DriverPowers {
  readonly redeem: Redeem;
  readonly resolver: Resolver;
  readonly dialer: HttpDialer;
  readonly decompressor: Decompressor;
  readonly clock: Clock;
  readonly classify: ClassifyAddress;
  readonly config: HttpConfig;
  /** Absent: no request carries a secret, and none can come back. */
  readonly secrets?: RunSecrets;
  readonly redactors: Redactors;
  /** Calls back whenever what was decided may not stand any more. */
  readonly changes?: (listener: () => void) => void;
}

/** The answer to one request, its body whole or still to be read. */
export interface Answer<Body> {
  readonly target: HttpTarget;
  readonly head: ReadHead;
  readonly body: Body;
}

/** A request whose body is still to be written, and what will come of it. */
export interface BegunUpload extends Upload {
  readonly target: HttpTarget;
  readonly answer: Promise<Answer<ResponseBody> | { readonly failure: DriverFailure }>;
}

type Driven<Value> = DriverResult<Value, DriverFailure>;

/** Performs one request, never a redirect, from a grant. `stop` gives up what has no answer yet. */
export interface HttpDriver {
  readonly fetch: (grant: Grant<HttpTarget>) => Pending<Driven<Answer<Uint8Array>>>;
  readonly open: (grant: Grant<HttpTarget>, stop?: AbortSignal) => Pending<Driven<Answer<ResponseBody>>>;
  readonly upload: (grant: Grant<HttpTarget>, stop?: AbortSignal) => Pending<Driven<BegunUpload>>;
}

type Mode = 'fetch' | 'open' | 'upload';
type Ended = Extract<Driven<never>, { status: 'failed' }>;
type Arrived = Extract<Dialled, { status: 'arrived' }> & { readonly address: string };
interface Reaching {
  readonly addresses: Vetted;
  readonly deadline: Deadline;
  readonly mode: Mode;
  readonly tally: Tally;
  readonly stands: () => boolean;
}
/** What a request did so far. */
interface Tally {
  sent: number;
  readonly room: ByteRoom;
  address?: string;
  readonly redaction: Redaction | undefined;
}

/** A request as it may leave. */
interface Admitted {
  readonly claim: Claim<HttpTarget>;
  readonly redaction: Redaction | undefined;
}

/** Makes the driver of one run. */
export function createHttpDriver(powers: DriverPowers): HttpDriver {
  const { redeem, config, clock, dialer, decompressor, redactors } = powers;
  const attempts = createAttemptOrder();
  const streams = new Set<{ recheck(): void }>();
  powers.changes?.(() => {
    for (const stream of streams) stream.recheck();
  });
  const limitsOf = (whole: boolean) => ({
    maxBytes: whole ? config.maxResponseBytes : config.maxStreamBytes,
    maxRatio: config.maxRatio,
  });
  const exchanges = {
    whole: { dialer, decompressor, whole: true, limits: limitsOf(true) },
    streamed: { dialer, decompressor, whole: false, limits: limitsOf(false) },
  };

  /** Opens a grant. What must be masked is masked before anything leaves; what cannot be, denies. */
  function admit(grant: Grant<HttpTarget>): Admitted | Extract<Driven<never>, { status: 'denied' }> {
    const claim = redeem(grant);
    const { redact } = claim.obligations;
    const redaction = redactors.begin(redact);
    const look = redactors.begin(redact);
    if (redaction === undefined || look === undefined) return { claim, redaction: undefined };
    const target = redactedRequest(claim.target, redaction, look);
    return 'unmaskable' in target
      ? { status: 'denied', reason: 'unsupported-obligation', facts: { detail: { redact: target.unmaskable } } }
      : { claim: { ...claim, target }, redaction };
  }

  /** Vets the addresses of a claim, then goes on with them. */
  function withAddresses<Value>(
    claim: Claim<HttpTarget>,
    next: (addresses: Vetted, deadline: Deadline) => Pending<Driven<Value>>,
  ): Pending<Driven<Value>> {
    const deadline = createDeadline(clock, Math.min(config.timeouts.totalMs, claim.obligations.timeoutMs ?? Infinity));
    const timeoutMs = Math.min(timeoutsFor(claim.target, config).connectMs, deadline.totalMs);
    const { rules } = claim;
    const vetting = vetAddresses(claim.target, { ...powers, networks: config.networks, rules, timeoutMs });
    return after(vetting, (found): Pending<Driven<Value>> => {
      switch (found.kind) {
        case 'vetted':
          return next(found.addresses, deadline);
        case 'forbidden':
          return {
            status: 'denied',
            reason: 'address-forbidden',
            facts: { detail: { address: found.address, range: found.range } },
          };
        case 'name-not-resolved':
        case 'timed-out':
          return failed(found.kind, false);
      }
    });
  }

  /** Tries the addresses in turn, until the header of an answer is there. */
  async function reach(
    call: Omit<DialCall, 'address' | 'totalMs'>,
    target: HttpTarget,
    { addresses, deadline, mode, tally, stands }: Reaching,
  ): Promise<Arrived | Extract<Dialled, { status: 'failed' }>> {
    const { redaction } = tally;
    const mask = powers.secrets?.mask();
    const shape = {
      ...(mode === 'fetch' ? exchanges.whole : exchanges.streamed),
      redaction,
      takeBytes: tally.room.take,
      stands,
      ...(mask === undefined ? {} : { mask }),
    };
    let dialled: Dialled = { status: 'failed', failure: 'timed-out', sent: false };
    for (const address of attempts.order(target.origin, addresses)) {
      if (call.stop?.aborted === true) break;
      const totalMs = call.deadline === 'none' ? Infinity : deadline.leftMs();
      if (totalMs <= 0) break;
      tally.address = address;
      dialled = await exchange({ ...call, address, totalMs }, target.method, shape, (bytes) => (tally.sent += bytes));
      if (dialled.status === 'arrived') {
        attempts.answered(target.origin, address);
        return { ...dialled, address };
      }
      // Only a request of which no byte left may be tried elsewhere.
      if (dialled.sent) break;
    }
    return dialled;
  }

  async function begin<Value>(
    { claim, redaction }: Admitted,
    { mode, stop }: { mode: Mode; stop?: AbortSignal | undefined },
    [addresses, deadline]: [Vetted, Deadline],
    next: (arrived: Arrived, tally: Tally) => Pending<Driven<Value>>,
  ): Promise<Driven<Value>> {
    const tally: Tally = { sent: 0, redaction, room: createByteRoom(claim) };
    const call = callFor(claim, mode, powers, stop);
    if (call.body instanceof Uint8Array && !tally.room.take(call.body.length)) return USED_UP;
    // What comes as a whole is one effect, which is not taken back; a stream is, with each of its pieces.
    const stands = mode === 'fetch' ? () => true : claim.stands;
    const arrived = await reach(call, claim.target, { addresses, deadline, mode, tally, stands });
    if (arrived.status === 'arrived') {
      reportCost(claim, arrived);
      return next(arrived, tally);
    }
    const ended = failed(arrived.failure, arrived.sent, { ...sentFacts(tally), detail: { addresses } });
    return stop?.aborted === true ? { ...ended, code: 'abandoned' } : ended;
  }

  /** Follows a body until its end is reported. */
  function following(body: ResponseBody, report: (end: EffectEnd) => void): (end: EffectEnd) => void {
    streams.add(body);
    return (end) => {
      streams.delete(body);
      report(end);
    };
  }

  return Object.freeze({
    fetch(grant: Grant<HttpTarget>): Pending<Driven<Answer<Uint8Array>>> {
      const admitted = admit(grant);
      if ('status' in admitted) return admitted;
      const { claim } = admitted;
      return withAddresses(claim, (...found) =>
        begin(admitted, { mode: 'fetch' }, found, async (arrived, tally): Promise<Driven<Answer<Uint8Array>>> => {
          const read = await arrived.body.readAll();
          const facts = factsOf(claim, arrived, tally);
          if (tally.room.isUsedUp()) return { ...USED_UP, begun: true, facts };
          if (read.kind === 'failed') return failed(read.failure, true, facts);
          const body = read.kind === 'data' ? read.bytes : new Uint8Array(0);
          return { status: 'ok', value: { target: claim.target, head: arrived.head, body }, facts };
        }),
      );
    },

    open(grant: Grant<HttpTarget>, stop?: AbortSignal): Pending<Driven<Answer<ResponseBody>>> {
      const admitted = admit(grant);
      if ('status' in admitted) return admitted;
      const { claim } = admitted;
      return withAddresses(claim, (...found) =>
        begin(admitted, { mode: 'open', stop }, found, (arrived, tally) => ({
          status: 'begun',
          value: { target: claim.target, head: arrived.head, body: arrived.body },
          ended: (report) => reportEnd(claim, arrived, tally, following(arrived.body, report)),
        })),
      );
    },

    upload(grant: Grant<HttpTarget>, stop?: AbortSignal): Pending<Driven<BegunUpload>> {
      const admitted = admit(grant);
      if ('status' in admitted) return admitted;
      const { claim, redaction } = admitted;
      const { target } = claim;
      return withAddresses(claim, (addresses, deadline) => {
        const room = createByteRoom(claim);
        const tally: Tally = { sent: 0, redaction, room };
        const { stands } = claim;
        const mask = redaction?.stream(valueOf(target.fields, 'content-type'));
        const limits = { length: target.upload?.length, maxBytes: config.maxUploadBytes };
        const upload = createUpload({ ...limits, mask, stands, takeBytes: room.take });
        streams.add(upload);
        const call = { ...callFor(claim, 'upload', powers, stop), body: upload.source };
        const reached = reach(call, target, { addresses, deadline, mode: 'upload', tally, stands });
        return {
          status: 'begun',
          value: { ...upload, target, answer: answerOf(reached, target, upload) },
          ended(report) {
            upload.onAbandon((as) => {
              const code = as === 'abandoned' && room.isUsedUp() ? 'budget-exhausted' : as;
              report({ code, facts: { ...sentFacts(tally), detail: { addresses } } });
            });
            void reached.then((arrived) => {
              streams.delete(upload);
              if (arrived.status === 'arrived') {
                reportCost(claim, arrived);
                reportEnd(claim, arrived, tally, following(arrived.body, report));
              } else {
                const code = stop?.aborted === true ? 'abandoned' : arrived.failure;
                report({ code, facts: { ...sentFacts(tally), detail: { addresses } } });
              }
            });
          },
        };
      });
    },
  });
}

/** Bytes found no room, and nothing has left. */
const USED_UP = { status: 'denied', reason: 'budget-exhausted' } as const;

/** Tells what the answer says that it cost, where the configuration knows such a header. */
function reportCost({ costSource, reportCost: report }: Claim<HttpTarget>, { head }: Arrived): void {
  if (costSource?.kind !== 'header') return;
  const [found, ...more] = head.headers.filter(([name]) => name === costSource.name);
  if (found !== undefined && more.length === 0) report(found[1].trim());
}

/** The answer to an upload. Where none comes, nobody takes the body any more. */
async function answerOf(
  reached: Promise<Dialled>,
  target: HttpTarget,
  upload: Upload,
): Promise<Answer<ResponseBody> | { readonly failure: DriverFailure }> {
  const arrived = await reached;
  if (arrived.status === 'arrived') return { target, head: arrived.head, body: arrived.body };
  upload.source.cancel();
  return { failure: { tag: arrived.failure, sent: arrived.sent } };
}

const failed = (tag: HttpFailure, sent: boolean, facts: OutcomeFacts = {}): Ended => ({
  status: 'failed',
  failure: { tag, sent },
  code: tag,
  facts,
});

const bytesOf = ({ sent }: Tally, received = 0): Pick<OutcomeFacts, 'bytesIn' | 'bytesOut'> => ({
  bytesIn: received,
  bytesOut: sent,
});

function factsOf({ obligations }: Claim<HttpTarget>, { head, body, address }: Arrived, tally: Tally): OutcomeFacts {
  const { timeoutMs } = obligations;
  return {
    ...bytesOf(tally, body.receivedBytes()),
    detail: { status: head.status, address },
    ...dischargedOf(tally, timeoutMs),
  };
}

/** What is known of a request that was given no answer. */
const sentFacts = (tally: Tally): OutcomeFacts => ({ ...bytesOf(tally), ...dischargedOf(tally, undefined) });

function dischargedOf({ redaction }: Tally, timeoutMs: number | undefined): Pick<OutcomeFacts, 'discharged'> {
  if (timeoutMs === undefined && redaction === undefined) return {};
  return {
    discharged: {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(redaction === undefined ? {} : { redact: redaction.counts() }),
    },
  };
}

/** Reports a streamed answer when nothing more of it comes. */
function reportEnd(claim: Claim<HttpTarget>, arrived: Arrived, tally: Tally, report: (end: EffectEnd) => void): void {
  arrived.body.whenOver((over) => {
    const facts = factsOf(claim, arrived, tally);
    if (over === 'whole') report({ facts });
    else if (over === 'left') report({ facts: { ...facts, detail: { ...facts.detail, left: true } } });
    else report({ code: over, facts });
  });
}

function callFor(
  { target, generation, obligations }: Claim<HttpTarget>,
  mode: Mode,
  { config, secrets }: Pick<DriverPowers, 'config' | 'secrets'>,
  stop?: AbortSignal,
): Omit<DialCall, 'address' | 'totalMs'> {
  const shortest = mode === 'fetch' ? 'whole' : mode === 'open' ? 'header' : 'none';
  return {
    origin: target.origin,
    generation,
    method: target.method,
    path: target.path,
    headers: sentFields(target.headers, target.secrets, secrets),
    body: target.body,
    ...timeoutsFor(target, config),
    ...(stop === undefined ? {} : { stop }),
    // A rule's timeout bounds the whole effect; the configuration's leaves streams to the guest's pace.
    deadline: obligations.timeoutMs !== undefined ? 'whole' : shortest,
  };
}

/** The deadlines of the configuration, and those of the guest where they are nearer. */
function timeoutsFor({ timeouts }: HttpTarget, config: HttpConfig): Required<HttpTimeouts> {
  const { connectMs, firstByteMs, idleMs } = config.timeouts;
  return {
    connectMs: Math.min(connectMs, timeouts.connectMs ?? Infinity),
    firstByteMs: Math.min(firstByteMs, timeouts.firstByteMs ?? Infinity),
    idleMs: Math.min(idleMs, timeouts.idleMs ?? Infinity),
  };
}

/** Time that is left of a total. */
interface Deadline {
  readonly totalMs: number;
  leftMs(): number;
}

function createDeadline(clock: Clock, totalMs: number): Deadline {
  const startUs = clock.monotonicUs();
  return { totalMs, leftMs: () => Math.ceil(totalMs - (clock.monotonicUs() - startUs) / 1000) };
}
