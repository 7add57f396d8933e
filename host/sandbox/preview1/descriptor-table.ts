import { fail } from './errno.ts';
import type { Opened, OpenedInput, OpenedOutput } from './opened.ts';
import { OUTPUT_RIGHTS, PREOPEN_RIGHTS, STDIN_RIGHTS } from './rights.ts';
import type { Wasi } from './wasi-imports.ts';
import type { OutputStream, Resource } from './wasi-types.ts';

/** The most descriptors that a program may hold. */
export const MOST_DESCRIPTORS = 1024;

/** The file descriptors of one program: standard streams, then what it was started with, then what it opened. */
export interface DescriptorTable {
  /** `badf` for a number that stands for nothing. */
  get(fd: number): Opened;
  /** Gives the lowest free number, as POSIX demands and wasi-libc expects. */
  add(opened: Opened): number;
  /** `mfile` if nothing more may be opened. */
  demandRoom(): void;
  close(fd: number): void;
  /** `from` becomes `to`, whose descriptor is closed. */
  renumber(from: number, to: number): void;
}

/** `drop` lets go of a resource of WASI 0.2. */
export function createDescriptorTable(wasi: Wasi, drop: (resource: Resource) => void): DescriptorTable {
  const opened: (Opened | undefined)[] = [
    standardInput(wasi),
    standardOutput(
      () => wasi('wasi:cli/stdout#get-stdout'),
      () => wasi('wasi:cli/terminal-stdout#get-terminal-stdout'),
    ),
    standardOutput(
      () => wasi('wasi:cli/stderr#get-stderr'),
      () => wasi('wasi:cli/terminal-stderr#get-terminal-stderr'),
    ),
  ];
  const STANDARD = opened.length;
  let hasPreopens = false;

  /** A program that uses its standard streams alone asks for no directory. */
  function withPreopens(): void {
    if (hasPreopens) return;
    hasPreopens = true;
    for (const [descriptor, preopen] of wasi('wasi:filesystem/preopens#get-directories')) {
      opened.push({ kind: 'directory', descriptor, preopen, listing: undefined, rights: PREOPEN_RIGHTS, flags: 0 });
    }
  }

  function get(fd: number): Opened {
    if (fd >= STANDARD) withPreopens();
    return opened[fd] ?? fail('badf');
  }

  function free(): number {
    withPreopens();
    const gap = opened.indexOf(undefined);
    return gap === -1 ? opened.length : gap;
  }

  function release(entry: Opened): void {
    if (entry.kind === 'file') drop(entry.descriptor);
    if (entry.kind !== 'directory') return; // the standard streams end with the run
    entry.listing?.close();
    drop(entry.descriptor);
  }

  return Object.freeze({
    get,
    add(entry: Opened): number {
      const fd = free();
      opened[fd] = entry;
      return fd;
    },
    demandRoom(): void {
      if (free() >= MOST_DESCRIPTORS) fail('mfile');
    },
    close(fd: number): void {
      release(get(fd));
      opened[fd] = undefined;
    },
    renumber(from: number, to: number): void {
      const [moved, replaced] = [get(from), get(to)];
      if (from === to) return;
      opened[to] = moved;
      opened[from] = undefined;
      release(replaced);
    },
  });
}

/** Asks once, when the answer is needed. */
function once<Value>(ask: () => Value): () => Value {
  let known: { readonly value: Value } | undefined;
  return () => (known ??= { value: ask() }).value;
}

function terminal(ask: () => Disposable | undefined): () => boolean {
  return once(() => {
    const found = ask();
    found?.[Symbol.dispose]();
    return found !== undefined;
  });
}

function standardInput(wasi: Wasi): OpenedInput {
  return {
    kind: 'input',
    stream: once(() => wasi('wasi:cli/stdin#get-stdin')),
    isTerminal: terminal(() => wasi('wasi:cli/terminal-stdin#get-terminal-stdin')),
    rights: STDIN_RIGHTS,
    flags: 0,
  };
}

function standardOutput(stream: () => OutputStream, ask: () => Disposable | undefined): OpenedOutput {
  return { kind: 'output', stream: once(stream), isTerminal: terminal(ask), rights: OUTPUT_RIGHTS, flags: 0 };
}
