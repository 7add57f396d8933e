import type { Readiness } from '../../host/contracts/readiness.ts';
import type { Sink, Source } from '../../host/wasi/streams.ts';

/** A readiness that counts how often it was listened to. */
function createSignal(ready: () => boolean): { readiness: Readiness; changed: () => void; listened: () => number } {
  let listeners: (() => void)[] = [];
  let listened = 0;
  return {
    readiness: {
      ready,
      wait() {
        listened += 1;
        return new Promise<void>((resolve) => listeners.push(resolve));
      },
    },
    changed() {
      if (!ready()) return;
      for (const listener of listeners) listener();
      listeners = [];
    },
    listened: () => listened,
  };
}

/** A source that a test fills. */
export function createPipe() {
  let held = Buffer.alloc(0);
  let ended = false;
  let closed = 0;
  const signal = createSignal(() => ended || held.length > 0);
  const source: Source = {
    readiness: signal.readiness,
    take(max) {
      if (held.length === 0 && ended) return undefined;
      const part = held.subarray(0, max);
      held = held.subarray(part.length);
      return part;
    },
    close: () => void (closed += 1),
  };
  return {
    source,
    put(text: string): void {
      held = Buffer.concat([held, Buffer.from(text)]);
      signal.changed();
    },
    end(): void {
      ended = true;
      signal.changed();
    },
    closed: () => closed,
    listened: signal.listened,
  };
}

/** A sink that holds a few bytes until a test takes them. */
export function createVessel(size: number) {
  let held = 0;
  let taken = '';
  let failure: Error | undefined;
  const signal = createSignal(() => failure !== undefined || held < size);
  const sink: Sink = {
    readiness: signal.readiness,
    room() {
      if (failure !== undefined) throw failure;
      return size - held;
    },
    put(bytes) {
      held += bytes.length;
      taken += Buffer.from(bytes).toString();
    },
  };
  return {
    sink,
    taken: () => taken,
    drain(): void {
      held = 0;
      signal.changed();
    },
    fail(error: Error): void {
      failure = error;
      signal.changed();
    },
  };
}
