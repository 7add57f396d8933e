import { z } from 'zod';
import type { ResolveContext } from '../../contracts/gate-config.ts';
import type { PasswordSource, PostgresTarget } from './engine.ts';

const passwordSchema = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .optional()
      .describe('Path of a file that holds the password; relative to the configuration file.'),
    environment: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'a name of an environment variable')
      .optional()
      .describe('Name of the environment variable of the host that holds the password.'),
  })
  .describe('Where the password is: `file` or `environment`, never the password itself.');

/** The key `postgres` of one database. */
export const postgresSchema = z
  .strictObject({
    host: z.string().min(1).optional().describe('Name or address of the server. Either this or `socket`.'),
    socket: z.string().startsWith('/').optional().describe('Folder of the Unix socket of the server.'),
    port: z.int().min(1).max(65_535).default(5432).describe('Port of the server. 5432 without it.'),
    database: z.string().min(1).max(63).describe('Name of the database on the server.'),
    user: z
      .string()
      .min(1)
      .max(63)
      .describe('The role that logs in. Give it no more than the policy needs: `sallyport doctor db` checks it.'),
    password: passwordSchema.optional(),
    tls: z
      .strictObject({
        ca: z
          .string()
          .min(1)
          .optional()
          .describe("Path of a PEM file with the authorities to trust. The system's without it."),
      })
      .optional()
      .describe('TLS, always verified. Only a loopback address and a socket may go without it.'),
    schemas: z
      .array(
        z
          .string()
          .min(1)
          .max(63)
          .regex(/^(?!pg_)[^\p{Cc}]*$/u, 'not a schema of the server itself'),
      )
      .min(1)
      .max(32)
      .default(['public'])
      .describe('The schemas that are served, in the order in which names are looked up. `public` without it.'),
    triggers: z
      .enum(['refuse', 'trust'])
      .default('refuse')
      .describe('Whether tables with triggers may be changed. What a trigger does is not seen by the policy.'),
  })
  .describe('A PostgreSQL server, from version 15 on.');

export type PostgresSection = z.infer<typeof postgresSchema>;

/** What the other keys of a database say. */
type Common = Pick<PostgresTarget, 'writable' | 'maxBytes' | 'recursive' | 'timeoutMs'>;

/** Reports a problem below the key `postgres`; there is no value then. */
type Problem = (key: readonly string[], message: string) => void;

/** Checks what the schema cannot. Needs no server: `doctor db` asks it. */
export function resolvePostgres(
  name: string,
  section: PostgresSection,
  common: Common,
  context: ResolveContext,
): PostgresTarget | undefined {
  const problems: string[] = [];
  const problem: Problem = (key, message) => {
    problems.push(message);
    context.problem(['databases', name, 'postgres', ...key], message);
  };
  const { host, socket, port, database, user, schemas, triggers, tls } = section;
  if ((host === undefined) === (socket === undefined)) problem([], 'names either `host` or `socket`');
  if (host?.startsWith('/') === true) problem(['host'], 'the folder of a socket is named by `socket`');
  if (socket !== undefined && tls !== undefined) problem(['tls'], 'a socket has no TLS');
  if (host !== undefined && tls === undefined && !isLoopback(host)) {
    problem(['tls'], `\`${host}\` is not a loopback address, so the connection must be TLS: add \`tls: {}\``);
  }
  const file = (key: readonly string[], path: string): string | undefined => {
    const given = path.startsWith('/') ? path : `${context.directory}/${path}`;
    const real = context.probe.real(given);
    if (real === undefined || context.probe.kind(given) !== 'file') {
      problem(key, `\`${path}\` is not a file`);
      return undefined;
    }
    if (!context.probe.readable(real)) problem(key, `\`${path}\` cannot be read`);
    return real;
  };
  const ca = tls?.ca === undefined ? undefined : file(['tls', 'ca'], tls.ca);
  const password = passwordOf(section, file, problem);
  if (problems.length > 0) return undefined;
  return {
    kind: 'postgres',
    host: host ?? socket ?? '',
    port,
    database,
    user,
    password,
    tls: tls === undefined ? undefined : { ca },
    schemas,
    triggers,
    ...common,
  };
}

function passwordOf(
  { password }: PostgresSection,
  file: (key: readonly string[], path: string) => string | undefined,
  problem: Problem,
): PasswordSource | undefined {
  if (password === undefined) return undefined;
  const { environment } = password;
  if ((password.file === undefined) === (environment === undefined)) {
    problem(['password'], 'names either `file` or `environment`');
    return;
  }
  if (environment !== undefined) return { kind: 'environment', name: environment };
  const path = file(['password', 'file'], password.file ?? '');
  return path === undefined ? undefined : { kind: 'file', path };
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

/** Files of a database that mounts show: a password that can be read, or an authority that can be exchanged. */
export function exposedPostgresFiles(
  { password, tls }: PostgresTarget,
  mounts: readonly { readonly path: string; readonly directory: string; readonly access: 'ro' | 'rw' }[],
): readonly { readonly mount: string; readonly path: string }[] {
  const secret = password?.kind === 'file' ? password.path : undefined;
  const shows = (directory: string, path: string) => path.startsWith(directory === '/' ? directory : `${directory}/`);
  return [secret, tls?.ca].flatMap((path) =>
    mounts
      .filter(
        ({ directory, access }) => path !== undefined && shows(directory, path) && (access === 'rw' || path === secret),
      )
      .map((mount) => ({ mount: mount.path, path: path ?? '' })),
  );
}

/** The environment variables in which passwords are. */
export const passwordVariables = (targets: readonly { readonly kind: string }[]): readonly string[] =>
  targets.flatMap((target) => {
    const { password } = target as Partial<PostgresTarget>; // absent in a target of another kind
    return password?.kind === 'environment' ? [password.name] : [];
  });
