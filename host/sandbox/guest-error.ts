import type { GuestEnd } from '../contracts/run-end.ts';
import { TooManyInstances } from './core-instances.ts';
import { guestStackOf, withStack } from './guest-stack.ts';
import { MissingImport } from './missing-import.ts';
import { withoutPaths } from './printable.ts';

/** How much linear memory and how large tables there are, and may be, when something was thrown. */
export interface MemoryState {
  readonly pages: number;
  readonly budgetPages: number;
  readonly tables?: { readonly grown: number; readonly entries: number; readonly budget: number };
}

const OUT_OF_MEMORY = /out of memory|could not allocate memory|cannot allocate/i;
const OUT_OF_BOUNDS = /out of bounds/i;
/** The words of QuickJS, SpiderMonkey, CPython and Rust. */
const NO_MEMORY = /out of memory|MemoryError|memory allocation of \d+ bytes failed/i;

/**
 * What an exception out of `run` means. The declared error of `run` is a string; whatever else arrives ends the
 * instance for good.
 */
export function classifyError(error: unknown, memory: MemoryState): GuestEnd {
  if (!(error instanceof Error)) return meaningOf(error, memory);
  const { frames, recurses } = guestStackOf(error);
  // Compilers put the guest's own stack where it runs out of memory: below address 0.
  const overrun = recurses && error instanceof WebAssembly.RuntimeError && OUT_OF_BOUNDS.test(error.message);
  return withStack(overrun ? STACK_EXHAUSTED : meaningOf(error, memory), frames);
}

function meaningOf(error: unknown, memory: MemoryState): GuestEnd {
  if (typeof error === 'string') return agentError(error, memory);
  if (error instanceof MissingImport) return { kind: 'fault', message: error.message };
  if (error instanceof TooManyInstances) return { kind: 'limit', limit: error.limit, message: error.message };
  if (error instanceof WebAssembly.RuntimeError || error instanceof WebAssembly.LinkError) return trap(error, memory);
  if (error instanceof RangeError) {
    if (OUT_OF_MEMORY.test(error.message)) return outOfMemory(memory);
    if (isStackOverflow(error)) return STACK_EXHAUSTED;
  }
  if (error instanceof Error) return trap(error, memory);
  return { kind: 'fault', message: `run ended with something that is not an error: ${typeof error}` };
}

/** The engine has no more stack, wherever it was: in the guest, or in what the guest called from deep down. */
export const isStackOverflow = (error: unknown): error is RangeError =>
  error instanceof RangeError && /call stack/i.test(error.message);

const STACK_EXHAUSTED: GuestEnd = Object.freeze({
  kind: 'limit',
  limit: 'stackBytes',
  message: 'the agent recursed until its stack was full',
});

/** A runtime that catches its allocation failure and passes it on as an error of the agent has met the limit all the same. */
function agentError(message: string, memory: MemoryState): GuestEnd {
  if (isLow(memory) && NO_MEMORY.test(message)) return outOfMemory(memory, withoutPaths(message, 200));
  return { kind: 'agent-error', message };
}

/**
 * A runtime that gets no memory traps with `unreachable`, like any other panic. An allocator doubles: a request that
 * failed may have been as large as everything before. So a trap with half of the limit in use counts as its end.
 */
function trap(error: Error, memory: MemoryState): GuestEnd {
  const message = withoutPaths(error.message, 1024);
  if (error instanceof WebAssembly.RuntimeError) {
    if (isLow(memory)) return outOfMemory(memory, message);
    if (memory.tables !== undefined && hasFullTables(memory.tables)) return outOfEntries(memory.tables, message);
  }
  return { kind: 'trap', message: message === '' ? 'trap' : message };
}

const isLow = ({ pages, budgetPages }: MemoryState): boolean => 2 * pages >= budgetPages;

/** The same of tables. Those that were large from the start say nothing. */
const hasFullTables = ({ grown, entries, budget }: NonNullable<MemoryState['tables']>): boolean =>
  grown > 0 && 2 * entries >= budget;

function outOfEntries({ entries, budget }: NonNullable<MemoryState['tables']>, cause: string): GuestEnd {
  const message = `the agent had ${entries} of ${budget} table entries when it ended: ${cause}`;
  return { kind: 'limit', limit: 'tableEntries', message };
}

function outOfMemory({ pages, budgetPages }: MemoryState, cause?: string): GuestEnd {
  const mebibytes = (count: number): string => (count / 16).toFixed(1);
  const text = `the agent had ${mebibytes(pages)} of ${mebibytes(budgetPages)} MiB of linear memory`;
  return {
    kind: 'limit',
    limit: 'memoryBytes',
    message: cause === undefined ? text : `${text} when it ended: ${cause}`,
  };
}
