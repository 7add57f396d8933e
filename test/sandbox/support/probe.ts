import { spawn } from 'node:child_process';
import process from 'node:process';
import {
  throwWit,
  type HostImports,
  type HostInterface,
  type ResourceClass,
} from '../../../host/contracts/guest-import.ts';
import type { ProcessLedger } from '../../../host/contracts/powers.ts';
import { RunStop } from '../../../host/contracts/run-stop.ts';
import type { ServedInterface } from '../../../host/contracts/served-interface.ts';
import { camelCase, className, resourceOf } from '../../../host/sandbox/import-names.ts';
import { SERVED } from './served.ts';

/** What the test's cell tells its supervisor. */
export interface ProbeMessage {
  readonly event: string;
  readonly value?: unknown;
}

/** The imports of a test's cell: the log, and an interface that does everything a gate may do wrong. */
export function createProbe(post: (message: ProbeMessage) => void, ledger: ProcessLedger): HostImports {
  let made = 0;
  class Thing {
    readonly #number = ++made;
    poke(): number {
      return this.#number;
    }
    [Symbol.dispose](): void {
      post({ event: 'dropped', value: this.#number });
    }
  }
  class Box {
    readonly #value: number;
    constructor(value: number) {
      this.#value = value;
    }
    static count(): number {
      return 42;
    }
    value(): number {
      return this.#value;
    }
  }
  return new Map<string, HostInterface>([
    ...SERVED.filter(({ name }) => name.startsWith('sallyport:')).map((row) => [row.name, refusing(row)] as const),
    [
      'sallyport:agent/log',
      {
        write: (level: string, message: string) => {
          post({ event: 'log', value: [level, message.length] });
          return Promise.resolve();
        },
      },
    ],
    [
      'test:host/probe',
      {
        Thing,
        Box,
        make: () => new Thing(),
        ping: () => {
          post({ event: 'ping' });
          return 7;
        },
        late: () => Promise.resolve(7),
        slow: async () => {
          await new Promise((resolve) => setTimeout(resolve, 200));
          return 7;
        },
        fail: () => throwWit('a refusal'),
        crash: () => {
          throw new Error('secret of the host in /etc/passwd');
        },
        exit: () => {
          throw new RunStop({ kind: 'exit', code: 1 });
        },
        spawn: () => {
          const child = spawn('/bin/sh', ['-c', 'sleep 60 & sleep 60'], { detached: true, stdio: 'ignore' });
          if (child.pid === undefined) throw new Error('no child');
          ledger.started(child.pid);
          post({ event: 'pid', value: child.pid });
          return 7;
        },
        heap: () => {
          const kept: unknown[] = [];
          for (;;) kept.push(Array.from({ length: 10_000 }, () => ({})));
        },
        hold: () => {
          for (;;);
        },
        die: () => process.exit(3), // of a worker, it ends the thread
        echo: (text: string) => text,
      },
    ],
  ]);
}

/** A resource class of which there is no instance. */
function deadClass(): ResourceClass {
  return class {
    readonly dead = true;
  };
}

/** An interface every function of which fails with the error `internal`. */
function refusing({ functions }: ServedInterface): HostInterface {
  const internal = (): never => throwWit({ tag: 'internal' });
  const members = functions.map(({ name }) => {
    const resource = resourceOf(name)?.resource;
    return resource === undefined ? [camelCase(name), internal] : [className(resource), deadClass()];
  });
  return Object.fromEntries(members) as HostInterface; // the pairs above are all it has
}
