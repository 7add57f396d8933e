import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { z } from 'zod';

const world = join(import.meta.dirname, '..', '..', 'demo', 'world');

/** One call of the guest: interface and function, and what of its arguments matters. */
export type Call = readonly [name: string, ...details: unknown[]];

/** An import object that answers from the data of the demonstration, without policy, and writes down every call. */
export interface ScriptedHost {
  readonly imports: Readonly<Record<string, unknown>>;
  readonly calls: readonly Call[];
  /** Files that the guest wrote. */
  readonly written: ReadonlyMap<string, string>;
  /** Log lines. */
  readonly lines: readonly string[];
  close(): void;
}

const fail = (payload: unknown): never => {
  throw { payload };
};
const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

/** A resource class that no guest of these tests gets an instance of. */
const unusedResource = (): unknown => function Resource() {};

interface DbValue {
  readonly tag: 'null' | 'integer' | 'real' | 'text' | 'blob';
  readonly val?: SQLInputValue;
}
interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | undefined;
  readonly maxRedirects: number | undefined;
}

const TicketFile = z.object({ tickets: z.array(z.looseObject({ state: z.string() })) });

function openTickets(): string {
  const { tickets } = TicketFile.parse(JSON.parse(readFileSync(join(world, 'tickets.json'), 'utf8')));
  return JSON.stringify({ tickets: tickets.filter(({ state }) => state === 'open') });
}

/** The rows of a statement, in the shape of the WIT. */
function select(database: DatabaseSync, sql: string, parameters: readonly DbValue[]): unknown {
  const statement = database.prepare(sql);
  statement.setReadBigInts(true);
  const rows = statement.all(...parameters.map(({ val }) => val ?? null)).map((row) =>
    Object.values(row).map((val) => {
      if (val === null) return { tag: 'null' };
      return typeof val === 'bigint' ? { tag: 'integer', val } : { tag: 'text', val };
    }),
  );
  return { columns: statement.columns().map(({ name }) => name), rows, truncated: false };
}

/** Makes the host. It refuses what the demonstration's policy refuses, each with its reason. */
export function createScriptedHost({
  api,
  verdict = 'allow',
}: {
  api: string;
  verdict?: 'allow' | 'deny';
}): ScriptedHost {
  const scratch = mkdtempSync(join(tmpdir(), 'sallyport-scripted-'));
  const database = new DatabaseSync(join(scratch, 'customers.sqlite'));
  database.exec(readFileSync(join(world, 'customers.sql'), 'utf8'));
  const calls: Call[] = [];
  const written = new Map<string, string>();
  const lines: string[] = [];
  let decision = 0;
  const note = (...call: Call): void => {
    decision += 1;
    calls.push(call);
  };
  const deny = (reason: string): never =>
    fail({ tag: 'denied', val: { decision: `d-${decision}`, reason, hint: 'no', retryAfterMs: undefined } });
  const ownFiles = new Map([['/workspace/greeting.txt', 'Grüße\n']]);

  const imports = {
    'sallyport:agent/types': {},
    'sallyport:agent/http': {
      fetch({ method, url, headers, body, maxRedirects }: HttpRequest) {
        note('http.fetch', method, url, headers, body && textOf(body), maxRedirects);
        if (!url.startsWith(`${api}/`)) return deny('no-rule');
        const json = [['content-type', 'application/json']];
        return method === 'get'
          ? { status: 200, headers: json, url, body: bytesOf(openTickets()) }
          : { status: 201, headers: json, url, body: bytesOf('{}') };
      },
      open: () => deny('no-rule'),
      upload: () => deny('no-rule'),
      IncomingBody: unusedResource(),
      OutgoingBody: unusedResource(),
    },
    'sallyport:agent/fs': {
      read(path: string, range: unknown) {
        note('fs.read', path, range);
        if (path.endsWith('/.env')) return deny('forbidden-by-rule');
        const own = ownFiles.get(path);
        if (own !== undefined) return bytesOf(own);
        const file = join(world, path.replace('/workspace/', ''));
        return existsSync(file) ? new Uint8Array(readFileSync(file)) : fail({ tag: 'not-found' });
      },
      write(path: string, contents: Uint8Array) {
        note('fs.write', path, contents.length);
        written.set(path, textOf(contents));
      },
      makeDirectory(path: string) {
        note('fs.makeDirectory', path);
        fail({ tag: 'already-exists' });
      },
      ...Object.fromEntries(
        ['append', 'list', 'stat', 'remove', 'rename'].map((name) => [name, () => deny('no-rule')]),
      ),
    },
    'sallyport:agent/db': {
      queryNamed(name: string, statement: string, parameters: readonly DbValue[]) {
        note('db.queryNamed', name, statement, parameters);
        return select(database, 'select name, email, plan from customers where id = ?', parameters);
      },
      query(name: string, sql: string, parameters: readonly DbValue[]) {
        note('db.query', name, sql, parameters);
        return select(database, sql, parameters);
      },
      execute(name: string, sql: string, parameters: readonly DbValue[]) {
        note('db.execute', name, sql, parameters);
        return deny('no-rule');
      },
      executeNamed: () => deny('no-rule'),
      begin: () => deny('no-rule'),
      Transaction: unusedResource(),
    },
    'sallyport:agent/tool-exec': {
      list() {
        note('tool-exec.list');
        return [{ name: 'search-log', description: 'Searches.', inputSchema: '{}' }];
      },
      call(name: string, text: string) {
        note('tool-exec.call', name, text);
        const { file, pattern } = z.object({ file: z.string(), pattern: z.string() }).parse(JSON.parse(text));
        if (file !== 'service.log') return deny('no-rule');
        const run = spawnSync('/usr/bin/grep', ['--fixed-strings', '--', pattern, file], {
          cwd: join(world, 'logs'),
          encoding: 'utf8',
        });
        return { exitCode: run.status, stdout: run.stdout, stderr: run.stderr, truncated: false };
      },
    },
    'sallyport:agent/log': {
      write(level: string, message: string) {
        note('log.write', level, message);
        lines.push(`${level} ${message}`);
      },
    },
    'sallyport:agent/policy': {
      check(intentions: readonly unknown[]) {
        note('policy.check', intentions);
        return intentions.map(() => verdict);
      },
    },
  };
  return {
    imports,
    calls,
    written,
    lines,
    close() {
      database.close();
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}
