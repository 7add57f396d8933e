import { z } from 'zod';
import type { GateConfig, ResolveContext } from '../../contracts/gate-config.ts';
import { pathProblem } from './request.ts';

const mountSchema = z.strictObject({
  directory: z.string().min(1).describe('Directory of this machine that is shown; relative to the configuration file.'),
  access: z.enum(['ro', 'rw']).optional().describe('`ro` (the default) can be read, `rw` can be changed as well.'),
  maxFileBytes: z.int().positive().optional().describe('The most bytes that a file may grow to. 64 MiB without it.'),
  sync: z.boolean().optional().describe('Wait until a written file has reached the disk. Off without it.'),
});

const mountsSchema = z
  .record(z.string(), mountSchema)
  .describe(
    'Directories that agents may see, by virtual path (`/workspace`). What may be done there is said by policy.',
  );

export type FsSection = z.infer<typeof mountsSchema>;

/** A directory of the host under a virtual path. */
export interface FsMount {
  /** Canonical: `/workspace`. */
  readonly path: string;
  /** Absolute, links resolved. */
  readonly directory: string;
  readonly access: 'ro' | 'rw';
  readonly maxFileBytes: number;
  readonly sync: boolean;
}

/** The mounts; none overlaps another. */
export interface FsConfig {
  readonly mounts: readonly FsMount[];
}

const DEFAULT_MAX_FILE_BYTES = 64 * 1024 * 1024;

/** Directories that show far more than files of a piece of work; those with `true` are refused with all below them. */
const OVER_BROAD: ReadonlyMap<string, boolean> = new Map([
  ['/', false],
  ['/proc', true],
  ['/sys', true],
  ['/dev', true],
  ['/run', false],
  ['/boot', true],
  ['/etc', false],
  ['/home', false],
  ['/root', false],
]);
/** The one place below an over-broad directory that holds ordinary files. */
const SHARED_MEMORY = '/dev/shm/';

/** The key `mounts` of the configuration. */
export const fsConfig: GateConfig<FsSection, FsConfig> = {
  key: 'mounts',
  schema: mountsSchema,
  absent: {},
  resolve(raw: FsSection, context: ResolveContext): FsConfig {
    const mounts: FsMount[] = [];
    for (const [path, section] of Object.entries(raw)) {
      const mount = resolveMount(path, section, context);
      if (mount === undefined) continue;
      const other = mounts.find((known) => isInside(path, known.path) || isInside(known.path, path));
      const shared = mounts.find((known) => overlap(mount.directory, known.directory));
      if (other !== undefined) context.problem(['mounts', path], `overlaps the mount \`${other.path}\``);
      else if (shared !== undefined) {
        context.problem(['mounts', path, 'directory'], `overlaps the directory of the mount \`${shared.path}\``);
      } else mounts.push(mount);
    }
    return { mounts };
  },
};

function resolveMount(path: string, section: FsSection[string], context: ResolveContext): FsMount | undefined {
  const problem = path === '/' ? '`/` cannot be a mount: name a directory below it' : pathProblem(path);
  if (problem !== undefined) {
    context.problem(['mounts', path], path === '/' ? problem : `not a canonical path: ${problem}`);
    return undefined;
  }
  const directory = resolveDirectory(path, section, context);
  if (directory === undefined) return undefined;
  const { access = 'ro', maxFileBytes = DEFAULT_MAX_FILE_BYTES, sync = false } = section;
  return { path, directory, access, maxFileBytes, sync };
}

function resolveDirectory(path: string, section: FsSection[string], context: ResolveContext): string | undefined {
  const at = ['mounts', path, 'directory'] as const;
  const given = section.directory.startsWith('/') ? section.directory : `${context.directory}/${section.directory}`;
  const kind = context.probe.kind(given);
  const real = context.probe.real(given);
  if (kind === undefined || real === undefined) context.problem(at, `\`${section.directory}\` does not exist`);
  else if (kind !== 'directory') context.problem(at, `\`${section.directory}\` is not a directory`);
  else if (isOverBroad(real)) context.problem(at, `\`${real}\` is too much for a mount: name a directory of the work`);
  else if (!context.probe.readable(real)) context.problem(at, `\`${section.directory}\` cannot be read`);
  else if (section.access === 'rw' && !context.probe.writable(real)) {
    context.problem(at, `\`${section.directory}\` cannot be written, but the mount is \`rw\``);
  } else return real;
  return undefined;
}

function isOverBroad(directory: string): boolean {
  if (directory.startsWith(SHARED_MEMORY)) return false;
  return [...OVER_BROAD].some(([broad, below]) => directory === broad || (below && isInside(directory, broad)));
}

/** Whether a path is the other one or lies below it. Both are canonical, so whole segments compare. */
function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`);
}

const overlap = (one: string, other: string): boolean => isInside(one, other) || isInside(other, one);

/**
 * The paths that an agent could change through a mount, for instance the folders of the audit log and of the policies:
 * each with the mount. The host keeps such paths out of every writable mount, whatever the policy says.
 */
export function exposedPaths(
  config: FsConfig,
  hostProtected: readonly string[],
): readonly { readonly mount: string; readonly path: string }[] {
  const writable = config.mounts.filter(({ access }) => access === 'rw');
  return writable.flatMap((mount) =>
    hostProtected.filter((path) => overlap(path, mount.directory)).map((path) => ({ mount: mount.path, path })),
  );
}
