import { sealInterface, type HostImports } from '../contracts/guest-import.ts';
import { RunStop } from '../contracts/run-stop.ts';
import { createDeadClass } from './dead-class.ts';
import { createByteSource, type Sink, type Source, type Streams } from './streams.ts';

/** What is given to a program when it is started. */
export interface Surroundings {
  readonly arguments: readonly string[];
  readonly environment: readonly (readonly [string, string])[];
  readonly stdin: Uint8Array;
}

/** What a run gets of a command line. */
export interface CliOptions {
  /** Asked when the guest asks: the interfaces may be made before it is known for which run. */
  readonly surroundings: () => Surroundings;
  readonly output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** For standard output and standard error together. Who wants to write more has its run ended. */
  readonly outputBytes: number;
  readonly exit: (code: number) => never;
  readonly trap: (message: string) => never;
}

/** `wasi:cli`: arguments and environment of the configuration, input from memory, captured output, no terminal. */
export function createCli(options: CliOptions, streams: Streams): HostImports {
  const { exit, output, surroundings, trap } = options;
  let source: Source | undefined;
  const stdin = (): Source => (source ??= createByteSource(surroundings().stdin));
  let left = options.outputBytes;
  const spent = (): never => {
    const message = `the program wrote more than ${options.outputBytes} bytes of output`;
    throw new RunStop({ kind: 'limit', limit: 'outputBytes', message });
  };
  const sinkOf = (stream: 'stdout' | 'stderr'): Sink => ({
    room: () => (left > 0 ? left : spent()),
    put(bytes) {
      left -= bytes.length;
      output(stream, bytes);
    },
  });
  const [stdout, stderr] = [sinkOf('stdout'), sinkOf('stderr')];
  const noTerminal = (): undefined => undefined;

  return new Map([
    [
      'wasi:cli/environment',
      sealInterface({
        getEnvironment: () => [...surroundings().environment],
        getArguments: () => [...surroundings().arguments],
        initialCwd: () => undefined,
      }),
    ],
    [
      'wasi:cli/exit',
      sealInterface({
        exit: (status: { readonly tag: 'ok' | 'err' }) => exit(status.tag === 'ok' ? 0 : 1),
        exitWithCode: (code: number) => exit(code),
      }),
    ],
    ['wasi:cli/stdin', sealInterface({ getStdin: () => streams.input(stdin()) })],
    ['wasi:cli/stdout', sealInterface({ getStdout: () => streams.output(stdout) })],
    ['wasi:cli/stderr', sealInterface({ getStderr: () => streams.output(stderr) })],
    ['wasi:cli/terminal-input', sealInterface({ TerminalInput: createDeadClass([], trap) })],
    ['wasi:cli/terminal-output', sealInterface({ TerminalOutput: createDeadClass([], trap) })],
    ['wasi:cli/terminal-stdin', sealInterface({ getTerminalStdin: noTerminal })],
    ['wasi:cli/terminal-stdout', sealInterface({ getTerminalStdout: noTerminal })],
    ['wasi:cli/terminal-stderr', sealInterface({ getTerminalStderr: noTerminal })],
  ]);
}
