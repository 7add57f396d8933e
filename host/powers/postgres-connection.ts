import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { Client, type ClientConfig } from 'pg';
import type { PostgresTarget } from '../gates/db/engine.ts';
import {
  createDescription,
  createExchange,
  type Described,
  type Ended,
  type OnRow,
  type Step,
} from './postgres-exchange.ts';

/** What a connection may use besides the network. */
export interface ConnectionPowers {
  /** The value of an environment variable that the configuration names. */
  readonly password: (name: string) => string | undefined;
  /** The value of a secret that the configuration binds to the database. */
  readonly secret?: (name: string) => string | undefined;
}

/** A call of the server ends in this time, or is ended. */
export interface Patience {
  readonly timeoutMs: number;
  /** The most bytes that the server may send meanwhile. */
  readonly maxBytes: number;
}

/** One session of the server, with settings that no served statement can change. */
export interface PostgresConnection {
  /** False once it was closed, by whom ever. */
  readonly isOpen: () => boolean;
  /** Why it was closed in the middle of a call. */
  readonly brokenBy: () => 'timed-out' | 'too-large' | undefined;
  run(steps: readonly Step[], onRow: OnRow, patience: Patience): Promise<Ended>;
  /** Has the server forget statements, with the next call. */
  drop(name: string): void;
  describe(name: string, text: string, patience: Patience): Promise<Described>;
  /** Ends it at once; what is under way is rolled back by the server. */
  close(): void;
  /** Ends it in the middle of a call, for a reason. */
  breakOff(reason: 'too-large'): void;
}

const CONNECT_MS = 5_000;
/** How long the server has to obey a cancellation. */
const GRACE_MS = 150;
const LOCK_MS = 2_000;
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Opens a session. Throws the error of the server or of the network. */
export async function openPostgres(target: PostgresTarget, powers: ConnectionPowers): Promise<PostgresConnection> {
  const client = new Client(clientConfig(target, powers));
  let open = true;
  let broken: 'timed-out' | 'too-large' | undefined;
  let received = 0;
  let most = Infinity;
  const dropped: string[] = [];
  client.on('error', () => (open = false));
  client.on('end', () => (open = false));
  await client.connect();
  // The client's own socket: its types do not show it.
  const { connection, processID, secretKey } = client as unknown as {
    readonly connection: { readonly stream: Socket };
    readonly processID: number;
    readonly secretKey: number;
  };
  const { stream } = connection;
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received > most) breakOff('too-large');
  });

  function breakOff(reason: 'timed-out' | 'too-large'): void {
    broken ??= reason;
    close();
  }
  function close(): void {
    open = false;
    stream.destroy();
  }

  /** Waits for an answer; where it takes too long it is cancelled from outside, and where that is not obeyed cut off. */
  async function patiently<Result>(
    { timeoutMs, maxBytes }: Patience,
    ask: (done: (result: Result) => void) => void,
  ): Promise<Result> {
    received = 0;
    most = maxBytes;
    let ending: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      cancel(target, processID, secretKey);
      ending = setTimeout(() => breakOff('timed-out'), GRACE_MS);
    }, timeoutMs);
    try {
      return await new Promise<Result>(ask);
    } finally {
      clearTimeout(timer);
      clearTimeout(ending);
      most = Infinity;
    }
  }

  return Object.freeze({
    isOpen: () => open,
    brokenBy: () => broken,
    drop: (name: string) => void dropped.push(name),
    run: (steps: readonly Step[], onRow: OnRow, patience: Patience) =>
      patiently<Ended>(patience, (done) => {
        client.query(createExchange(steps, dropped.splice(0), onRow, done));
      }),
    describe: (name: string, text: string, patience: Patience) =>
      patiently<Described>(patience, (done) => {
        client.query(createDescription(name, text, done));
      }),
    close,
    breakOff,
  });
}

/** Everything is said here, so that nothing is taken from the environment or from a file of the host's user. */
function clientConfig(target: PostgresTarget, powers: ConnectionPowers): ClientConfig {
  const { host, port, database, user, tls, timeoutMs } = target;
  return {
    host,
    port,
    database,
    user,
    password: () => passwordOf(target, powers),
    ssl:
      tls === undefined
        ? false
        : { rejectUnauthorized: true, ...(tls.ca === undefined ? {} : { ca: readFileSync(tls.ca, 'utf8') }) },
    sslnegotiation: 'postgres',
    application_name: 'sallyport',
    client_encoding: 'utf8',
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: timeoutMs,
    lock_timeout: Math.min(LOCK_MS, timeoutMs),
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    options: optionsOf(sessionSettings(target)),
  };
}

/** The settings of a session: what values look like, what names mean, and that nothing is written. */
export function sessionSettings({ schemas }: Pick<PostgresTarget, 'schemas'>): ReadonlyMap<string, string> {
  const path = ['pg_catalog', ...schemas.map((name) => `"${name.replaceAll('"', '""')}"`), 'pg_temp'];
  return new Map([
    ['search_path', path.join(', ')],
    ['default_transaction_read_only', 'on'],
    ['default_transaction_isolation', 'read committed'],
    ['standard_conforming_strings', 'on'],
    ['bytea_output', 'hex'],
    ['datestyle', 'ISO, YMD'],
    ['intervalstyle', 'iso_8601'],
    ['timezone', 'UTC'],
    ['extra_float_digits', '1'],
    ['row_security', 'on'],
  ]);
}

/** As the server's command line: a backslash before each blank. */
const optionsOf = (settings: ReadonlyMap<string, string>): string =>
  [...settings].map(([name, value]) => `-c ${name}=${value.replace(/[\\ ]/g, '\\$&')}`).join(' ');

function passwordOf({ password }: PostgresTarget, powers: ConnectionPowers): string {
  if (password === undefined) throw new Error('the server asks for a password, and the configuration names none');
  if (password.kind === 'file') return readFileSync(password.path, 'utf8').replace(/\r?\n$/, '');
  if (password.kind === 'secret') {
    const value = powers.secret?.(password.name);
    if (value === undefined) throw new Error(`the secret \`${password.name}\` that is the password is not there`);
    return value;
  }
  const value = powers.password(password.name);
  if (value === undefined) throw new Error('the environment variable that holds the password is not set');
  return value;
}

const CANCEL_CODE = 80_877_102;

/** Asks the server, over a connection of its own, to end what a session is doing (PostgreSQL protocol, CancelRequest). */
function cancel({ host, port }: PostgresTarget, processId: number, secretKey: number): void {
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_CODE, 4);
  request.writeInt32BE(processId, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
  socket.setTimeout(CONNECT_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('connect', () => socket.end(request));
}
