import { describe, expect, it } from 'vitest';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { createPoll, type Poll } from '../../host/wasi/poll.ts';
import { StreamFailure } from '../../host/wasi/stream-failure.ts';
import { createStreams, type Sink, type Source, type Streams } from '../../host/wasi/streams.ts';
import { createPipe, createVessel } from './ends.ts';
import { call, thrownBy } from './run.ts';

const CLOSED = { payload: { tag: 'closed' } };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (list: unknown) => new TextDecoder().decode(list as Uint8Array);
const later = () => new Promise((resolve) => setTimeout(resolve, 5));

interface Bench {
  readonly poll: Poll;
  readonly streams: Streams;
  readonly slept: number[];
}

function bench(): Bench {
  const trap = (message: string): never => {
    throw new RunStop({ kind: 'trap', message });
  };
  const slept: number[] = [];
  const sleep = (ms: number, signal?: AbortSignal) => {
    slept.push(ms);
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  };
  const poll = createPoll({ pollables: 100, nowNs: () => process.hrtime.bigint(), sleep, trap });
  return { poll, streams: createStreams(poll, trap), slept };
}

const pollFor = (on: Bench, ...pollables: unknown[]) =>
  call(on.poll.interface, 'poll', pollables) as Uint32Array | Promise<Uint32Array>;

describe('an input stream', () => {
  it('gives an empty list while nothing is there, and waits for the first bytes where it blocks', async () => {
    const { streams } = bench();
    const pipe = createPipe();
    const stream = streams.input(pipe.source);
    expect(call(stream, 'read', 10n)).toHaveLength(0);
    expect(call(stream, 'skip', 10n)).toBe(0n);
    const reading = call(stream, 'blockingRead', 3n) as Promise<Uint8Array>;
    pipe.put('hello');
    expect(text(await reading)).toBe('hel');
    expect(text(call(stream, 'blockingRead', 10n))).toBe('lo');
    const skipping = call(stream, 'blockingSkip', 10n);
    pipe.put('more');
    expect(await skipping).toBe(4n);
    const end = call(stream, 'blockingRead', 1n) as Promise<unknown>;
    pipe.end();
    await expect(end).rejects.toEqual(CLOSED);
  });

  it('that fails tells so once, with an error that says nothing of the host, and is closed from then on', () => {
    const { streams } = bench();
    const failure = new StreamFailure('http', { tag: 'HTTP-response-incomplete' });
    const source: Source = {
      take() {
        throw failure;
      },
    };
    const stream = streams.input(source);
    const { payload } = thrownBy(() => call(stream, 'blockingRead', 1n)) as { payload: { tag: string; val: object } };
    expect(payload.tag).toBe('last-operation-failed');
    expect(call(payload.val, 'toDebugString')).toBe('the last operation on the stream failed');
    expect(streams.failureBehind(payload.val)).toBe(failure);
    expect(thrownBy(() => call(stream, 'read', 1n))).toEqual(CLOSED);
    expect(call(call(stream, 'subscribe'), 'ready')).toBe(true);
    call(payload.val, Symbol.dispose);
    expect(thrownBy(() => call(payload.val, 'toDebugString'))).toBeInstanceOf(RunStop);
  });

  it('tells its source that it was dropped', () => {
    const { streams } = bench();
    const pipe = createPipe();
    call(streams.input(pipe.source), Symbol.dispose);
    expect(pipe.closed()).toBe(1);
  });
});

