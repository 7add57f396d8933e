/** Runs behind the fence and tries what must be denied. Prints one JSON object: `denied`, `open` or what else came. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Sqlite from 'node:sqlite';

const [port = 0, host = 0] = process.argv.slice(2).map(Number);

/** An attempt, and the errors that are a denial. Any other says nothing about the fence. */
interface Attempt {
  readonly by: readonly string[];
  readonly attempt: () => unknown;
}

/** Node's permission model. */
const DENIED = 'ERR_ACCESS_DENIED';
/** What is not there cannot be used. */
const ABSENT = 'absent';

const absent = (): Error => Object.assign(new Error('it is not there'), { code: ABSENT });

const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  readFile: { by: [DENIED], attempt: async () => (await import('node:fs')).readFileSync('/etc/hostname') },
  writeFile: {
    by: [DENIED],
    attempt: async () => (await import('node:fs')).writeFileSync(join(tmpdir(), 'sallyport-fence-probe'), ''),
  },
  spawn: {
    by: [DENIED],
    attempt: async () => {
      const { error } = (await import('node:child_process')).spawnSync('/bin/true');
      if (error !== undefined) throw error;
    },
  },
  thread: {
    by: [DENIED],
    attempt: async () => new (await import('node:worker_threads')).Worker('', { eval: true }).unref(),
  },
  sqlite: {
    by: [DENIED, ABSENT],
    attempt: () => {
      const sqlite = process.getBuiltinModule('node:sqlite') as typeof Sqlite | undefined; // absent behind its switch
      if (sqlite === undefined) throw absent();
      new sqlite.DatabaseSync(join(tmpdir(), 'sallyport-fence-probe.db')).close();
    },
  },
  network: {
    by: [DENIED],
    attempt: async () => {
      const { connect } = await import('node:net');
      await new Promise((resolve, reject) => connect(port, '127.0.0.1').once('connect', resolve).once('error', reject));
    },
  },
  listen: {
    by: [DENIED],
    attempt: async () => {
      const { createServer } = await import('node:net');
      await new Promise<void>((resolve, reject) => {
        const server = createServer().once('error', reject);
        server.listen(0, '127.0.0.1', () => server.close(() => resolve()));
      });
    },
  },
  localSocket: {
    by: [DENIED],
    attempt: async () => {
      const { connect } = await import('node:net');
      const path = join(tmpdir(), 'sallyport-fence-probe.sock');
      await new Promise((resolve, reject) => connect(path).once('connect', resolve).once('error', reject));
    },
  },
  datagram: {
    by: [DENIED],
    attempt: async () => {
      const { createSocket } = await import('node:dgram');
      const socket = createSocket('udp4');
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.send('x', port, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)));
      });
    },
  },
  names: {
    by: [DENIED],
    attempt: async () => {
      const { lookup } = await import('node:dns');
      await new Promise<void>((resolve, reject) => {
        lookup('localhost', (error) => (error === null ? resolve() : reject(error)));
      });
    },
  },
  inspector: {
    by: [DENIED],
    attempt: async () => {
      const { Session } = await import('node:inspector');
      new Session().connect();
    },
  },
  // In a namespace of process ids of its own, the number is nobody's.
  signal: { by: ['ESRCH', DENIED], attempt: () => process.kill(host, 0) },
  foreign: {
    by: [DENIED, ABSENT],
    attempt: () => {
      const ffi = process.getBuiltinModule('node:ffi') as { dlopen(path: null, symbols: object): unknown } | undefined; // absent behind its switch
      if (ffi === undefined) throw absent();
      ffi.dlopen(null, {});
    },
  },
  // The point is that it fails.
  code: { by: ['EvalError'], attempt: () => Reflect.construct(Function, ['return 1']) },
  addon: {
    by: ['ERR_DLOPEN_DISABLED', DENIED],
    attempt: () => process.dlopen({ exports: {} }, join(tmpdir(), 'sallyport-fence-probe.node')),
  },
};

/** What an error is known by: its code, or its name where it has none. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

const results: Record<string, string> = {};
for (const [name, { by, attempt }] of Object.entries(ATTEMPTS)) {
  // Some denials come where nobody waits for them.
  const elsewhere = Promise.withResolvers<never>();
  process.once('uncaughtException', elsewhere.reject);
  try {
    await Promise.race([Promise.try(attempt), elsewhere.promise]);
    results[name] = 'open';
  } catch (error) {
    const code = codeOf(error);
    results[name] = by.includes(code) ? 'denied' : `it failed, but was not denied: ${code}`;
  }
  process.removeListener('uncaughtException', elsewhere.reject);
}
process.stdout.write(JSON.stringify(results), () => process.exit());
