import { HOST_ERRORS, type HostErrorCode } from '../contracts/errors.ts';
import type { Program } from '../contracts/program.ts';
import type { RefusedInterface, ServedInterface } from '../contracts/served-interface.ts';
import type { ArtefactImport } from './artefact.ts';
import type { RoomBudget } from './memory-plan.ts';

/** Where the parts of the transpiler are, as URLs of real files: the child resolves no names from where it stands. */
export interface Toolchain {
  readonly bindgen: string;
  readonly wasmTools: string;
}

/** What the preparing child is told, besides the component and its toolchain. */
export interface PrepareJob {
  readonly served: readonly ServedInterface[];
  readonly refused: readonly RefusedInterface[];
  readonly budget: RoomBudget;
  /** Whether the modules are to count their instructions. */
  readonly fuel: boolean;
}

/** The header of what the child is sent. */
export interface ChildRequest {
  readonly job: PrepareJob;
  /** For a component; a core module needs none. */
  readonly toolchain?: Toolchain;
}

/** A core module as the child hands it over. */
export interface PreparedModule {
  readonly name: string;
  readonly pages: number;
  readonly tableEntries: number;
  readonly memories: number;
  /** How many tables of its own it shows to the host. */
  readonly tables: number;
}

/** What the child answers. The blobs beside it are the glue and then the modules, in order. */
export type PrepareAnswer =
  | {
      readonly status: 'ok';
      readonly program: Program;
      readonly modules: readonly PreparedModule[];
      readonly imports: Readonly<Record<string, ArtefactImport>>;
    }
  | {
      readonly status: 'refused';
      readonly code: HostErrorCode;
      readonly message: string;
      readonly hints: readonly string[];
    };

/** The descriptor on which the child answers: the transpiler may write to its standard output. */
export const ANSWER_FD = 3;

export const isHostErrorCode = (code: unknown): code is HostErrorCode =>
  typeof code === 'string' && Object.hasOwn(HOST_ERRORS, code);
