import type { DecisionEvent, DenialHelp } from '../../../host/index.ts';
import { untrusted, type Printer } from './human.ts';

/** So many different denials of one run are explained; an agent may ask for anything as often as it likes. */
const MOST_EXPLAINED = 50;

/** Tells the operator what was denied, why, and what would allow it: each different denial once, all of them by one line. */
export function createDenialNotes(
  { note, noteStyle }: Pick<Printer, 'note' | 'noteStyle'>,
  help: (event: DecisionEvent, agent: string) => DenialHelp,
): (event: DecisionEvent, agent: string) => void {
  const explained = new Set<string>();
  return (event, agent) => {
    if (event.effect === 'allow') return;
    const { action, resource, reason = 'no-rule', id } = event;
    if (event.effect === 'approve') {
      note(`${noteStyle.bold('waits')} ${untrusted(`${action} ${resource}`)} for people (${id})`);
      return;
    }
    const later = event.retryAfterMs === undefined ? '' : `, retry after ${event.retryAfterMs} ms`;
    note(`${noteStyle.bad('denied')} ${untrusted(`${action} ${resource}`)} (${reason}${later}, ${id})`);
    const key = keyOf(event);
    if (explained.has(key) || explained.size >= MOST_EXPLAINED) return;
    explained.add(key);
    for (const line of linesOf(help(event, agent))) note(`  ${untrusted(line)}`);
  };
}

function* linesOf({ notes, rules, rowsToAdd, nearest }: DenialHelp): Generator<string> {
  for (const row of rowsToAdd) yield `to allow it, add: ${row}`;
  for (const { file, line, row } of rules) yield `matched ${file}:${line}: ${row}`;
  for (const text of notes) yield text;
  if (nearest !== undefined)
    yield `nearly  ${nearest.file}:${nearest.line}: ${nearest.row}${nearest.note === undefined ? '' : `  -- ${nearest.note}`}`;
}

function keyOf({ action, resource, reason, agent, attributes, accesses = [], detail }: DecisionEvent): string {
  const shown = accesses.map((access) => [access.action, access.resource, [...access.attributes]]);
  return JSON.stringify([action, resource, reason, agent, [...(attributes ?? [])], shown, detail]);
}
