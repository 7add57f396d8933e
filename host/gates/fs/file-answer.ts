import type { FileAnswer, FileError } from '../../contracts/file-service.ts';
import type { Enforced } from '../../enforcement/effect.ts';
import type { LinkFound } from './link-leads.ts';
import type { FsProblem } from './request.ts';

const PROBLEMS: Readonly<Record<FsProblem, FileError>> = {
  'longer than 4096 bytes': 'name-too-long',
  'more than 64 segments': 'name-too-long',
  'has a segment longer than 255 bytes': 'name-too-long',
  'not valid Unicode': 'illegal-byte-sequence',
  'has a control character': 'illegal-byte-sequence',
  'has a backslash': 'illegal-byte-sequence',
  'not in Unicode normalization form C': 'illegal-byte-sequence',
  'not absolute': 'invalid',
  'has an empty segment': 'invalid',
  'has a segment `.` or `..`': 'invalid',
  'a name that the host keeps for itself': 'access',
  'source and target are not in one mount': 'cross-device',
  'another mount lies below it': 'cross-device',
  'too much lies below it': 'cross-device',
  'truncated without being written': 'invalid',
  'a link to it would lead out of its mount': 'not-permitted',
};
/** By the text of a refusal. */
const REFUSALS: ReadonlyMap<string, FileError> = new Map(
  Object.entries(PROBLEMS).map(([problem, error]) => [`path: ${problem}`, error]),
);

/** The value of a call, or the error of POSIX. A denial tells neither why, nor whether anything of that name is there. */
export function fileAnswer<Value>(enforced: Enforced<Value, FileError | LinkFound>): FileAnswer<Value> {
  switch (enforced.status) {
    case 'ok':
      return { ok: true, value: enforced.value };
    case 'failed':
      // A link where there was none a moment ago: names change while they are decided, and nothing was done.
      return fileError(typeof enforced.failure === 'string' ? enforced.failure : 'loop');
    case 'denied':
      return fileError('access');
    case 'refused':
      return fileError(REFUSALS.get(enforced.text) ?? 'invalid');
    case 'fault':
      return fileError('io');
  }
}

/** Why nothing was done. */
export const fileError = (error: FileError): { readonly ok: false; readonly error: FileError } => ({
  ok: false,
  error,
});
