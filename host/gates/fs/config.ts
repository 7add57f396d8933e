import { z } from 'zod';
import type { GateConfig, ResolveContext } from '../../contracts/gate-config.ts';
import { DEFAULT_PROTECTED_NAMES, type ProtectedNames } from './protected-names.ts';
import { isInside, pathProblem } from './virtual-path.ts';

const quotaSchema = z
  .strictObject({
    bytes: z.int().positive().optional().describe('The most bytes that the sizes of all files may add up to.'),
    files: z
      .int()
      .positive()
      .optional()
      .describe('The most files and directories; 100000 without it, because more take too long to count.'),
  })
  .describe(
    'What the mount may hold, whoever put it there: counted before the first change of a run and again now and then. ' +
      'Runs at the same time count apart, so together they may pass it by what they write between two counts.',
  );

const namesSchema = z.array(z.string().min(1).max(255)).max(64);

const protectSchema = z
  .strictObject({
    gitHooks: z.boolean().optional().describe('`.git/hooks`, `.git/config` and what else makes Git run programs.'),
    startUpFiles: z.boolean().optional().describe('Start-up files of shells and sessions, and `.ssh`.'),
    secrets: z
      .boolean()
      .optional()
      .describe('`.env`, `.env.*` and `.ssh`: not even read without a rule that names it.'),
    never: namesSchema.optional().describe('Further names that are never changed, wherever they stand: `deploy/keys`.'),
    unlessNamed: namesSchema.optional().describe('Further names that only a rule without a wildcard opens.'),
  })
  .describe('Names that are protected whatever the policy says. The first three are on unless they are `false`.');

const mountSchema = z.strictObject({
  directory: z.string().min(1).describe('Directory of this machine that is shown; relative to the configuration file.'),
  access: z.enum(['ro', 'rw']).optional().describe('`ro` (the default) can be read, `rw` can be changed as well.'),
  maxFileBytes: z.int().positive().optional().describe('The most bytes that a file may grow to. 64 MiB without it.'),
  sync: z.boolean().optional().describe('Wait until a written file has reached the disk. Off without it.'),
  digests: z
    .boolean()
    .optional()
    .describe('Whether a record holds the SHA-256 of what was written. On without it; it takes as long as writing.'),
  quota: quotaSchema.optional(),
  symlinks: z
    .enum(['refuse', 'inside'])
    .optional()
    .describe(
      '`refuse` (the default) follows no symbolic link; `inside` follows relative ones that stay in the mount, and ' +
        'then decides on the name that they lead to as well.',
    ),
  protect: protectSchema.optional(),
});

const mountsSchema = z
  .record(z.string(), mountSchema)
  .describe(
    'Directories that agents may see, by virtual path (`/workspace`); `/` is all that no other mount shows. What may be ' +
      'done there is said by policy.',
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
  readonly digests: boolean;
  readonly symlinks: 'refuse' | 'inside';
  readonly quota?: { readonly bytes: number; readonly files: number };
  readonly protect: ProtectedNames;
}

/** The mounts; none overlaps another, but that `/` is what no other shows. */
export interface FsConfig {
  readonly mounts: readonly FsMount[];
}

const MOST_FILES = 100_000;
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
      const other = mounts.find((known) => path !== '/' && known.path !== '/' && overlap(path, known.path));
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
  const problem = pathProblem(path);
  if (problem !== undefined) {
    context.problem(['mounts', path], `not a canonical path: ${problem}`);
    return undefined;
  }
  const directory = resolveDirectory(path, section, context);
  if (directory === undefined) return undefined;
  const { access = 'ro', maxFileBytes = DEFAULT_MAX_FILE_BYTES, sync = false, quota } = section;
  const { symlinks = 'refuse', digests = true } = section;
  const protect = resolveProtected(path, section, context);
  if (access === 'ro' && quota !== undefined)
    context.problem(['mounts', path, 'quota'], 'a quota is for mounts that are `rw`');
  const limits = quota && { bytes: quota.bytes ?? Number.MAX_SAFE_INTEGER, files: quota.files ?? MOST_FILES };
  return {
    path,
    directory,
    access,
    maxFileBytes,
    sync,
    digests,
    symlinks,
    protect,
    ...(limits ? { quota: limits } : {}),
  };
}

function resolveProtected(path: string, { protect = {} }: FsSection[string], context: ResolveContext): ProtectedNames {
  const { never = [], unlessNamed = [], ...groups } = protect;
  for (const [key, names] of Object.entries({ never, unlessNamed })) {
    names.forEach((name, index) => {
      const problem = pathProblem(`/${name}`);
      if (problem !== undefined)
        context.problem(['mounts', path, 'protect', key, index], `\`${name}\` is not a name: ${problem}`);
    });
  }
  const lower = (names: readonly string[]): readonly string[] => names.map((name) => name.toLowerCase());
  return { ...DEFAULT_PROTECTED_NAMES, ...defined(groups), never: lower(never), unlessNamed: lower(unlessNamed) };
}

/** The members that have a value: `undefined` would switch a protection off. */
const defined = (groups: Partial<Record<string, boolean | undefined>>): Partial<ProtectedNames> =>
  Object.fromEntries(Object.entries(groups).filter(([, value]) => value !== undefined));

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

const overlap = (one: string, other: string): boolean => isInside(one, other) || isInside(other, one);

/** Whether a path lies in the directory of a mount. */
export const shows = (directory: string, path: string): boolean => isInside(path, directory);

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
