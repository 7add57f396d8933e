import type { CallArguments } from './call-arguments.ts';
import type { DescriptorTable } from './descriptor-table.ts';
import type { GuestView } from './guest-view.ts';
import type { Wasi } from './wasi-imports.ts';
import type { Resource } from './wasi-types.ts';

/** What the functions of one module share. */
export interface Adapter {
  readonly view: GuestView;
  readonly wasi: Wasi;
  readonly table: DescriptorTable;
  /** Lets go of a resource of WASI 0.2. */
  readonly drop: (resource: Resource) => void;
  /** What was declared of the error of a 0.2 function; whatever else was thrown ends the run. */
  readonly payloadOf: (error: unknown) => unknown;
  /** For what cannot be: ends the run. */
  readonly fault: (text: string) => never;
}

/** Returns if it succeeded; throws a `Failure`, or what a 0.2 function threw. */
export type Preview1Function = (given: CallArguments) => void;
export type WaitingFunction = (given: CallArguments) => Promise<void>;

/** By their names. */
export type Functions<Made = Preview1Function> = Readonly<Record<string, Made>>;
