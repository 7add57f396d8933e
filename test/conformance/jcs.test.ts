import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../host/audit/canonical-json.ts';
import { readCanonicalLine } from '../../host/audit/verify/canonical-value.ts';
import type { Json } from '../../host/contracts/request.ts';
import { conformanceSet } from '../support/conformance.ts';

const set = conformanceSet('jcs');
const names = set.found ? readdirSync(join(set.directory, 'input')).map((name) => name.replace(/\.json$/, '')) : [];
const read = (...path: string[]) => readFileSync(join(set.found ? set.directory : '', ...path));

describe.skipIf(!set.found)(`RFC 8785 vectors${set.found ? '' : ` (skipped: ${set.reason})`}`, () => {
  it('come in six sets', () => {
    expect(names).toHaveLength(6);
  });

  it.each(names)('%s is written byte for byte', (name) => {
    const written = Buffer.from(canonicalJson(JSON.parse(read('input', `${name}.json`).toString()) as Json));
    expect(written).toEqual(read('output', `${name}.json`));
    expect(written.toString('hex')).toBe(read('outhex', `${name}.txt`).toString().replaceAll(/\s/g, ''));
  });

  it.each(names)('%s is accepted by the verifier in canonical form only', (name) => {
    // The verifier reads objects, and refuses numbers that other readers of JSON may change.
    const canonical = `{"v":${read('output', `${name}.json`).toString()}}`;
    const wide = JSON.stringify(JSON.parse(canonical), undefined, 1);
    if (name === 'values') expect(() => readCanonicalLine(canonical)).toThrow('2^53 - 1');
    else expect(readCanonicalLine(canonical).members.has('v')).toBe(true);
    expect(() => readCanonicalLine(wide)).toThrow();
  });
});

describe('numbers of RFC 8785, appendix B', () => {
  const samples: readonly (readonly [bits: string, text: string])[] = [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['4340000000000001', '9007199254740994'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['41b3de4355555555', '333333333.3333333'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
  ];
  it.each(samples)('%s is written as %s', (bits, text) => {
    expect(canonicalJson(Buffer.from(bits, 'hex').readDoubleBE())).toBe(text);
  });

  it.each([NaN, Infinity, -Infinity])('%s is refused', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });
});
