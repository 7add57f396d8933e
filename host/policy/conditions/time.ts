import { CellError } from '../cell-error.ts';
import { closest } from '../../contracts/suggestion.ts';
import { suggestion } from '../spelling.ts';
import type { Clause, ClauseScope, ClauseText } from './clause.ts';
import { DAYS, zoneNames, type ZoneClock } from './zone-clock.ts';
import { isForeignZone, spelledZone } from './zone-name.ts';

const TIME = /^([01]\d|2[0-3])(?::([0-5]\d))?$/;

/** The text between the brackets of a clause, with its offset. */
function inside({ text, offset }: ClauseText): ClauseText {
  const open = text.indexOf('(');
  if (!text.endsWith(')')) throw new CellError(offset + text.length, 'expected `)` at the end of the clause');
  return { text: text.slice(open + 1, -1), offset: offset + open + 1 };
}

/** `hours(08-19 Europe/Paris)`: local time in [from, to); a range that ends before it begins goes over midnight. */
export function parseHours(clause: ClauseText, scope: ClauseScope): Clause {
  const body = inside(clause);
  const { range, clock } = rangeAndZone(body, scope, '08-19 Europe/Paris');
  const dash = range.indexOf('-');
  if (dash < 0)
    throw new CellError(body.offset, `\`${range}\` is not a range of hours; expected for instance \`08-19\``);
  const from = parseTime(range.slice(0, dash), body.offset);
  const to = parseTime(range.slice(dash + 1), body.offset + dash + 1);
  if (from === to)
    throw new CellError(
      body.offset,
      'the range begins and ends at the same time; leave the clause out for the whole day',
    );
  return {
    text: clause.text,
    about: 'time',
    test({ context }) {
      const local = clock(context.nowMs);
      if (local === undefined) return 'undecided';
      return from < to ? local.minute >= from && local.minute < to : local.minute >= from || local.minute < to;
    },
  };
}

function parseTime(text: string, offset: number): number {
  const [, hour, minute = '0'] = TIME.exec(text) ?? [];
  if (hour === undefined)
    throw new CellError(offset, `\`${text}\` is not a time; expected \`00\` to \`23\`, or \`HH:MM\``);
  return Number(hour) * 60 + Number(minute);
}

/** `days(mon-fri+sun Europe/Paris)`: the local day of now. */
export function parseDays(clause: ClauseText, scope: ClauseScope): Clause {
  const body = inside(clause);
  const { range, clock } = rangeAndZone(body, scope, 'mon-fri Europe/Paris');
  const days = new Set<number>();
  let at = body.offset;
  for (const piece of range.split('+')) {
    const [first = '', last, ...more] = piece.split('-');
    if (more.length > 0)
      throw new CellError(at, `\`${piece}\` is not a range of days; expected for instance \`mon-fri\``);
    const from = parseDay(first, at);
    const to = last === undefined ? from : parseDay(last, at + first.length + 1);
    if (last === first)
      throw new CellError(
        at,
        `\`${piece}\` begins and ends at the same day; expected \`${first}\`, or no clause for the whole week`,
      );
    for (let day = from; ; day = (day + 1) % DAYS.length) {
      if (days.has(day)) throw new CellError(at, `\`${DAYS[day] ?? ''}\` stands twice in this clause`);
      days.add(day);
      if (day === to) break;
    }
    at += piece.length + 1;
  }
  return {
    text: clause.text,
    about: 'time',
    test({ context }) {
      const local = clock(context.nowMs);
      return local === undefined ? 'undecided' : days.has(local.day);
    },
  };
}

function parseDay(text: string, offset: number): number {
  const day = DAYS.findIndex((name) => name === text);
  if (day < 0) throw new CellError(offset, `unknown day \`${text}\`${suggestion(text, DAYS)}`);
  return day;
}

function rangeAndZone(
  { text, offset }: ClauseText,
  scope: ClauseScope,
  example: string,
): { range: string; clock: ZoneClock } {
  const [range = '', zone, ...more] = text.split(' ');
  if (zone === undefined || more.length > 0)
    throw new CellError(offset, `expected a range and a time zone, as in \`${example}\``);
  const clock = scope.zones(zone);
  if (clock === undefined || isForeignZone(zone)) {
    const near = closest(zone, zoneNames());
    throw new CellError(
      offset + range.length + 1,
      `unknown time zone \`${zone}\`${near === undefined ? '; expected for instance `Europe/Paris` or `UTC`' : `; did you mean \`${near}\``}`,
    );
  }
  const spelled = spelledZone(zone);
  if (zone !== spelled)
    throw new CellError(offset + range.length + 1, `time zone \`${zone}\` in other letters; expected \`${spelled}\``);
  return { range, clock };
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})(?:T(.*)Z)?$/;

/** `before(2026-12-31)`: now is earlier than that instant, 00:00Z where no time is given. */
export function parseBefore(clause: ClauseText): Clause {
  const instant = parseInstant(inside(clause));
  return {
    text: clause.text,
    about: 'time',
    expiresMs: instant,
    test: ({ context: { nowMs } }) => (Number.isFinite(nowMs) ? nowMs < instant : 'undecided'),
  };
}

/** `after(2026-01-01T06:00Z)`: now is that instant or later. */
export function parseAfter(clause: ClauseText): Clause {
  const instant = parseInstant(inside(clause));
  return {
    text: clause.text,
    about: 'time',
    test: ({ context: { nowMs } }) => (Number.isFinite(nowMs) ? nowMs >= instant : 'undecided'),
  };
}

function parseInstant({ text, offset }: ClauseText): number {
  const [, year, month, day, time] = DATE.exec(text) ?? [];
  if (year === undefined || month === undefined || day === undefined) {
    throw new CellError(offset, `\`${text}\` is not a date; expected \`YYYY-MM-DD\` or \`YYYY-MM-DDTHH:MMZ\``);
  }
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (new Date(midnight).toISOString().slice(0, 10) !== `${year}-${month}-${day}`)
    throw new CellError(offset, `there is no day \`${text.slice(0, 10)}\``);
  return midnight + (time === undefined ? 0 : parseTime(time, offset + 11) * 60_000);
}
