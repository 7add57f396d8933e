import type { RunLimits } from '../contracts/limits.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import { RunStop } from '../contracts/run-stop.ts';
import { createBufferWatch, type BufferWatch } from './buffer-watch.ts';
import { isStackOverflow } from './guest-error.ts';
import { guestStackOf, withStack } from './guest-stack.ts';
import type { GuestValues, SizeCount } from './guest-values.ts';
import type { Meter } from './meter.ts';
import { describeError } from './printable.ts';
import type { RunEnding } from './run-ending.ts';
import type { Stopwatch } from './stopwatch.ts';

/** One function of an interface, as the host calls it. */
export interface HostTarget {
  /** For the operator: `sallyport:agent/http#fetch`. */
  readonly name: string;
  /** Whether the glue awaits the answer. */
  readonly waits: boolean;
  /** Performs the call on the arguments as the gate knows them. `self` is the resource of a method. */
  readonly invoke: (self: object | undefined, values: readonly unknown[]) => unknown;
}

/** The one place through which every call of the guest passes, in every cell. */
export interface HostCalls {
  /** A function for the import object. */
  guard(target: HostTarget): (self: object | undefined, values: readonly unknown[]) => unknown;
  /** Runs what a gate does when the guest drops a handle. It is no call of the guest's, and cannot be answered. */
  drop(name: string, work: () => unknown): void;
  /** Lets a call in, or unwinds the guest: its run has ended, or this was a call too many. */
  enter(name: string): void;
  /** The guest has its answer and goes on. */
  back(): void;
  /** Ends the run of a guest whose call carries more than any gate would take. */
  charge(name: string, bytes: number): void;
  /** Ends the run of a guest whose call would take more of the host's heap than a run may have. */
  hold(name: string, bytes: number): void;
  /** Adds to what all calls together carried, and ends the run where that is too much. */
  carried(direction: 'bytesIn' | 'bytesOut', bytes: number): void;
  /** Ends the run of a guest that has more handles than it may have. */
  handles(live: number): void;
  /** The declared error in what a gate threw. Anything else ends the run: it is the host's own business. */
  payloadOf(name: string, error: unknown): unknown;
  /** Leaves a guest whose run has ended where it waits: it is not woken up. */
  park(): Promise<never>;
  readonly isOver: () => boolean;
  /** The guest broke a rule of the canonical ABI, or trapped while it was asked for room: the run ends. Never returns. */
  broken(error: unknown): never;
  /** Something that cannot be: the run ends. Never returns. */
  fault(text: string): never;
}

export interface HostCallOptions {
  readonly limits: RunLimits;
  readonly meter: Meter;
  readonly ending: RunEnding;
  readonly values: GuestValues;
  /** Called at each call: a chance to see how much memory the guest has. */
  readonly sampleMemory: () => void;
  /** Counts the time of a guest that has no thread of its own. */
  readonly stopwatch?: Stopwatch | undefined;
  /** Whether there is no run yet: then nothing may be called. Asked at each call. */
  readonly isEarly: () => boolean;
  /** What an exception out of the guest means: with little memory left, a trap is the end of that. */
  readonly classify: (error: Error) => GuestEnd;
}

const UNWATCHED: BufferWatch = { carried: () => undefined };

/** Gates answer `too-large` at the limit; far above it a call ends the run, whatever the gate would do. */
const CEILING_FACTOR = 4;

/** Unwinds the guest once its run has ended. The guest may catch it (`catch_all`); it reaches nothing any more. */
class RunOver extends Error {
  override readonly name = 'RunOver';
}

