import { realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import process from 'node:process';
import { sandboxArguments, systemArguments } from '../powers/sandbox-arguments.ts';
import { linkOrKind } from '../powers/sandbox-spares.ts';

/** A program of the host's own that handles what nobody trusts, and what it gets. */
export interface FencedProgram {
  /** Its file, in one of the two folders that it may read. */
  readonly entry: string;
  /** What it may read besides its own program. */
  readonly folders?: readonly string[];
  /** Flags of the engine, besides those of every fence. */
  readonly flags?: readonly string[];
  /** The most CPU time that is meant for it: the system ends it well above. */
  readonly cpuMs: number;
  readonly heapMebibytes: number;
  /** The stack of the engine; its own where absent. */
  readonly stackKibibytes?: number;
  /** Where the system has bubblewrap, and it works: the process gets namespaces of its own. */
  readonly bubblewrap?: string | undefined;
}

/** How a process is started that may read its own program, and that is all. */
export function fencedCommand(program: FencedProgram): [command: string, ...rest: string[]] {
  const { entry, bubblewrap, stackKibibytes } = program;
  const host = dirname(dirname(entry));
  const readable = [join(host, 'sandbox'), join(host, 'contracts'), ...(program.folders ?? [])];
  const engine = [
    ...['--permission', ...readable.map((path) => `--allow-fs-read=${path}${sep}`)],
    ...['--no-experimental-sqlite', '--no-experimental-websocket', '--no-addons'],
    ...['--disallow-code-generation-from-strings', '--no-warnings'],
    ...(stackKibibytes === undefined ? [] : [`--stack-size=${stackKibibytes}`]),
    ...[`--max-old-space-size=${program.heapMebibytes}`, ...(program.flags ?? []), entry],
  ];
  // The supervisor ends it much earlier; this holds where there is no supervisor any more.
  const cpuSeconds = Math.ceil((2 * program.cpuMs) / 1000) + SPARE_CPU_SECONDS;
  const stack = stackKibibytes === undefined ? '' : String(stackKibibytes + SPARE_STACK_KIB);
  const bounds: [string, ...string[]] = ['/bin/sh', '-c', BOUNDS, 'sh', String(cpuSeconds), stack];
  if (bubblewrap === undefined) return [...bounds, process.execPath, ...engine];
  const node = realpathSync(process.execPath);
  const plan = {
    system: systemArguments(linkOrKind, false),
    readOnly: [node, ...readable],
    ...{ mounts: [], programs: [], network: false, environment: [], directory: sep },
    command: [node, ...engine],
  };
  return [...bounds, bubblewrap, ...sandboxArguments(plan)];
}

/**
 * No environment, no core image (of a guest, or of the secrets of others), no byte in any file, an end to its CPU time,
 * and the stack that the engine is told to use.
 */
const BOUNDS = [
  'unset PWD OLDPWD SHLVL; ulimit -c 0; ulimit -f 0; ulimit -t "$1"',
  '[ -z "$2" ] || ulimit -s "$2"; shift 2; exec "$@"',
].join('; ');
const SPARE_CPU_SECONDS = 10;
/** What the engine itself needs at the end of a stack that is full. */
const SPARE_STACK_KIB = 1024;
