/** Runs behind the fence and tries what must be denied. Prints one JSON object: `denied` or `open` for each. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as Sqlite from 'node:sqlite';

const [port = 0, host = 0] = process.argv.slice(2).map(Number);

const ATTEMPTS: Readonly<Record<string, () => unknown>> = {
  readFile: async () => (await import('node:fs')).readFileSync('/etc/hostname'),
  writeFile: async () => (await import('node:fs')).writeFileSync(join(tmpdir(), 'sallyport-fence-probe'), ''),
  spawn: async () => {
    const { error } = (await import('node:child_process')).spawnSync('/bin/true');
    if (error !== undefined) throw error;
  },
  thread: async () => new (await import('node:worker_threads')).Worker('', { eval: true }).unref(),
  sqlite: () => {
    const sqlite = process.getBuiltinModule('node:sqlite') as typeof Sqlite | undefined; // absent behind its switch
    if (sqlite === undefined) throw new Error('there is no sqlite');
    new sqlite.DatabaseSync(join(tmpdir(), 'sallyport-fence-probe.db')).close();
  },
  network: async () => {
    const { connect } = await import('node:net');
    await new Promise((resolve, reject) => connect(port, '127.0.0.1').once('connect', resolve).once('error', reject));
  },
  listen: async () => {
    const { createServer } = await import('node:net');
    await new Promise<void>((resolve, reject) => {
      process.once('uncaughtException', reject); // the denial comes where nobody waits for it
      const server = createServer().once('error', reject);
      server.listen(0, '127.0.0.1', () => server.close(() => resolve()));
    });
  },
  // In a namespace of process ids of its own, the number is nobody's.
  signal: () => process.kill(host, 0),
  foreign: () => {
    const ffi = process.getBuiltinModule('node:ffi') as { dlopen(path: null, symbols: object): unknown } | undefined; // absent behind its switch
    if (ffi === undefined) throw new Error('there are no foreign functions');
    ffi.dlopen(null, {});
  },
  // The point is that it fails.
  code: () => Reflect.construct(Function, ['return 1']),
  addon: () => process.dlopen({ exports: {} }, join(tmpdir(), 'sallyport-fence-probe.node')),
};

const results: Record<string, string> = {};
for (const [name, attempt] of Object.entries(ATTEMPTS)) {
  try {
    await attempt();
    results[name] = 'open';
  } catch (error) {
    const missing = error instanceof Error && /cannot open shared object file/.test(error.message);
    results[name] = missing ? 'open' : 'denied';
  }
}
process.stdout.write(JSON.stringify(results));
