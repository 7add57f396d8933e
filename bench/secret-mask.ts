/**
 * Measures hiding of secrets in what comes back to a guest: in streams and as a whole, for a few values and many, in
 * text that holds none, text that nearly holds them, and text that repeats them. The baseline looks at each byte once in the
 * same engine and does nothing. Rows take turns. Usage: `node bench/secret-mask.ts [--json] [--count N]`.
 *
 * Times are those of the processor, not of the clock: the machine may have other work.
 */
import process from 'node:process';
import { createSecretMask } from '../host/runs/secret-mask.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const SIZE = 1024 * 1024;
const PIECE = 64 * 1024;
const TURNS = countOr(15);

const KEY = 'ghp_9fK2xQ7LmZt4VbNc8RwYs1Hd6PjAe3Gu0To5';
const PASSWORD = `p@ss/w"or'd-Zürich<&>+42`;
const MANY = Array.from({ length: 50 }, (_, index) => `${index * 7919}-${KEY.slice(index % 20)}-${index}`);

const PROSE =
  'The sally port is a guarded passage: whatever goes in or out passes one gate, and the gate keeps a record of it.\n';
const JSON_LINE = '{"id":10482,"name":"blue kettle","price":24.5,"tags":["kitchen","sale"],"stock":{"north":12}},\n';
const BASE64 = Buffer.from(PROSE).toString('base64');
/** All but the last byte of a value, again and again. */
const NEARLY = `${KEY.slice(0, -1)}-`;
/** An answer that repeats a value in several spellings, among other text. */
const MIRRORED = `${JSON_LINE.repeat(8)}{"authorization":"Bearer ${KEY}","basic":"${Buffer.from(`me:${PASSWORD}`).toString('base64')}"},\n`;

const filled = (text: string): Uint8Array => Buffer.alloc(SIZE, text);
const TEXTS: Readonly<Record<string, Uint8Array>> = {
  prose: filled(PROSE),
  json: filled(JSON_LINE),
  base64: filled(BASE64),
  'nearly a value': filled(NEARLY),
  'one letter': filled(KEY.charAt(0)),
  'with values': filled(MIRRORED),
  bytes: Uint8Array.from({ length: SIZE }, (_, at) => (at * 2_654_435_761) >>> 24),
};

/** Looks at each byte once. */
function look(text: Uint8Array): number {
  const table = new Uint8Array(256);
  let seen = 0;
  for (let at = 0; at < text.length; at += 1) seen += table[text[at] ?? 0] ?? 0;
  return seen;
}

const SETS: Readonly<Record<string, readonly string[]>> = {
  '1 value': [KEY],
  '2 values': [KEY, PASSWORD],
  '50 values': MANY,
};

const CASES: readonly (readonly [how: string, values: string, once: (text: Uint8Array) => unknown])[] = [
  ['look at each byte', '', look],
  ...Object.entries(SETS).flatMap(([name, values]) => {
    const mask = createSecretMask(values);
    return [
      ['stream', name, streaming(() => mask.stream())] as const,
      ['whole', name, (text: Uint8Array) => mask.bytes(text)] as const,
    ];
  }),
];

function streaming(start: () => ReturnType<ReturnType<typeof createSecretMask>['stream']>) {
  return (text: Uint8Array): number => {
    const stream = start();
    let out = 0;
    for (let at = 0; at < text.length; at += PIECE) out += stream.push(text.subarray(at, at + PIECE)).length;
    return out + stream.end().length;
  };
}

/** Microseconds of the processor. */
function cost(once: () => unknown): number {
  const before = process.cpuUsage();
  once();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function measure(): Row[] {
  const samples = CASES.map(() => new Map<string, number[]>());
  for (let turn = -1; turn < TURNS; turn += 1) {
    for (const [kind, text] of Object.entries(TEXTS)) {
      for (const [index, [, , once]] of CASES.entries()) {
        const took = cost(() => once(text));
        const known = samples[index]?.get(kind) ?? [];
        if (turn >= 0) samples[index]?.set(kind, [...known, took]);
      }
    }
  }
  return CASES.flatMap(([how, values], index) =>
    Object.keys(TEXTS).map((kind) => {
      const figures = figuresOf(samples[index]?.get(kind) ?? []);
      const base = figuresOf(samples[0]?.get(kind) ?? []);
      return {
        text: kind,
        how,
        values,
        ...figures,
        mb_per_s: Math.round(SIZE / figures.p50_us),
        ratio: round(figures.p50_us / base.p50_us),
        baseline: base,
      };
    }),
  );
}

/** What it takes to be ready: all spellings of all values, once for a run. */
function readying(): Row[] {
  return Object.entries(SETS).map(([name, values]) => {
    const samples = Array.from({ length: TURNS }, () => cost(() => createSecretMask(values).text('')));
    return { text: '', how: 'made ready', values: name, ...figuresOf(samples), mb_per_s: 0, ratio: 0 };
  });
}

printResult(
  'secret-mask',
  [...measure(), ...readying()],
  `${SIZE >> 20} MiB, streams in pieces of ${PIECE >> 10} KiB, ${TURNS} turns`,
);
