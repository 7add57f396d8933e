import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../../host/contracts/errors.ts';
import { GLUE_FILE } from '../../../host/sandbox/artefact.ts';
import { readShape } from '../../../host/sandbox/component-shape.ts';
import { vetCoreNames } from '../../../host/sandbox/core-names.ts';
import { encodeSection, encodeU32 } from '../../../host/sandbox/wasm-binary.ts';
import { prepared, temporaryFolder } from '../../sandbox/support/cell.ts';
import { differenceOf } from '../../sandbox/support/glue-skeleton.ts';
import { moduleExporting, namedComponent, PLACES, type Place } from '../../sandbox/support/named-component.ts';
import { componentOf } from '../../sandbox/support/wat.ts';

/** Rounds for each place, of `BATCH` names. More of them: `SALLYPORT_NAMES=20`. */
const ROUNDS = Number(process.env['SALLYPORT_NAMES'] ?? 1);
const BATCH = 64;
/** What one component may have of it. */
const MOST: Readonly<Partial<Record<Place, number>>> = { flag: 32, resource: 24 };

/** Words of the language and of every object, and variables of the glue that are kept apart from names. */
const WORDS = `constructor class then await async break case catch const continue debugger default delete do else enum
  export extends false finally for function if implements import in instanceof interface let new null package private
  protected public return static super switch this throw true try typeof var void while with yield prototype proto
  to-string value-of has-own-property define-getter name length call apply bind to-json next done value get set of
  task err ret imports self arg0 ptr1 len1 instantiate-core result0 val trampoline0 to-uint32 handle-table9`.split(
  /\s+/,
);

/** Names that collide in camel case, that are no names, or that stand for something in the glue: each list in a place. */
const ODD: readonly (readonly [Place, readonly string[]])[] = [
  ['function', ['a-b-c', 'ab-c', 'a-bc', 'abc']],
  ['function', ['AB-D']],
  ['function', ['exports0']],
  ['function', ['arguments']],
  ['function', ['eval']],
  ['function', ['memory0', 'realloc0', 'module0']],
  ['function', ['module0']],
  ['member', ['exports0']],
  ['method', ['handle-table0', 'module0', 'to-uint32']],
  ['member', ['a-b', 'ab']],
  ['resource', ['promise']],
  ['resource', ['map', 'object']],
  ['resource', ['web-assembly', 'async-task', 'rep-table']],
  ['method', ['constructor']],
  ['method', ['a-b', 'ab']],
  ['field', ['a-b', 'ab']],
  ['field', ['a-b', 'A-B']],
  ['interface', ['a-b', 'ab']],
  ['package', ['A-B']],
  ['core', ['', 'a']],
  ['core', ['a-b', 'aB', 'a_b', 'a b', 'a.b']],
  ['core', ['()', '[]', '<>']],
  ['core', [`n${'x'.repeat(255)}`]],
  ['core', [`n${'x'.repeat(256)}`]],
  ['function', [`n${'x'.repeat(255)}`]],
  ['function', [`n${'x'.repeat(256)}`]],
];

const PIECES = [
  "'",
  '"',
  '`',
  '\\',
  '\n',
  '\r',
  '\u2028',
  '\u2029',
  '${',
  '}',
  '*/',
  '/*',
  '//',
  '\\u0027',
  '\\x27',
  '\0',
];
const CORE_WORDS = ['__proto__', 'constructor', '__defineGetter__', 'class', 'import', 'a-b', 'a_b', 'a.b', '', '0'];

const kebab = fc
  .array(fc.stringMatching(/^[a-z][a-z0-9]{0,9}$/), { minLength: 1, maxLength: 6 })
  .map((words) => words.join('-'));
const long = fc.integer({ min: 180, max: 220 }).map((length) => 'n'.repeat(length) + String(length % 7));
const core = fc.oneof(
  fc.constantFrom(...CORE_WORDS),
  fc.stringMatching(/^[A-Za-z0-9_$.:@/#<>|=+\-[\]() ]{0,256}$/),
  fc
    .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 6 })), { maxLength: 8 })
    .map((parts) => parts.join('')),
);

/** Whether a first look lets the name pass; if not, it says why in one line. */
function passes(look: () => void): boolean {
  try {
    look();
    return true;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    expect(error.message).toMatch(/^[^\n\r\u2028\u2029\0]+$/);
    return false;
  }
}

