import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** A real server on a Unix socket in a temporary folder. */
export interface PostgresServer {
  /** The folder of its socket. */
  readonly host: string;
  readonly port: number;
  /** Made by the server's own setup: it may do everything. */
  readonly owner: string;
  /** Runs statements of the test as the owner. */
  sql(database: string, text: string): Promise<readonly Record<string, unknown>[]>;
  stop(): Promise<void>;
}

const PORT = 5432;

/** A role that must give its password; tests make it. */
export const ROLE_WITH_PASSWORD = 'keeper';

/** The folder of the server's programs; `undefined` where it is not installed. */
function programs(): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** Why no server can be started here, for the name of a skipped test. Where `CI` is `true` nothing is skipped. */
export function noPostgres(): string | undefined {
  if (process.env['CI'] === 'true' || programs() !== undefined) return undefined;
  return 'PostgreSQL is not installed; `npm run toolchains` gets it';
}

/** The server refuses to run as root: then it runs as the user that Debian's package makes for it. */
function owner(): { readonly uid?: number; readonly gid?: number } {
  if (userInfo().uid !== 0) return {};
  const id = (flag: string): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/** Starts a server with nothing in it. It keeps no promise about the disk: it is thrown away. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = programs();
  if (bin === undefined) throw new Error('PostgreSQL is not installed: `npm run toolchains` gets it');
  const who = owner();
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pg-'));
  const data = join(folder, 'data');
  if (who.uid !== undefined) execFileSync('chown', [`${who.uid}:${who.gid ?? who.uid}`, folder]);
  chmodSync(folder, 0o755);
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8', TZ: 'UTC' };
  const options = ['-D', data, '-U', 'owner', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--locale=C.UTF-8'];
  execFileSync(join(bin, 'initdb'), options, { ...who, env, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  // The first line that fits counts: this role must prove itself, all others are trusted.
  const access = join(data, 'pg_hba.conf');
  writeFileSync(access, `local all ${ROLE_WITH_PASSWORD} scram-sha-256\n${readFileSync(access, 'utf8')}`);
  const settings = {
    listen_addresses: '',
    unix_socket_directories: folder,
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: '60',
    shared_buffers: '32MB',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(PORT), ...flags], {
    ...who,
    env,
    cwd: folder,
    stdio: 'ignore',
  });
  const end = (): void => void server.kill('SIGQUIT');
  process.once('exit', end);
  await answering(join(folder, `.s.PGSQL.${PORT}`), server);
  await whenReady(folder);

  const clients = new Map<string, Client>();
  async function ask(database: string, text: string): Promise<readonly Record<string, unknown>[]> {
    const known = clients.get(database);
    if (known !== undefined) return rowsOf(known, text);
    const client = await connected(folder, database);
    clients.set(database, client);
    client.once('end', () => clients.delete(database));
    return rowsOf(client, text);
  }

  return {
    host: folder,
    port: PORT,
    owner: 'owner',
    sql: (database, text) => ask(database, text),
    async stop(): Promise<void> {
      process.off('exit', end);
      await Promise.all([...clients.values()].map((client) => client.end()));
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function connected(host: string, database: string): Promise<Client> {
  const client = new Client({ host, port: PORT, user: 'owner', database });
  client.on('error', () => undefined); // a database that is made anew ends its sessions
  await client.connect();
  return client;
}

async function rowsOf(client: Client, text: string): Promise<readonly Record<string, unknown>[]> {
  const result = await client.query<Record<string, unknown>>(text);
  return [result].flat().flatMap(({ rows }) => rows);
}

async function answering(socket: string, server: ChildProcess): Promise<void> {
  for (let turn = 0; turn < 600; turn += 1) {
    if (server.exitCode !== null) throw new Error('the server has ended');
    const open = await new Promise<boolean>((resolve) => {
      const connection = createConnection(socket, () => resolve(true)).once('error', () => resolve(false));
      connection.once('connect', () => connection.destroy());
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error('the server does not answer');
}

/** It listens before it serves. */
async function whenReady(host: string): Promise<void> {
  for (let turn = 0; ; turn += 1) {
    try {
      const client = await connected(host, 'postgres');
      await client.end();
      return;
    } catch (error) {
      if (turn === 200) throw error;
      await sleep(50);
    }
  }
}
