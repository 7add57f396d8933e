import { z } from 'zod';
import type { ResolveContext } from '../../contracts/gate-config.ts';
import { parseQuantity, sizeSchema } from '../../manifest/quantity.ts';
import type { ProcessLimits } from './process-request.ts';
import type { Report } from './tool-fields.ts';

/** What keeps a program in bounds: its part of the configuration. */

const limitsSchema = z
  .strictObject({
    memory: sizeSchema
      .optional()
      .describe('Private memory of each process, and resident memory of all of them. 2 GiB in a sandbox.'),
    processes: z.int().positive().optional().describe('How many processes there may be at a time. 256 in a sandbox.'),
    fileSize: sizeSchema.optional().describe('The longest file that may be written. 1 GiB in a sandbox.'),
    cpu: z.int().positive().optional().describe('Seconds of CPU time of each process. 600 in a sandbox.'),
    openFiles: z.int().min(16).optional().describe('Descriptors of each process. 1024 in a sandbox.'),
  })
  .describe(
    'What the program and all that it starts may use. With `isolation: none`, only what is written here holds.',
  );

const MOUNT = /^(\/[^\0 ]+)(?: (ro|rw))?$/;

/** The fields of a program's declaration. */
export const confinementFields = {
  isolation: z
    .enum(['bubblewrap', 'none'])
    .optional()
    .describe(
      '`bubblewrap` (the default): a sandbox of its own that holds the read-only system, a private `/tmp` and what is named ' +
        'here, without network. `none`: the program sees all of the machine that the host does.',
    ),
  mounts: z
    .array(z.string().regex(MOUNT, { error: 'expected a mount and perhaps its access: `/workspace rw`' }))
    .optional()
    .describe('Mounts that the sandbox shows: `/workspace` or `/workspace ro` to read, `/workspace rw` to write.'),
  readOnly: z
    .array(z.string().startsWith('/'))
    .optional()
    .describe('Directories of the host that the sandbox shows under their own name, to read: where the program lies.'),
  network: z.boolean().optional().describe('Whether the sandbox has the network of the host. No without it.'),
  limits: limitsSchema.optional(),
  umask: z
    .string()
    .regex(/^0?[0-7]{3}$/)
    .optional()
    .describe('Permissions that new files do not get, octal. `077` without it.'),
};

type RawConfinement = z.infer<z.ZodObject<typeof confinementFields>>;

/** How a program is confined, checked. Plain data. */
export interface Confinement {
  /** Absent: the program is not isolated. */
  readonly sandbox:
    | {
        readonly mounts: readonly { readonly path: string; readonly access: 'ro' | 'rw' }[];
        readonly readOnly: readonly string[];
        readonly network: boolean;
      }
    | undefined;
  readonly limits: ProcessLimits;
  readonly umask: number;
}

const GIBIBYTE = 1024 ** 3;
const DEFAULT_UMASK = '077';
const SANDBOX_LIMITS: ProcessLimits = {
  memoryBytes: 2 * GIBIBYTE,
  processes: 256,
  fileBytes: GIBIBYTE,
  cpuSeconds: 600,
  openFiles: 1024,
};
const NO_LIMITS: ProcessLimits = {
  memoryBytes: undefined,
  processes: undefined,
  fileBytes: undefined,
  cpuSeconds: undefined,
  openFiles: undefined,
};

/** Places that a sandbox has of its own, and whose content it takes from the system: nothing else is shown there. */
const RESERVED = /^\/(usr|bin|sbin|lib|lib32|lib64|libx32|etc|proc|dev|run|sys)?(\/|$)/;

/** Whether a sandbox has something of its own at a path. */
export const isReserved = (path: string): boolean => RESERVED.test(path);

/** Checks how a program is confined. */
export function resolveConfinement(tool: RawConfinement, context: ResolveContext, report: Report): Confinement {
  const umask = Number.parseInt(tool.umask ?? DEFAULT_UMASK, 8);
  if (tool.isolation === 'none') {
    for (const field of ['mounts', 'readOnly', 'network'] as const)
      if (tool[field] !== undefined) report(field, 'there is no sandbox with `isolation: none`');
    return { sandbox: undefined, limits: resolveLimits(tool.limits, NO_LIMITS, report), umask };
  }
  const problem = context.probe.sandbox?.();
  if (problem !== undefined)
    report('isolation', `${problem}; install the package \`bubblewrap\`, or say \`isolation: none\``);
  const readOnly = (tool.readOnly ?? []).map((path) => resolveDirectory(path, context, report));
  const sandbox = { mounts: resolveMounts(tool.mounts ?? [], report), readOnly, network: tool.network ?? false };
  return { sandbox, limits: resolveLimits(tool.limits, SANDBOX_LIMITS, report), umask };
}

function resolveMounts(mounts: readonly string[], report: Report) {
  return mounts.map((text) => {
    const [, path = text, access] = MOUNT.exec(text) ?? [];
    if (RESERVED.test(path)) report('mounts', `\`${path}\` is a place that the sandbox has of its own`);
    return { path, access: access === 'rw' ? ('rw' as const) : ('ro' as const) };
  });
}

function resolveDirectory(path: string, { probe }: ResolveContext, report: Report): string {
  const real = probe.real(path);
  if (real === undefined || probe.kind(real) !== 'directory') report('readOnly', `\`${path}\` is not a directory`);
  else if (RESERVED.test(real)) report('readOnly', `\`${path}\` is a place that the sandbox has of its own`);
  return real ?? path;
}

function resolveLimits(
  given: z.infer<typeof limitsSchema> | undefined,
  defaults: ProcessLimits,
  report: Report,
): ProcessLimits {
  const bytes = (field: 'memory' | 'fileSize', fallback: number | undefined): number | undefined => {
    const value = given?.[field];
    if (value === undefined) return fallback;
    const size = parseQuantity(value, 'size');
    if (typeof size === 'number' && size > 0) return size;
    report('limits', `\`${field}\`: ${typeof size === 'string' ? size : 'expected more than nothing'}`);
    return fallback;
  };
  return {
    memoryBytes: bytes('memory', defaults.memoryBytes),
    processes: given?.processes ?? defaults.processes,
    fileBytes: bytes('fileSize', defaults.fileBytes),
    cpuSeconds: given?.cpu ?? defaults.cpuSeconds,
    openFiles: given?.openFiles ?? defaults.openFiles,
  };
}
