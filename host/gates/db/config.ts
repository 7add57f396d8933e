import { z } from 'zod';
import type { GateConfig, ResolveContext } from '../../contracts/gate-config.ts';
import type { DatabaseInspector, DatabaseTarget, StatementProblem } from './engine.ts';
import { FAILURE_TEXTS } from './failure.ts';
import { postgresSchema, resolvePostgres } from './postgres-entry.ts';

const NAME = /^[a-z][a-z0-9-]*$/;

const databaseSchema = z
  .strictObject({
    sqlite: z
      .string()
      .min(1)
      .optional()
      .describe('Path of an SQLite database file; relative to the configuration file. Either this or `postgres`.'),
    postgres: postgresSchema.optional(),
    access: z.enum(['ro', 'rw']).default('ro').describe('`ro` (the default) can be read, `rw` can be changed as well.'),
    statements: z
      .record(z.string().regex(NAME, 'a name of small letters, digits and hyphens'), z.string().min(1))
      .default({})
      .describe('SQL texts by name, one statement each, for `query-named` and `execute-named`.'),
    maxRows: z.int().min(1).max(1_000_000).default(10_000).describe('The most rows that one call returns.'),
    maxBytes: z
      .int()
      .min(1024)
      .max(64 * 1024 * 1024)
      .default(8 * 1024 * 1024)
      .describe('The most bytes that one call carries, either way. 8 MiB without it.'),
    maxFileBytes: z
      .int()
      .min(1024 * 1024)
      .max(1024 ** 4)
      .default(1024 ** 3)
      .describe('An SQLite file grows no further than this: a change that needs more fails. 1 GiB without it.'),
    timeoutMs: z.int().min(1).max(600_000).default(5_000).describe('The longest that one statement may take.'),
    recursiveQueries: z
      .boolean()
      .default(false)
      .describe('Serve recursive queries. Off without it: such a query can run without end, until its time is over.'),
  })
  .refine(({ sqlite, postgres }) => (sqlite === undefined) !== (postgres === undefined), {
    message: 'is either `sqlite` or `postgres`',
  });

const databasesSchema = z
  .record(z.string().regex(NAME, 'a name of small letters, digits and hyphens'), databaseSchema)
  .describe('Databases that agents may be let into, by name. What may be done there is said by policy.');

export type DbSection = z.infer<typeof databasesSchema>;

/** One database of the configuration. */
export interface DatabaseSettings {
  readonly target: DatabaseTarget;
  /** SQL by name. */
  readonly statements: ReadonlyMap<string, string>;
  readonly maxRows: number;
  readonly timeoutMs: number;
}

/** The databases by name. */
export interface DbConfig {
  readonly databases: ReadonlyMap<string, DatabaseSettings>;
}

/** The key `databases` of the configuration. `inspector` looks into the files. */
export function createDbConfig(inspector: DatabaseInspector): GateConfig<DbSection, DbConfig> {
  return {
    key: 'databases',
    schema: databasesSchema,
    absent: {},
    resolve(raw: DbSection, context: ResolveContext): DbConfig {
      const databases = new Map<string, DatabaseSettings>();
      for (const [name, section] of Object.entries(raw)) {
        const { sqlite, postgres } = section;
        const settings =
          postgres === undefined
            ? resolveSqlite(name, section, sqlite ?? '', context, inspector)
            : resolveServer(name, section, postgres, context);
        if (settings !== undefined) databases.set(name, settings);
      }
      return { databases };
    },
  };
}

/** A server is not asked here: a configuration is good whether it runs or not. */
function resolveServer(
  name: string,
  section: DbSection[string],
  postgres: NonNullable<DbSection[string]['postgres']>,
  context: ResolveContext,
): DatabaseSettings | undefined {
  const { maxBytes, maxRows, timeoutMs, recursiveQueries: recursive, statements } = section;
  const common = { writable: section.access === 'rw', maxBytes, recursive, timeoutMs };
  const target = resolvePostgres(name, postgres, common, context);
  return target && { target, statements: new Map(Object.entries(statements)), maxRows, timeoutMs };
}

function resolveSqlite(
  name: string,
  section: DbSection[string],
  sqlite: string,
  context: ResolveContext,
  inspector: DatabaseInspector,
): DatabaseSettings | undefined {
  const path = resolvePath(name, sqlite, section.access, context);
  if (path === undefined) return undefined;
  const { maxBytes, maxFileBytes, maxRows, timeoutMs, recursiveQueries: recursive } = section;
  const target = {
    kind: 'sqlite',
    path,
    writable: section.access === 'rw',
    recursive,
    maxBytes,
    maxFileBytes,
  } as const;
  const wrong = inspector.database(target);
  if (wrong !== undefined) {
    const what = wrong === 'not-a-database' ? 'is not an SQLite database' : 'cannot be opened';
    context.problem(['databases', name, 'sqlite'], `\`${sqlite}\` ${what}`);
    return undefined;
  }
  const statements = new Map(Object.entries(section.statements));
  for (const [statement, sql] of statements) {
    const problem = inspector.statement(target, sql);
    const message = problem === undefined ? undefined : problemText(problem);
    if (message !== undefined) context.problem(['databases', name, 'statements', statement], message);
  }
  return { target, statements, maxRows, timeoutMs };
}

const problemText = (problem: StatementProblem | 'unreadable'): string =>
  problem === 'unreadable' ? 'cannot be prepared' : FAILURE_TEXTS[problem];

function resolvePath(name: string, sqlite: string, access: 'ro' | 'rw', context: ResolveContext): string | undefined {
  const at = ['databases', name, 'sqlite'] as const;
  const given = sqlite.startsWith('/') ? sqlite : `${context.directory}/${sqlite}`;
  const kind = context.probe.kind(given);
  const real = context.probe.real(given);
  if (kind === undefined || real === undefined) context.problem(at, `\`${sqlite}\` does not exist`);
  else if (kind !== 'file') context.problem(at, `\`${sqlite}\` is not a file`);
  else if (!context.probe.readable(real)) context.problem(at, `\`${sqlite}\` cannot be read`);
  else if (access === 'rw' && !context.probe.writable(real)) {
    context.problem(at, `\`${sqlite}\` cannot be written, but the database is \`rw\``);
  } else return real;
  return undefined;
}