describe('an output stream', () => {
  it('takes nothing while its sink is full, and waits for room where it blocks', async () => {
    const { streams } = bench();
    const vessel = createVessel(4);
    const stream = streams.output(vessel.sink);
    call(stream, 'write', bytes('abcd'));
    expect(call(stream, 'checkWrite')).toBe(0n);
    const writing = call(stream, 'blockingWriteAndFlush', bytes('efghijkl')) as Promise<void>;
    for (let round = 0; round < 2; round += 1) {
      await later();
      vessel.drain();
    }
    await writing;
    expect(vessel.taken()).toBe('abcdefghijkl');
    const flushing = call(stream, 'blockingFlush');
    vessel.drain();
    expect(await flushing).toBeUndefined();
  });

  it('traps on a write that was not permitted, before a byte of it is taken', () => {
    const { streams } = bench();
    const vessel = createVessel(4);
    const stream = streams.output(vessel.sink);
    expect(thrownBy(() => call(stream, 'write', bytes('abcde')))).toBeInstanceOf(RunStop);
    expect(vessel.taken()).toBe('');
  });

  it('splices what both sides can do, and waits for both', async () => {
    const { streams } = bench();
    const [pipe, vessel] = [createPipe(), createVessel(4)];
    const [from, to] = [streams.input(pipe.source), streams.output(vessel.sink)];
    expect(call(to, 'splice', from, 10n)).toBe(0n);
    const splicing = call(to, 'blockingSplice', from, 10n);
    pipe.put('abcdef');
    expect(await splicing).toBe(4n);
    const again = call(to, 'blockingSplice', from, 10n);
    vessel.drain();
    expect(await again).toBe(2n);
    expect(vessel.taken()).toBe('abcdef');
  });

  it('that fails while it is waited for tells so, and a source that is spliced into it lives on', async () => {
    const { streams } = bench();
    const failure = new StreamFailure('filesystem', 'insufficient-space');
    const vessel = createVessel(1);
    const [pipe, stream] = [createPipe(), streams.output(vessel.sink)];
    pipe.put('rest');
    const from = streams.input(pipe.source);
    call(stream, 'write', bytes('x'));
    const splicing = call(stream, 'blockingSplice', from, 10n) as Promise<unknown>;
    vessel.fail(failure);
    const { payload } = (await splicing.then(
      () => undefined,
      (error: unknown) => error,
    )) as { payload: { val: object } };
    expect(streams.failureBehind(payload.val)).toBe(failure);
    expect(thrownBy(() => call(stream, 'checkWrite'))).toEqual(CLOSED);
    expect(text(call(from, 'read', 10n))).toBe('rest');
  });
});

describe('poll', () => {
  it('waits for the first of streams and timers, and names each that is ready', async () => {
    const on = bench();
    const [pipe, other] = [createPipe(), createPipe()];
    const pollables = [
      call(on.streams.input(pipe.source), 'subscribe'),
      call(on.streams.input(other.source), 'subscribe'),
      on.poll.timer(process.hrtime.bigint() + 60_000_000_000n),
    ];
    const polling = pollFor(on, ...pollables);
    pipe.put('x');
    expect([...(await polling)]).toEqual([0]);
    other.end();
    expect(pollFor(on, ...pollables)).toEqual(Uint32Array.of(0, 1));
  });

  it('ends with the timer where nothing else becomes ready', async () => {
    const on = bench();
    const waiting = call(on.streams.input(createPipe().source), 'subscribe');
    const timer = on.poll.timer(process.hrtime.bigint() + 10_000_000n);
    expect([...(await pollFor(on, waiting, timer))]).toEqual([1]);
  });

  it('leaves one listener behind, however often a guest polls, subscribes and drops', async () => {
    const on = bench();
    const pipe = createPipe();
    const stream = on.streams.input(pipe.source);
    for (let round = 0; round < 200; round += 1) {
      const pollables = [call(stream, 'subscribe'), on.poll.timer(process.hrtime.bigint() + 100_000n)];
      await pollFor(on, ...pollables);
      for (const pollable of pollables) call(pollable, Symbol.dispose);
    }
    expect(pipe.listened()).toBe(1);
    const blocked = call(stream, 'blockingRead', 1n);
    expect(pipe.listened()).toBe(1);
    pipe.put('x');
    expect(text(await blocked)).toBe('x');
  });

  it('does not spin: a wait for what never comes costs no turn of the host', async () => {
    const on = bench();
    const pipe = createPipe();
    let asked = 0;
    const source: Source = {
      ...pipe.source,
      readiness: {
        ready: () => {
          asked += 1;
          return pipe.source.readiness?.ready() ?? true;
        },
        wait: () => pipe.source.readiness?.wait() ?? Promise.resolve(),
      },
    };
    const polling = pollFor(on, call(on.streams.input(source), 'subscribe'));
    await later();
    const before = asked;
    await later();
    expect(asked).toBe(before);
    pipe.end();
    await polling;
  });
});

describe('a sink that is not ready', () => {
  it('never gets more than it said', () => {
    const { streams } = bench();
    const vessel = createVessel(4);
    const put: Sink['put'] = (part) => {
      expect(part.length).toBeLessThanOrEqual(vessel.sink.room() ?? 0);
      vessel.sink.put(part);
    };
    const stream = streams.output({ ...vessel.sink, put });
    call(stream, 'writeZeroes', 3n);
    expect(call(stream, 'checkWrite')).toBe(1n);
    expect(thrownBy(() => call(stream, 'writeZeroes', 2n))).toBeInstanceOf(RunStop);
  });
});
