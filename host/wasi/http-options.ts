import type { ResourceClass } from '../contracts/guest-import.ts';
import type { HttpTimeouts } from '../contracts/http-service.ts';
import { createSlots } from './slots.ts';

/** `request-options`, and what a request needs of them. */
export interface HttpOptions {
  readonly RequestOptions: ResourceClass;
  /** Takes options that a guest hands over. */
  readonly take: (options: object | undefined) => HttpTimeouts;
}

/** Durations of the WIT, nanoseconds. */
interface Durations {
  connect: bigint | undefined;
  firstByte: bigint | undefined;
  betweenBytes: bigint | undefined;
}

/** Milliseconds, rounded up: a wait that ends early would be another one than was asked for. */
const toMs = (duration: bigint): number => Math.max(1, Math.ceil(Number(duration) / 1e6));

function timeoutsOf({ connect, firstByte, betweenBytes }: Durations): HttpTimeouts {
  return {
    ...(connect === undefined ? {} : { connectMs: toMs(connect) }),
    ...(firstByte === undefined ? {} : { firstByteMs: toMs(firstByte) }),
    ...(betweenBytes === undefined ? {} : { idleMs: toMs(betweenBytes) }),
  };
}

/** The resource `request-options` of `wasi:http/types`. */
export function createHttpOptions(trap: (message: string) => never): HttpOptions {
  const slots = createSlots<Durations>(trap);

  class RequestOptions {
    constructor() {
      slots.hold(this, { connect: undefined, firstByte: undefined, betweenBytes: undefined });
    }
    connectTimeout(): bigint | undefined {
      return slots.of(this).connect;
    }
    setConnectTimeout(duration: bigint | undefined): void {
      slots.of(this).connect = duration;
    }
    firstByteTimeout(): bigint | undefined {
      return slots.of(this).firstByte;
    }
    setFirstByteTimeout(duration: bigint | undefined): void {
      slots.of(this).firstByte = duration;
    }
    betweenBytesTimeout(): bigint | undefined {
      return slots.of(this).betweenBytes;
    }
    setBetweenBytesTimeout(duration: bigint | undefined): void {
      slots.of(this).betweenBytes = duration;
    }
    [Symbol.dispose](): void {
      slots.release(this);
    }
  }
  return Object.freeze({
    RequestOptions,
    take(options: object | undefined): HttpTimeouts {
      if (options === undefined) return {};
      const durations = slots.of(options);
      slots.release(options);
      return timeoutsOf(durations);
    },
  });
}
