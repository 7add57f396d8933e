import type { Redaction } from '../../redaction/redactor.ts';
import type { HeaderField } from './request-header.ts';
import type { HttpTarget } from './request.ts';
import type { ReadHead } from './response-header.ts';

/** Why a request that must be masked is not sent; for the operator. */
export type Unmaskable =
  /** What must be masked stands in the path or the query: another URL would be another request than was decided. */
  | 'url'
  /** A part of an answer may be a part of what must be masked. */
  | 'range'
  /** The body is coded, or no text: nobody can say what is in it. */
  | 'coded-body'
  | 'binary-body';

/** The request as it may leave, or why it may not. `look` counts nothing. */
export function redactedRequest(
  target: HttpTarget,
  redaction: Redaction,
  look: Redaction,
): HttpTarget | { readonly unmaskable: Unmaskable } {
  if (shows(target.path, look)) return { unmaskable: 'url' };
  const fields = target.fields.map(([name, value]): HeaderField => [name, maskedField(name, value, redaction)]);
  if (fields.some(([name]) => name === 'range' || name === 'if-range')) return { unmaskable: 'range' };
  const carries = target.body !== undefined || target.upload !== undefined;
  const coding = valueOf(fields, 'content-encoding') ?? 'identity';
  if (carries && coding.toLowerCase() !== 'identity') return { unmaskable: 'coded-body' };
  const body = target.body && redaction.body(target.body, valueOf(target.fields, 'content-type'));
  if (redaction.isCut()) return { unmaskable: 'binary-body' };
  return { ...target, fields, headers: fields.flat(), body };
}

/** The header of an answer as the guest may see it. The length is that of what was sent, not of what it will read. */
export function redactedHead(head: ReadHead, redaction: Redaction): ReadHead {
  const kept = head.headers.filter(([name]) => name !== 'content-length');
  return { ...head, headers: kept.map(([name, value]) => [name, maskedField(name, value, redaction)] as const) };
}

export const valueOf = (fields: ReadHead['headers'] | readonly HeaderField[], wanted: string): string | undefined =>
  fields.find(([name]) => name === wanted)?.[1];

/** The media type says how the body is read, on both sides. */
const maskedField = (name: string, value: string, redaction: Redaction): string =>
  name === 'content-type' ? value : redaction.header(name, value);

/** Whether a path and query hold a find, as they are written or as servers read them. */
function shows(path: string, look: Redaction): boolean {
  const question = path.indexOf('?');
  const query = question < 0 ? '' : path.slice(question + 1);
  const route = question < 0 ? path : path.slice(0, question);
  if (look.text(path) !== path) return true;
  if (path.includes('%') || path.includes('+')) {
    const read = decoded(route);
    if (look.text(read) !== read) return true;
  }
  for (const [name, value] of new URLSearchParams(query)) {
    if (look.header(name, value) !== value || look.text(name) !== name) return true;
  }
  return false;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not UTF-8: it was looked at as it is written
  }
}
