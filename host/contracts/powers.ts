/** Authority, as arguments. The adapters stand in `host/powers/`; nothing else touches the machine. */

/** Wall and monotonic time of the host. */
export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z. */
  nowMs(): number;
  /** Microseconds from an arbitrary start; never goes back. */
  monotonicUs(): number;
}

/** Random bytes of the host, cryptographically strong. */
export interface Random {
  bytes(length: number): Uint8Array;
}

/** Notes children that must not outlive the run, so that the supervisor can end them when it ends the cell. */
export interface ProcessLedger {
  /** `pid` leads a process group of its own. A `guard` ends its children, and itself, by itself when the cell is gone. */
  started(pid: number, kind?: 'guard'): void;
  ended(pid: number): void;
}
