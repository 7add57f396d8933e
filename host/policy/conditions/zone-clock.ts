/** Local time of one zone. */
export interface LocalTime {
  /** Minutes since local midnight. */
  readonly minute: number;
  /** 0 is Monday. */
  readonly day: number;
}

/** Tells local time; `undefined` for an instant that is none. */
export type ZoneClock = (nowMs: number) => LocalTime | undefined;

/** Clocks by zone name; `undefined` for an unknown zone. */
export type ZoneClocks = (zone: string) => ZoneClock | undefined;

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/;
const MINUTE_MS = 60_000;
/** The range of a JavaScript date. */
const LAST_MS = 8.64e15;

/** Makes clocks, one for each zone, from the time zone data of the engine. */
export function createZoneClocks(): ZoneClocks {
  const clocks = new Map<string, ZoneClock>();
  return (zone) => {
    const known = clocks.get(zone);
    if (known !== undefined) return known;
    const clock = ZONE_NAME.test(zone) ? createZoneClock(zone) : undefined;
    if (clock !== undefined) clocks.set(zone, clock);
    return clock;
  };
}

function createZoneClock(zone: string): ZoneClock | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
    });
  } catch {
    return undefined; // the engine's way to say that there is no such zone
  }
  let known = Number.NaN;
  let local: LocalTime | undefined;
  return (nowMs) => {
    if (!(Math.abs(nowMs) <= LAST_MS)) return undefined;
    const minute = Math.floor(nowMs / MINUTE_MS);
    // Formatting takes microseconds, and every zone's offset is whole minutes.
    if (minute !== known) {
      local = readLocal(format.formatToParts(minute * MINUTE_MS));
      known = minute;
    }
    return local;
  };
}

function readLocal(parts: readonly Intl.DateTimeFormatPart[]): LocalTime | undefined {
  const part = (type: string): string => parts.find((candidate) => candidate.type === type)?.value ?? '';
  const weekday = part('weekday').slice(0, 3).toLowerCase();
  const day = DAYS.findIndex((name) => name === weekday);
  const minute = Number(part('hour')) * 60 + Number(part('minute'));
  return day < 0 || !Number.isInteger(minute) ? undefined : { minute, day };
}

/** The names of all zones that the engine knows, for suggestions. */
export const zoneNames = (): readonly string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')];
