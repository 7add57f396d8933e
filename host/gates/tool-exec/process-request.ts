/** What a process may use; `undefined` where there is no limit. */
export interface ProcessLimits {
  /** Private memory of each process, and resident memory of all of them. */
  readonly memoryBytes: number | undefined;
  readonly processes: number | undefined;
  /** The longest file that may be written. */
  readonly fileBytes: number | undefined;
  readonly cpuSeconds: number | undefined;
  readonly openFiles: number | undefined;
}

/** What a process finds in a sandbox of its own, besides the read-only system and a private `/tmp`. */
export interface ProcessSandbox {
  readonly mounts: readonly ToolMount[];
  /** Directories of the host, under their own name. */
  readonly readOnly: readonly string[];
  /** Files that the program is given to run. */
  readonly scripts: readonly string[];
  readonly network: boolean;
}

/** One process to run. Nothing is added to it: no shell, no inherited variable, no other descriptor. */
export interface ProcessRequest {
  readonly file: string;
  /** `argv[0]`. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  /** Variables with secrets, for this one call: they stand in no argument list, and no sandbox is made ready with them. */
  readonly secretEnvironment?: readonly (readonly [string, string])[];
  /** In the sandbox, where there is one. */
  readonly directory: string;
  /** Standard input is empty without it. */
  readonly stdin: Uint8Array | undefined;
  /** Whether calls of this kind may have an input at all. */
  readonly takesInput: boolean;
  readonly umask: number;
  readonly limits: ProcessLimits;
  /** Without it, the process sees the machine as the host does. */
  readonly sandbox: ProcessSandbox | undefined;
  readonly timeoutMs: number;
  /** Of standard output, and of standard error. More ends the process. */
  readonly mostOutputBytes: number;
  /** What `identify` said of the file when it was declared. */
  readonly identity: string | undefined;
  /** SHA-256 of the file, hex: exactly these bytes are run. */
  readonly sha256: string | undefined;
}

export type ProcessResult =
  | {
      readonly status: 'exited';
      /** 128 and the number of the signal, where one ended it. */
      readonly exitCode: number;
      readonly stdout: Uint8Array;
      readonly stderr: Uint8Array;
      readonly truncated: boolean;
      /** Which limit ended it, where one of the whole tree did. */
      readonly exceeded: 'memory' | 'processes' | undefined;
    }
  | { readonly status: 'timed-out' }
  | { readonly status: 'not-started' }
  /** The file is not the one that was declared. */
  | { readonly status: 'changed' };

/** Runs processes, each in a process group of its own that never outlives its call. */
export interface ProcessSpawner {
  /** A text that changes whenever the file is replaced or written. */
  identify(file: string): string | undefined;
  /** Gets ready for calls that may come. Of the requests, argument list and input do not count. */
  prepare(requests: readonly ProcessRequest[]): void;
  run(request: ProcessRequest): Promise<ProcessResult>;
  /** Ends every process that still runs. */
  close(): void | Promise<void>;
}

/** A mount, as far as tools are concerned. */
export interface ToolMount {
  readonly path: string;
  readonly directory: string;
  readonly access: 'ro' | 'rw';
}
