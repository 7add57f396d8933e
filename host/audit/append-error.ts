import { HostError } from '../contracts/errors.ts';

/** The error of a record that cannot be written, with what the operator can do. */
export function appendError(path: string, cause: unknown): HostError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const hints = hintsFor(path, codeOf(cause));
  return new HostError('ERR_AUDIT_APPEND', `the audit record \`${path}\` cannot be written: ${reason}`, {
    hints,
    cause,
  });
}

/** The system's code of an error, for instance `ENOSPC`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function hintsFor(path: string, code: string | undefined): string[] {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return [`free some space on the disk that holds \`${path}\`, or set \`audit.directory\` to another`];
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return [`make the folder of \`${path}\` writable for this user, or set \`audit.directory\` to another`];
    case 'EEXIST':
    case 'ENOTDIR':
      return [`\`audit.directory\` must be a folder, and no run may be written twice: look at \`${path}\``];
    default:
      return [];
  }
}
