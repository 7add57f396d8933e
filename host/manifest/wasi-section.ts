import { z } from 'zod';
import type { GuestWorld } from '../contracts/guest-world.ts';

const MOMENT = /^(?:real|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?(?:Z|[+-]\d{2}:\d{2}))$/;
const SEED = /^(?:real|seed:(?:[0-9a-f]{2}){1,64})$/;

export const wasiSchema = z
  .strictObject({
    clock: z
      .string()
      .regex(MOMENT, { error: 'expected `real` or a moment as RFC 3339 has it: `2026-01-02T03:04:05Z`' })
      .optional()
      .describe(
        '`real`, or the moment at which every run begins: then each look at the clock takes 100 us and each wait what ' +
          'was asked for, and nothing else takes time.',
      ),
    random: z
      .string()
      .regex(SEED, { error: 'expected `real`, or `seed:` and 1 to 64 bytes in hexadecimal digits in lower case' })
      .optional()
      .describe(
        '`real`, or `seed:HEX`: the same bytes in every run. Whoever knows the seed knows them all: no keys from them.',
      ),
  })
  .describe(
    'What WASI programs take for the time and for chance, so that two runs can do the same. `real` without it.',
  );
export type RawWasi = z.output<typeof wasiSchema>;

/** What a section says, and what holds where it says nothing. */
export function resolveWasi(
  { clock, random }: RawWasi,
  standard: GuestWorld,
  problem: (key: 'clock' | 'random', message: string) => void,
): GuestWorld {
  return Object.freeze({
    clock: clock === undefined ? standard.clock : clockOf(clock, (message) => problem('clock', message)),
    random:
      random === undefined ? standard.random : random === 'real' ? random : { seed: random.slice('seed:'.length) },
  });
}

function clockOf(written: string, problem: (message: string) => void): GuestWorld['clock'] {
  if (written === 'real') return 'real';
  const startMs = Date.parse(written);
  const day = written.slice(0, 10);
  // The engine takes the 30th of February for a day in March.
  const isDay = new Date(Date.parse(`${day}T00:00:00Z`) || 0).toISOString().startsWith(day);
  if (!isDay || Number.isNaN(startMs)) problem(`\`${written}\` is no moment of the calendar`);
  else if (startMs < 0) problem(`\`${written}\` is before 1970, for which WASI has no form`);
  else return { startMs };
  return 'real';
}
