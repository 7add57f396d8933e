import type { GuestEnd } from '../contracts/run-end.ts';
import { TooManyInstances } from './core-instances.ts';
import { MissingImport } from './import-object.ts';
import { withoutPaths } from './printable.ts';

/** How much linear memory there is, and how much there may be, when something was thrown. */
export interface MemoryState {
  readonly pages: number;
  readonly budgetPages: number;
}

const OUT_OF_MEMORY = /out of memory|could not allocate memory|cannot allocate/i;
/** The words of QuickJS, SpiderMonkey, CPython and Rust. */
const NO_MEMORY = /out of memory|MemoryError|memory allocation of \d+ bytes failed/i;

/**
 * What an exception out of `run` means. The declared error of `run` is a string; whatever else arrives ends the
 * instance for good.
 */
export function classifyError(error: unknown, memory: MemoryState): GuestEnd {
  if (typeof error === 'string') return agentError(error, memory);
  if (error instanceof MissingImport) return { kind: 'fault', message: error.message };
  if (error instanceof TooManyInstances) return { kind: 'limit', limit: 'memoryBytes', message: error.message };
  if (error instanceof WebAssembly.RuntimeError || error instanceof WebAssembly.LinkError) return trap(error, memory);
  if (error instanceof RangeError) {
    if (OUT_OF_MEMORY.test(error.message)) return outOfMemory(memory);
    if (/call stack/i.test(error.message)) return { kind: 'trap', message: 'call stack exhausted' };
  }
  if (error instanceof Error) return trap(error, memory);
  return { kind: 'fault', message: `run ended with something that is not an error: ${typeof error}` };
}

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
  if (isLow(memory) && error instanceof WebAssembly.RuntimeError) return outOfMemory(memory, message);
  return { kind: 'trap', message: message === '' ? 'trap' : message };
}

const isLow = ({ pages, budgetPages }: MemoryState): boolean => 2 * pages >= budgetPages;

function outOfMemory({ pages, budgetPages }: MemoryState, cause?: string): GuestEnd {
  const mebibytes = (count: number): string => (count / 16).toFixed(1);
  const text = `the agent had ${mebibytes(pages)} of ${mebibytes(budgetPages)} MiB of linear memory`;
  return {
    kind: 'limit',
    limit: 'memoryBytes',
    message: cause === undefined ? text : `${text} when it ended: ${cause}`,
  };
}
