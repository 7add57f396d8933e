import type { Denial } from '../contracts/denial.ts';
import type { GateServices } from '../contracts/gate.ts';
import type { HostImports } from '../contracts/guest-import.ts';
import type { Clock, Random } from '../contracts/powers.ts';
import { createCli, type Surroundings } from './cli.ts';
import { createClocks, createRunClock } from './clocks.ts';
import { createFilesystem } from './filesystem.ts';
import { createHttp } from './http.ts';
import { createPoll } from './poll.ts';
import { createRandom } from './random.ts';
import { createSockets } from './sockets.ts';
import { createStreams } from './streams.ts';

/** What one run's WASI may use: everything comes in here, nothing is taken from the machine. */
export interface WasiOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The most random bytes of the run. */
  readonly randomBytes: number;
  /** What the program was started with. Asked when the guest asks. */
  readonly surroundings: () => Surroundings;
  /** Gets raw guest output: escape it before a terminal or a log (`contracts/escape.ts`). */
  readonly output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** The most pollables that are alive at one time. */
  readonly pollables: number;
  /** The most bytes of standard output and standard error together; beyond it, the run ends. */
  readonly outputBytes: number;
  /** Resolves after `ms`, or when `signal` is given. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** What the gates of the run give. What is missing is not imported. */
  readonly services?: GateServices;
  /** Records a denial of something that is not served. */
  readonly deny: (action: string, resource: string) => Denial;
  /** Ends the run, by throwing a `RunStop`. 0 is a success. */
  readonly exit: (code: number) => never;
  /** Ends the run where a guest breaks a rule that the WIT has no error for, by throwing a `RunStop`. */
  readonly trap: (message: string) => never;
}

/**
 * WASI 0.2 for one run, by unversioned interface name. Nothing of the machine is behind it but what gates serve: clocks and
 * random bytes are the injected ones, output is captured.
 */
export function createWasi(options: WasiOptions): HostImports {
  const { clock, deny, pollables, sleep, trap } = options;
  const nowNs = createRunClock(clock);
  const poll = createPoll({ nowNs, pollables, sleep, trap });
  const streams = createStreams(poll, trap);
  return new Map([
    ['wasi:io/error', streams.errors],
    ['wasi:io/poll', poll.interface],
    ['wasi:io/streams', streams.interface],
    ...createCli(options, streams),
    ...createClocks(clock, nowNs, poll),
    ...createRandom(options),
    ...createFilesystem({ files: options.services?.files, streams, trap }),
    ...createSockets(deny, trap),
    ...createHttp({ service: options.services?.http, deny, streams, poll, trap }),
  ]);
}
