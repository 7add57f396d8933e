import { readdir } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { HostError } from '../../../host/contracts/errors.ts';
import { readShape, SHAPE_LIMITS } from '../../../host/sandbox/component-shape.ts';
import { encodeSection, encodeU32 } from '../../../host/sandbox/wasm-binary.ts';
import { prepared, runCell, temporaryFolder } from '../../sandbox/support/cell.ts';
import { agentText, componentOf } from '../../sandbox/support/wat.ts';
import { guest } from '../../support/guests.ts';
import { readFileSync } from 'node:fs';

const COMPONENT = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
const MODULE = Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
const FOUR_GIB = [0xff, 0xff, 0xff, 0xff, 0x0f];

const bytes = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts.map((part) => Uint8Array.from(part))));
const text = (value: string): number[] => [...encodeU32(Buffer.byteLength(value)), ...Buffer.from(value)];
const component = (...sections: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  bytes(COMPONENT, ...sections);
/** A component with one core module of these sections. */
const around = (...sections: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  component(encodeSection(1, [MODULE, ...sections]));
const list = (id: number, count: number, entry: readonly number[]): Uint8Array =>
  encodeSection(id, [encodeU32(count), ...Array.from({ length: count }, () => entry)]);

function nested(depth: number): Uint8Array {
  let inner = component();
  for (let level = 1; level < depth; level++) inner = component(encodeSection(4, [inner]));
  return inner;
}

/** What the first look says of the bytes. */
function refusal(source: Uint8Array): string {
  try {
    readShape(source);
  } catch (error) {
    if (error instanceof HostError) return `${error.code} ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('the outside of a component', () => {
  const malformed: [string, Uint8Array, RegExp][] = [
    ['a section that claims 4 GiB', component([1, ...FOUR_GIB, 0]), /claims 4294967295 bytes where 1 are left/],
    ['a section of a core module that claims 4 GiB', around([1, ...FOUR_GIB]), /claims 4294967295 bytes/],
    ['a section that is cut off', component([7, 5, 0]), /claims 5 bytes where 1 are left/],
    ['a length that is cut off', component([7, 0x80]), /the bytes end too early/],
    ['a number of six bytes', component([7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), /does not fit 32 bits/],
    ['a number of 33 bits', component([7, 0xff, 0xff, 0xff, 0xff, 0x1f]), /does not fit 32 bits/],
    ['a list of 4 billion types', component([7, 5, ...FOUR_GIB]), /claims 4294967295 entries in 0 bytes/],
    ['a list of 4 billion core functions', around([3, 5, ...FOUR_GIB]), /claims 4294967295 entries/],
    ['a list section without a length', component([7, 0]), /end too early/],
    ['a core module of no bytes', component([1, 0]), /end too early/],
    ['a core module that is a component', component(encodeSection(1, [COMPONENT])), /core module does not begin/],
    ['a nested component that is a core module', component(encodeSection(4, [MODULE])), /does not begin like one/],
    ['an unknown section', component([13, 0]), /unknown kind 13/],
    ['a start section', component([9, 3, 0, 0, 0]), /unknown kind 9/],
    ['an unknown section of a core module', around([14, 0]), /unknown kind 14/],
    ['two type sections of a core module', around([1, 1, 0], [1, 1, 0]), /section 1 twice/],
    ['sections of a core module in the wrong order', around([7, 1, 0], [3, 1, 0]), /section 3 behind section 7/],
    ['a custom section without a name', component([0, 0]), /end too early/],
    ['a custom section whose name is longer than it', component([0, 2, 9, 0]), /end too early/],
    ['a custom section with invalid UTF-8', component([0, 3, 2, 0xc3, 0x28]), /./],
    ['an import list that is too short', component(encodeSection(10, [[2, 0, ...text('a:b/c'), 5, 0]])), /too early/],
    ['an import list that is too long', component(encodeSection(10, [[0, 0]])), /a list ends before its section/],
    ['an import of an unknown kind', component(encodeSection(10, [[1, 0, ...text('a:b/c'), 9, 0]])), /unknown kind/],
  ];
  it.each(malformed)('is malformed: %s', (_, source, message) => {
    expect(refusal(source)).toMatch(/^ERR_COMPONENT_INVALID the file is not a valid component: [^\n]+$/);
    expect(refusal(source)).toMatch(message);
  });

  const tooMuch: [string, Uint8Array, RegExp][] = [
    ['nested 100 deep', nested(100), /17 levels of nested components or more; the limit is 16/],
    ['nested 100 000 deep', nestedLazily(100_000), /levels of nested components/],
    ['10 000 exports', component(list(11, 10_000, [0, ...text('x'), 1, 0, 0])), /10000 exports or more/],
    ['10 000 imports', component(list(10, 10_000, [0, ...text('a:b/c'), 5, 0])), /10000 imports or more/],
    ['a million core exports', around(list(7, 1_000_000, [...text('x'), 0, 0])), /exports of core modules/],
    ['a million empty sections', component(Array.from({ length: 1_000_000 }, () => [0, 1, 0]).flat()), /sections/],
    [
      '300 core modules',
      component(...Array.from({ length: 300 }, () => encodeSection(1, [MODULE]))),
      /257 core modules/,
    ],
    ['a million types', component(list(7, 1_000_000, [0x7f])), /1000000 types or more/],
  ];
  it.each(tooMuch)('is too much: %s', (_, source, message) => {
    expect(refusal(source)).toMatch(/^ERR_PREPARE_LIMIT the component has \d+ [a-z ]+ or more; the limit is \d+$/);
    expect(refusal(source)).toMatch(message);
  });

  it.each(["'];x;['", 'a b', '${x}', 'url=<https://example.org>', 'a\u2028b', 'x'.repeat(257), ''])(
    'has a name that no gate could serve: %j',
    (name) => {
      expect(refusal(component(encodeSection(10, [[1, 0, ...text(name), 5, 0]])))).toMatch(/^ERR_COMPONENT_REFUSED/);
      expect(refusal(component(encodeSection(11, [[1, 0, ...text(name), 1, 0, 0]])))).toMatch(/^ERR_COMPONENT_REFUSED/);
    },
  );

  it('is accepted up to the limit', () => {
    expect(refusal(nested(SHAPE_LIMITS.depth.most))).toBe('accepted');
    expect(refusal(component(list(11, SHAPE_LIMITS.exports.most, [0, ...text('x'), 1, 0, 0])))).toBe('accepted');
  });
});

/** Every level claims all that is behind it, as far as lengths allow. */
function nestedLazily(depth: number): Uint8Array {
  const level = [...COMPONENT, 4, 0xff, 0xff, 0xff, 0x7f];
  const levels = Buffer.concat(Array.from({ length: depth }, () => Uint8Array.from(level)));
  // Lengths from behind: padded to four bytes, so that all levels are of one size.
  for (let index = 0; index < depth; index++) {
    const left = (depth - 1 - index) * level.length;
    for (let byte = 0; byte < 4; byte++) {
      levels[index * level.length + 9 + byte] = ((left >> (7 * byte)) & 0x7f) | (byte < 3 ? 0x80 : 0);
    }
  }
  return Uint8Array.from(levels);
}

describe('a component of an extreme shape', () => {
  let agent: Uint8Array;
  beforeAll(async () => {
    agent = await componentOf(agentText());
  });

  /** One type whose declaration holds a type, and so on: the outer counts see one. */
  function deepType(depth: number): number[] {
    let inner: number[] = [0x42, 0]; // an instance type that declares nothing
    for (let level = 1; level < depth; level++) inner = [0x42, 1, 1, ...inner];
    return inner;
  }

  it.each([
    ['nested 100 deep', () => nested(100)],
    ['with a type that is nested 100 deep', () => bytes(agent, encodeSection(7, [[1], deepType(100)]))],
    ['with a type that is nested 5 000 deep', () => bytes(agent, encodeSection(7, [[1], deepType(5000)]))],
    ['with 10 000 exports', () => component(list(11, 10_000, [0, ...text('x'), 1, 0, 0]))],
  ])('ends preparing in one line or runs, and the next one is not affected: %s', async (_, make) => {
    const folder = await temporaryFolder();
    const outcome: unknown = await prepared(make(), folder).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      expect(outcome).toMatchObject({
        code: expect.stringMatching(/^ERR_(?:PREPARE_LIMIT|COMPONENT_INVALID|COMPONENT_REFUSED)$/) as string,
        message: expect.stringMatching(/^[^\n]+$/) as string,
      });
      expect(await readdir(folder)).toEqual([]);
    }
    const { guest: end } = await runCell(await prepared(agent, folder));
    expect(end).toEqual({ kind: 'ok', output: 'hello' });
  });

  it.each(['rust', 'js'] as const)('leaves real components a factor of four: %s', async (language) => {
    const shape = readShape(readFileSync(await guest('hello', language)));
    for (const [key, { most }] of Object.entries(SHAPE_LIMITS))
      expect(shape[key as keyof typeof shape] * 4, key).toBeLessThanOrEqual(most); // its own keys
  });
});
