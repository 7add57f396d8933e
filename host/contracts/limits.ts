/** The limits of one run. Of host and agent, the lower wins. */
export interface RunLimits {
  /** From start to end, waiting included. Milliseconds. */
  readonly wallMs: number;
  /** CPU time of the cell. Milliseconds. */
  readonly cpuMs: number;
  /** Linear memory of all instances of the component together. Bytes. */
  readonly memoryBytes: number;
  /** Calls from the guest to the host. */
  readonly hostCalls: number;
  /** Bytes that one call may carry, either way. */
  readonly callBytes: number;
  /** Bytes of standard output and standard error together. */
  readonly outputBytes: number;
  /** Bytes of log lines. */
  readonly logBytes: number;
  /** Instructions of the component, counted exactly: the same run ends at the same place. Not counted where absent. */
  readonly fuel?: number;
}
export type LimitName = keyof RunLimits;