export function createHostCalls(options: HostCallOptions): HostCalls {
  const { limits, meter, values, sampleMemory, isEarly, classify, stopwatch } = options;
  const ending = {
    ended: options.ending.ended,
    /** What ends here ends in the middle of a call of the guest's, unless its stack waits elsewhere. */
    end: (end: GuestEnd): void => options.ending.end(withStack(end, guestStackOf(new Error('here')).frames)),
  };
  const full = (message: string): void => {
    ending.end({ kind: 'limit', limit: 'heapBytes', message });
    over();
  };
  // Buffers are counted by thread: on a shared one they are nobody's in particular.
  const buffers = stopwatch === undefined ? createBufferWatch(limits.heapBytes, full) : UNWATCHED;
  const ceiling = limits.callBytes * CEILING_FACTOR;

  function over(): never {
    throw new RunOver('the run has ended');
  }

  function fault(text: string): never {
    ending.end({ kind: 'fault', message: text });
    over();
  }

  function broken(error: unknown): never {
    options.ending.end(
      error instanceof Error ? classify(error) : { kind: 'trap', message: 'the guest threw what is no error' },
    );
    over();
  }

  function charge(name: string, bytes: number): void {
    if (bytes <= ceiling) return;
    ending.end({ kind: 'limit', limit: 'callBytes', message: `a call of \`${name}\` carried about ${bytes} bytes` });
    over();
  }

  function hold(name: string, bytes: number): void {
    // What a call lifts, its gate may copy before it lets go of it.
    if (bytes <= limits.heapBytes / 4) return;
    const message = `a call of \`${name}\` would take about ${bytes} bytes of the heap of its cell`;
    ending.end({ kind: 'limit', limit: 'heapBytes', message });
    over();
  }

  const sums = { bytesIn: 0, bytesOut: 0 };

  function carried(direction: 'bytesIn' | 'bytesOut', bytes: number): void {
    sums[direction] += bytes;
    buffers.carried(bytes);
    if (sums[direction] <= limits[direction]) return;
    const [way, most] = [direction === 'bytesIn' ? 'into' : 'out of', limits[direction]];
    ending.end({ kind: 'limit', limit: direction, message: `calls carried more than ${most} bytes ${way} the agent` });
    over();
  }

  function handles(live: number): void {
    if (live <= limits.handles) return;
    const message = `the agent has more than ${limits.handles} open handles`;
    ending.end({ kind: 'limit', limit: 'handles', message });
    over();
  }

  const isOver = (): boolean => ending.ended() !== undefined || meter.isStopped();

  function enter(): void {
    stopwatch?.pause();
    if (isEarly() || isOver()) over();
    sampleMemory();
    if (meter.countCall() <= limits.hostCalls) return;
    ending.end({
      kind: 'limit',
      limit: 'hostCalls',
      message: `the agent made more than ${limits.hostCalls} calls to the host`,
    });
    over();
  }

  function admit(target: HostTarget, arguments_: readonly unknown[]): readonly unknown[] {
    enter();
    const size: SizeCount = { bytes: 0 };
    const inward = arguments_.map((value) => values.inward(value, size));
    charge(target.name, size.bytes);
    carried('bytesOut', size.bytes);
    return inward;
  }

  function answer(target: HostTarget, value: unknown): unknown {
    const size: SizeCount = { bytes: 0 };
    const outward = values.outward(value, size);
    charge(target.name, size.bytes);
    carried('bytesIn', size.bytes);
    stopwatch?.resume();
    return outward;
  }

  function payloadOf(name: string, error: unknown): unknown {
    if (error instanceof RunStop) {
      ending.end(error.end);
      over();
    }
    if (error instanceof RunOver) throw error;
    if (isStackOverflow(error)) {
      options.ending.end(classify(error));
      over();
    }
    if (typeof error === 'object' && error !== null && 'payload' in error && !(error instanceof Error))
      return error.payload;
    return fault(`\`${name}\` failed: ${describeError(error)}`);
  }

  function refuse(target: HostTarget, error: unknown): never {
    const thrown = { payload: answer(target, payloadOf(target.name, error)) };
    throw thrown;
  }

  const park = (): Promise<never> => new Promise(() => undefined);

  async function wait(target: HostTarget, self: object | undefined, arguments_: readonly unknown[]): Promise<unknown> {
    try {
      const value = await target.invoke(self, admit(target, arguments_));
      return ending.ended() === undefined ? answer(target, value) : await park();
    } catch (error) {
      try {
        return refuse(target, error);
      } catch (thrown) {
        if (isOver()) return park();
        throw thrown;
      }
    }
  }

  function callNow(target: HostTarget, self: object | undefined, arguments_: readonly unknown[]): unknown {
    let value: unknown;
    try {
      value = target.invoke(self, admit(target, arguments_));
    } catch (error) {
      return refuse(target, error);
    }
    if (value instanceof Promise) {
      value.catch(() => undefined); // it is not waited for
      fault(`\`${target.name}\` answers later, but is declared to answer at once`);
    }
    return answer(target, value);
  }

  function drop(name: string, work: () => unknown): void {
    const target: HostTarget = { name: `${name} (drop)`, waits: false, invoke: work };
    const failed = (error: unknown): never =>
      refuse(target, error instanceof Error ? error : new Error('a drop has no answer'));
    try {
      const done = work();
      if (done instanceof Promise) done.catch(failed).catch(() => undefined); // the run has ended: that is all there is to say
    } catch (error) {
      failed(error);
    }
  }

  return Object.freeze({
    enter,
    back: () => stopwatch?.resume(),
    charge,
    hold,
    carried,
    handles,
    payloadOf,
    park,
    isOver,
    broken,
    fault,
    drop,
    guard: (target: HostTarget) => (self: object | undefined, arguments_: readonly unknown[]) =>
      target.waits ? wait(target, self, arguments_) : callNow(target, self, arguments_),
  });
}
