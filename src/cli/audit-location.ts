import { resolve } from 'node:path';
import { auditDirectory, type AuditLocation } from '../../host/index.ts';
import { CONFIG_OPTION, type OptionSpec } from './command.ts';

/** Where the audit verbs look for records. */
export const AUDIT_OPTIONS: readonly OptionSpec[] = [
  CONFIG_OPTION,
  {
    flags: '-d, --directory <directory>',
    description: 'the audit directory, instead of the one that the configuration names',
  },
];

/** The audit directory that the options name. A file needs none, and a directory no configuration: records outlive both. */
export function auditLocation(
  options: { readonly config?: string | undefined; readonly directory?: string | undefined },
  wanted: string,
  workingDirectory: string,
): AuditLocation {
  if (options.directory !== undefined)
    return { directory: resolve(workingDirectory, options.directory), workingDirectory };
  if (wanted.includes('/') || wanted.endsWith('.jsonl')) return { directory: workingDirectory, workingDirectory };
  const configuration = options.config ?? 'sallyport.yaml';
  return { directory: auditDirectory({ configuration, workingDirectory }), workingDirectory };
}