/** Different, also where case does not count, and none that the component has elsewhere. */
const different = (names: readonly string[]): string[] => [
  ...new Map(names.filter((name) => !TAKEN.has(name)).map((name) => [name.toLowerCase(), name])).values(),
];
const TAKEN: ReadonlySet<string> = new Set(['run', 'f', 'x', 'z', 'i']);

/** In the order of the names that they stand for, because the glue is in that order; `run` is among the functions. */
const harmlessFor = (place: Place, names: readonly string[]): string[] =>
  names.map(
    (name, index) => `${place === 'function' && name > 'run' ? 'snq' : 'bnq'}${String(index).padStart(3, '0')}z`,
  );

async function glueOf(place: Place, names: readonly string[]): Promise<string> {
  const folder = await temporaryFolder();
  const { directory } = await prepared(await componentOf(namedComponent(place, names)), folder);
  const glue = await readFile(join(directory, GLUE_FILE), 'utf8');
  await rm(folder, { recursive: true });
  return glue;
}

/** The names change nothing in the glue but themselves. */
async function changesNothing(place: Place, names: readonly string[]): Promise<void> {
  const harmless = harmlessFor(place, names);
  const [ours, theirs] = await Promise.all([glueOf(place, harmless), glueOf(place, names)]);
  const pairs = harmless.map((name, index) => [name, names[index] ?? ''] as const);
  expect(differenceOf(ours, theirs, pairs), `${place}: ${JSON.stringify(names)}`).toBeUndefined();
}

/** Some objects of the glue are in the order of the names as the component has them, some in that of camel case. */
function inOrder(names: readonly string[], behind: string): string[] {
  let last = '';
  return names
    .map((name) => name + behind)
    .sort()
    .map((name) => name.slice(0, name.length - behind.length))
    .filter((name) => {
      const variable = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      if (variable <= last) return false;
      last = variable;
      return true;
    });
}

function sample(place: Place, round: number): string[] {
  const numRuns = MOST[place] ?? BATCH;
  const parameters = { seed: 1000 * round + PLACES.indexOf(place), numRuns };
  if (place !== 'core') {
    const words = round === 0 && place !== 'resource' ? WORDS : [];
    const names = different([...words, ...fc.sample(fc.oneof({ weight: 8, arbitrary: kebab }, long), parameters)]);
    return inOrder(names, place === 'interface' ? '@' : place === 'package' ? '/' : '');
  }
  const names = fc.sample(core, { ...parameters, numRuns: 16 * BATCH });
  // Names without any letter become variables without one: see ODD.
  return different(names.filter((name) => /[A-Za-z]/.test(name) && passes(() => vetCoreNames(exporting(name))))).sort();
}

const exporting = (name: string): WebAssembly.Module => new WebAssembly.Module(moduleExporting(name));
const COMPONENT = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00];
function exported(name: string): Uint8Array {
  const bytes = Buffer.from(name);
  const entry = [[1, 0], encodeU32(bytes.length), bytes, [1, 0, 0]].map((part) => Uint8Array.from(part));
  return Buffer.concat([Uint8Array.from(COMPONENT), encodeSection(11, entry)]);
}

describe('the names of a component', () => {
  for (let round = 0; round < ROUNDS; round++) {
    it.each(PLACES)(
      `change nothing in the generated code but themselves: %s, round ${round + 1}`,
      async (place) => {
        await changesNothing(place, sample(place, round));
        expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12);
      },
      240_000,
    );
  }

  it.each(ODD)('change nothing, or are refused in one line: %s %j', async (place, names) => {
    const outcome: unknown = await changesNothing(place, [...names].sort()).catch((error: unknown) => error);
    if (outcome === undefined) return;
    if (!(outcome instanceof HostError)) throw outcome;
    expect(outcome.code).toMatch(/^ERR_COMPONENT_(?:REFUSED|INVALID)$/);
    expect(outcome.message).toMatch(/^[^\n]+$/);
  });

  it('are looked at before any tool sees them: those that could become code pass neither look', () => {
    fc.assert(
      fc.property(core, (name) => {
        const isCode = /['"`\\\n\r\u2028\u2029\0{}*;]/.test(name) || Buffer.byteLength(name) > 256;
        const passed = [passes(() => vetCoreNames(exporting(name))), passes(() => readShape(exported(name)))];
        if (isCode) expect(passed).toEqual([false, false]);
      }),
      { numRuns: 2000 * ROUNDS },
    );
  });
});
