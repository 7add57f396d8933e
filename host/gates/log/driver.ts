import type { LogSink } from '../../contracts/log-sink.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Grant, Redeem } from '../../enforcement/grant.ts';
import type { LogLine } from './request.ts';

/** What the log driver needs. */
export interface LogDriverOptions {
  readonly sink: LogSink;
  readonly redeem: Redeem;
  /** The bytes of log lines that the run may write altogether. */
  readonly logBytes: number;
}

/** Writes granted lines until the run has written enough. */
export type LogDriver = (grant: Grant<LogLine>) => DriverResult<undefined, 'too-large'>;

/** The driver of one run. */
export function createLogDriver({ sink, redeem, logBytes }: LogDriverOptions): LogDriver {
  let left = logBytes;
  return (grant) => {
    const { level, text, bytes } = redeem(grant).target;
    if (bytes > left) return { status: 'failed', failure: 'too-large', code: 'too-large' };
    left -= bytes;
    sink.line(level, text);
    return { status: 'ok', value: undefined, facts: { bytesOut: bytes } };
  };
}
