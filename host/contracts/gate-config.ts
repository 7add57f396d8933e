import type { z } from 'zod';

/** What a path of the configuration leads to; `undefined` for nothing. */
export type PathKind = 'file' | 'directory' | 'other' | undefined;

/** PEM files for TLS: further authorities to trust, and how this side proves itself. Absolute paths. */
export interface CredentialFiles {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** Questions about paths, for checking a configuration before anything runs. */
export interface PathProbe {
  kind(path: string): PathKind;
  /** A regular file that this process may execute. */
  executable(path: string): boolean;
  readable(path: string): boolean;
  writable(path: string): boolean;
  /** The path with every symbolic link resolved; `undefined` for nothing. */
  real(path: string): string | undefined;
  /** A text that changes whenever a file is replaced or written; absent where the probe cannot tell. */
  identity?(path: string): string | undefined;
  /** Why files cannot serve a TLS client; `undefined` if they can. Absent where the probe cannot tell. */
  credentials?(files: CredentialFiles): string | undefined;
  /** Why programs cannot be run in a sandbox here; `undefined` if they can. Absent where the probe cannot tell. */
  sandbox?(): string | undefined;
}

/** What `resolve` may use. `problem` collects; one problem is enough for the manifest to refuse the configuration. */
export interface ResolveContext {
  /** Absolute directory of the configuration file: relative paths start here. */
  readonly directory: string;
  readonly probe: PathProbe;
  /** `path` is where in the file, from the section's key; `message` follows the rules for messages. */
  problem(path: readonly (string | number)[], message: string): void;
}

/** One gate's part of `sallyport.yaml`. */
export interface GateConfig<Raw, Resolved> {
  /** The top-level key. */
  readonly key: string;
  /** Strict: unknown keys are errors. Every field has a description; JSON Schema is made from it. */
  readonly schema: z.ZodType<Raw>;
  /** Used where the key is absent. Grants nothing. */
  readonly absent: Raw;
  /** Makes paths absolute, checks what the schema cannot. The result is plain data: it is cloned into the cell. */
  resolve(raw: Raw, context: ResolveContext): Resolved;
}
