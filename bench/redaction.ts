/**
 * Measures masking on text without finds: each detector, all of them, exact values, and JSON; and how well the detectors
 * do on the samples of the tests. The baseline looks at each byte once in the same engine and does nothing; `indexOf` of
 * a byte that is not there is what the machine can do. Rows take turns. Usage: `node bench/redaction.ts [--json] [--count N]`.
 *
 * Times are those of the processor, not of the clock: the machine may have other work.
 */
import process from 'node:process';
import { BUILT_IN } from '../host/redaction/builtin.ts';
import { createExactMatcher } from '../host/redaction/exact-matcher.ts';
import { maskAll, type Masker } from '../host/redaction/mask-stream.ts';
import { createRedactors } from '../host/redaction/redactor.ts';
import { createScanner } from '../host/redaction/scanner.ts';
import { scores } from '../test/redaction/sample-score.ts';
import { countOr, figuresOf, printResult, round, type Row } from './measurement.ts';

const SIZE = 8 * 1024 * 1024;
const PIECE = 64 * 1024;
const TURNS = countOr(20);

const PROSE =
  'The sally port is a guarded passage: whatever goes in or out passes one gate, and the gate keeps a record of it. ' +
  'Nobody is let in who has no business there, and nothing leaves that was not asked for (see chapter 12).\n';
const LOG =
  '2026-11-27T08:15:30.123Z INFO worker-7 request_id=3f786850e387 path=/v1/orders/12345/items status=200 bytes=5120 ms=12.7\n';
const JSON_LINE =
  '{"id":10482,"name":"blue kettle","price":24.5,"tags":["kitchen","sale"],"stock":{"north":12,"south":0},"ok":true},\n';
const CODE =
  'for (const [name, value] of entries) { total += value.size * 2; if (name === "end") break; } // see below\n';

const filled = (text: string): Uint8Array => Buffer.alloc(SIZE, text);
const TEXTS: Readonly<Record<string, Uint8Array>> = {
  prose: filled(PROSE),
  log: filled(LOG),
  json: filled(JSON_LINE),
  code: filled(CODE),
};

/** Looks at each byte once. */
const look: Masker['stream'] = () => {
  let seen = 0;
  const table = new Uint8Array(256);
  table[0] = 1;
  return {
    finds: new Map(),
    get steps() {
      return seen;
    },
    push(piece) {
      let at = 0;
      while (at < piece.length && table[piece[at] ?? 0] === 0) at += 1;
      seen += at;
      return piece;
    },
    end: () => new Uint8Array(0),
  };
};

const words = Array.from({ length: 100 }, (_, index) => `Customer ${index * 7919} Ltd`);
const CASES: readonly (readonly [string, (text: Uint8Array) => unknown])[] = [
  ['look at each byte', streaming({ stream: look })],
  ['indexOf', (text) => Buffer.from(text.buffer).indexOf('\u0001')],
  ...BUILT_IN.map((detector) => [detector.name, streaming(createScanner([detector]))] as const),
  ['all', streaming(createScanner(BUILT_IN))],
  [
    '100 exact values',
    streaming(createExactMatcher(words.map((word) => ({ bytes: Buffer.from(word), name: 'v', mark: 'v' })))),
  ],
];

function streaming(masker: Pick<Masker, 'stream'>): (text: Uint8Array) => unknown {
  return (text) => {
    const stream = masker.stream();
    for (let at = 0; at < text.length; at += PIECE) stream.push(text.subarray(at, at + PIECE));
    stream.end();
    if (stream.finds.size > 0) throw new Error(`found ${[...stream.finds.keys()].join()}`);
    return stream;
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
  const samples = new Map<string, number[]>();
  for (let turn = -2; turn < TURNS; turn += 1) {
    for (const [kind, text] of Object.entries(TEXTS)) {
      for (const [name, once] of CASES) {
        const took = cost(() => once(text));
        if (turn >= 0) samples.set(`${kind}\0${name}`, [...(samples.get(`${kind}\0${name}`) ?? []), took]);
      }
    }
  }
  const baseline = (kind: string) => figuresOf(samples.get(`${kind}\0look at each byte`) ?? []);
  return [...samples].map(([key, took]) => {
    const [kind = '', name = ''] = key.split('\0');
    const figures = figuresOf(took);
    const base = baseline(kind);
    return {
      text: kind,
      detector: name,
      ...figures,
      mb_per_s: Math.round(SIZE / figures.p50_us),
      ratio: round(figures.p50_us / base.p50_us),
      baseline: base,
    };
  });
}

/** A structured body: where nothing is found in the text as it is written, its parts are not looked at. */
function bodies(): Row[] {
  const redaction = createRedactors(new Map()).begin(['card', 'email', 'iban']);
  const body = Buffer.from(`[${JSON_LINE.repeat(5_000)}0]`);
  const found = Buffer.from(`[${JSON_LINE.repeat(5_000)}"ada@example.com"]`);
  return [['json body without a find', body] as const, ['json body with one find', found] as const].map(
    ([name, bytes]) => {
      const once = () => redaction?.body(bytes, 'application/json');
      for (let turn = 0; turn < 3; turn += 1) once();
      const figures = figuresOf(Array.from({ length: TURNS }, () => cost(once)));
      return {
        text: 'json',
        detector: name,
        ...figures,
        mb_per_s: Math.round(bytes.length / figures.p50_us),
        ratio: 0,
      };
    },
  );
}

maskAll(createScanner(BUILT_IN), filled(PROSE)); // compiled before anything counts
printResult(
  'redaction',
  [...measure(), ...bodies()],
  `${SIZE >> 20} MiB in pieces of ${PIECE >> 10} KiB, ${TURNS} turns`,
);
if (!process.argv.includes('--json')) {
  console.table(
    scores().map(({ detector, expected, recall, precision }) => ({
      detector,
      expected,
      recall: round(recall),
      precision: round(precision),
    })),
  );
}
