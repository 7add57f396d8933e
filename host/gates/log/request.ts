import { hash } from 'node:crypto';
import { escapeControl } from '../../contracts/escape.ts';
import type { Intention } from '../../contracts/gate.ts';
import { LOG_LEVELS, type LogLevel } from '../../contracts/log-sink.ts';
import { NO_ATTRIBUTES, type AccessRequest, type Parsed } from '../../contracts/request.ts';

/** The action of the log gate. */
export const LOG_WRITE = 'log:write';

/** One line as it will stand in the log. */
export interface LogLine {
  readonly level: LogLevel;
  /** Escaped. */
  readonly text: string;
  /** Of the escaped text, in UTF-8. */
  readonly bytes: number;
}

const refuse = (refused: string): Parsed<LogLine> => ({ refused, action: LOG_WRITE });
const levelOf = (name: string): LogLevel | undefined => LOG_LEVELS.find((level) => level === name);

function lineRequest(level: LogLevel, text: string): AccessRequest<LogLine> {
  const bytes = Buffer.byteLength(text);
  return {
    capability: 'log',
    accesses: [{ action: LOG_WRITE, resource: `log:${level}`, attributes: NO_ATTRIBUTES }],
    target: { level, text, bytes },
    // The digest binds the decision to this very line; the line itself is written to the record only on `log=full`.
    summary: { level, bytes, sha256: hash('sha256', text, 'hex') },
    payload: { text },
  };
}

/** `write: func(level: level, message: string)`: one line, escaped, of a bounded length. */
export function parseWrite(level: string, message: string, maxLineBytes: number): Parsed<LogLine> {
  const known = levelOf(level);
  if (known === undefined) return refuse('the level is not one of the interface');
  if (Buffer.byteLength(message) > maxLineBytes) return refuse('the line is longer than the limit');
  return lineRequest(known, escapeControl(message));
}

/** What `policy.check` and `policy explain` ask: the resource is `log:LEVEL`. */
export function parseLogIntention({ action, resource }: Intention): Parsed<LogLine> {
  const level = levelOf(resource.replace(/^log:/, ''));
  if (action !== LOG_WRITE || level === undefined || resource !== `log:${level}`) {
    return { refused: 'the action or the resource is not one of the log', action };
  }
  return lineRequest(level, '');
}
