import type { DriverResult, OutcomeFacts } from '../../enforcement/effect.ts';

/** Why a tool did not answer. */
export type ToolFailure = 'unknown-tool' | 'timed-out' | 'too-large' | 'not-started' | 'failed';

/** The record `output` of the WIT. */
export interface ToolOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
}

export type ToolResult = DriverResult<ToolOutput, ToolFailure>;

/** A call that gave no answer. `code` is for the record, where it says more than the guest is told. */
export const failed = (failure: ToolFailure, facts?: OutcomeFacts, code: string = failure): ToolResult => ({
  status: 'failed',
  failure,
  code,
  ...(facts === undefined ? {} : { facts }),
});

/** Bytes as text: what is not UTF-8 becomes U+FFFD. */
export const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
