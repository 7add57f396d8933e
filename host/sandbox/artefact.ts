import type { Program } from '../contracts/program.ts';
import type { FunctionSignature } from './value-type.ts';

/** A core module of a prepared component, vetted and capped. */
export interface ArtefactModule {
  /** The file, and the name under which the glue asks for it. */
  readonly name: string;
  /** The most pages (64 KiB) that the memories of one instance can have. */
  readonly pages: number;
  /** The most entries that the tables of one instance can have. */
  readonly tableEntries: number;
  /** How many memories the module has of its own. */
  readonly memories: number;
  readonly tables: number;
  /** SHA-256 of the file, hex. */
  readonly sha256: string;
}

/** What a component takes from one interface. */
export interface ArtefactImport {
  readonly version: string;
  /** WIT names of the functions that it can call: the upper bound of its authority. */
  readonly functions: readonly string[];
  /** Those of them that the host may answer later. */
  readonly waits: readonly string[];
  /** The resource classes that the glue wants, by JavaScript name. */
  readonly classes: readonly string[];
  /** Of those functions, by WIT name. One that has none can be called through the glue alone. */
  readonly signatures: Readonly<Record<string, FunctionSignature>>;
}

/** A component, ready to be instantiated. Plain data. */
export interface Artefact {
  /** Of the component: `sha256:` and hex. */
  readonly digest: string;
  /** Whether the modules count their instructions: then they import the counter of the run. */
  readonly fuel: boolean;
  /** Absolute path of the folder that holds glue and modules. */
  readonly directory: string;
  /** How it is started. */
  readonly program: Program;
  /** SHA-256 of the glue, hex. A core module has none: its glue is empty. */
  readonly glueSha256: string;
  readonly modules: readonly ArtefactModule[];
  /** By interface, without version. */
  readonly imports: Readonly<Record<string, ArtefactImport>>;
  /** True if nothing had to be done. */
  readonly cached: boolean;
  readonly prepareMs: number;
}

/** The file of the generated code in an artefact's folder. */
export const GLUE_FILE = 'component.js';
/** The only module of a program that is one. */
export const MODULE_FILE = 'component.core.wasm';
