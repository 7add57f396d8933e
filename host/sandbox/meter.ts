/**
 * What a run has used so far, in memory that supervisor and cell share: the numbers outlive a cell that is killed. The
 * cell writes, the supervisor reads; both see 32-bit words.
 */
export interface Meter {
  /** Counts one more call from the guest to the host; returns the count. */
  countCall(): number;
  /** Counts calls that were made on behalf of the guest elsewhere. The supervisor writes this, too. */
  addCalls(count: number): void;
  /** Notes how much linear memory there is now, in pages of 64 KiB. The highest value stays. */
  notePages(pages: number): void;
  /** Notes that the guest starts now, when the cell itself has used `cpuMs`: its own start is not the guest's. */
  noteStart(cpuMs: number): void;
  /** Says that the run is over. A guest that never yields the thread hears no message: its next call does. */
  noteStop(): void;
  isStopped(): boolean;
  /** Adds time for which the guest had a thread that is not its own, microseconds. */
  addGuestUs(us: number): void;
  guestUs(): number;
  hostCalls(): number;
  peakPages(): number;
  /** Notes how many instructions the guest has executed. */
  noteFuel(instructions: number): void;
  /** `undefined` where nobody noted it. */
  fuel(): number | undefined;
  /** CPU time of the cell when the guest started; `undefined` before. Milliseconds. */
  startCpuMs(): number | undefined;
}

const WORD = {
  calls: 0,
  pages: 1,
  started: 2,
  startCpuMs: 3,
  stopped: 4,
  guestUs: 5,
  fuelLow: 6,
  fuelHigh: 7,
  fuelNoted: 8,
} as const;
const WORDS = 9;
const WORD_VALUES = 2 ** 32;

export const createMeterMemory = (): SharedArrayBuffer => new SharedArrayBuffer(WORDS * Uint32Array.BYTES_PER_ELEMENT);

export function createMeter(memory: SharedArrayBuffer = createMeterMemory()): Meter {
  const words = new Uint32Array(memory);
  return Object.freeze({
    countCall: () => Atomics.add(words, WORD.calls, 1) + 1,
    addCalls: (count: number) => void Atomics.add(words, WORD.calls, count),
    notePages(pages: number): void {
      if (pages > Atomics.load(words, WORD.pages)) Atomics.store(words, WORD.pages, pages);
    },
    noteStart(cpuMs: number): void {
      Atomics.store(words, WORD.startCpuMs, Math.round(cpuMs));
      Atomics.store(words, WORD.started, 1);
    },
    noteStop: () => void Atomics.store(words, WORD.stopped, 1),
    addGuestUs: (us: number) => void Atomics.add(words, WORD.guestUs, Math.round(us)),
    guestUs: () => Atomics.load(words, WORD.guestUs),
    isStopped: () => Atomics.load(words, WORD.stopped) === 1,
    noteFuel(instructions: number): void {
      Atomics.store(words, WORD.fuelLow, instructions % WORD_VALUES);
      Atomics.store(words, WORD.fuelHigh, Math.floor(instructions / WORD_VALUES));
      Atomics.store(words, WORD.fuelNoted, 1);
    },
    fuel(): number | undefined {
      if (Atomics.load(words, WORD.fuelNoted) === 0) return undefined;
      return Atomics.load(words, WORD.fuelHigh) * WORD_VALUES + Atomics.load(words, WORD.fuelLow);
    },
    hostCalls: () => Atomics.load(words, WORD.calls),
    peakPages: () => Atomics.load(words, WORD.pages),
    startCpuMs: () => (Atomics.load(words, WORD.started) === 1 ? Atomics.load(words, WORD.startCpuMs) : undefined),
  });
}
