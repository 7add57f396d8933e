/**
 * Spells the names of time zones as the tz database does. The engine takes a name in any case, and more names than the
 * database has: old abbreviations among them that are not what they seem (`BST` is Dhaka).
 */

/** Words of zone names that are not spelled with one capital in front. */
const WORDS: ReadonlyMap<string, string> = new Map(
  (
    'ACT BajaNorte BajaSur CET CHAT ComodRivadavia CST6CDT DeNoronha DumontDUrville EasterIsland EET EST EST5EDT GB GMT ' +
    'GMT0 HST IN LHI McMurdo MET MST MST7MDT NSW NZ PRC PST8PDT ROC ROK SU UCT US UTC WET au es of'
  )
    .split(' ')
    .map((word) => [word.toLowerCase(), word]),
);

/** The names of three letters that the tz database has. */
const SHORT: ReadonlySet<string> = new Set('CET EET EST GMT HST MET MST PRC ROC ROK UCT UTC WET'.split(' '));

/** A zone name with the case of its letters as the tz database has it. */
export const spelledZone = (zone: string): string =>
  zone.replace(/[a-z0-9]+/gi, (word, at) => {
    const small = word.toLowerCase();
    // `America/Port-au-Prince` and `Europe/Isle_of_Man` have small words, but no name begins with one.
    const known = WORDS.get(small);
    if (known !== undefined && (known !== small || /[-_]/.test(zone.charAt(Number(at) - 1)))) return known;
    return small.charAt(0).toUpperCase() + small.slice(1);
  });

/** Whether a name that the engine takes is none of the tz database: `PST`, `SystemV/EST5`. */
export const isForeignZone = (zone: string): boolean => {
  const spelled = spelledZone(zone);
  return spelled.startsWith('Systemv/') || (/^[a-z]{3}$/i.test(zone) && !SHORT.has(zone.toUpperCase()));
};
