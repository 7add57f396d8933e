import { readdirSync } from 'node:fs';
import type { AuditEntry } from '../../../host/contracts/audit-record.ts';
import type { FileAnswer, FileError, FileReply, OpenHow } from '../../../host/contracts/file-service.ts';

/** Opens for looking only. */
export const HOW: OpenHow = {
  read: false,
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  follow: true,
};
export const READ: OpenHow = { ...HOW, read: true };
export const WRITE: OpenHow = { ...HOW, write: true };
export const CREATE: OpenHow = { ...WRITE, create: true };
export const BOTH: OpenHow = { ...WRITE, read: true };

/** What is there at once: nobody is asked in these tests. */
export function atOnce<Value>(reply: FileReply<Value>): FileAnswer<Value> {
  if (reply instanceof Promise) throw new Error('the answer has to be waited for');
  return reply;
}

export function valueOf<Value>(reply: FileReply<Value>): Value {
  const answer = atOnce(reply);
  if (!answer.ok) throw new Error(answer.error);
  return answer.value;
}

export function errorOf(reply: FileReply<unknown>): FileError | 'none' {
  const answer = atOnce(reply);
  return answer.ok ? 'none' : answer.error;
}

/** The intents that have no outcome, or more than one. A denial after its intent is an outcome. */
export function unsettled(records: readonly AuditEntry[]): readonly AuditEntry[] {
  return records.filter(
    ({ type }, seq) => type === 'effect.intended' && records.filter(({ intent }) => intent === seq).length !== 1,
  );
}

/** How many descriptors this process holds. */
export const descriptors = (): number => readdirSync('/proc/self/fd').length;
