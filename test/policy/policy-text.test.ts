import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import { decodePolicyText } from '../../host/configuration/policy-text.ts';
import { row } from './fixture.ts';

function problemOf(bytes: Uint8Array): string {
  try {
    decodePolicyText('policy.csv', bytes);
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'ERR_POLICY_READ') throw error;
    expect(error.position?.file).toBe('policy.csv');
    return error.hints.join('\n');
  }
  throw new Error('accepted');
}

const GOOD = Buffer.from(`# caf\u00e9\n${row()}`);
const TELLS = 'a byte that no UTF-8 has there; expected a file in UTF-8';

describe('a policy that is not UTF-8 is refused at the byte', () => {
  it.each([
    ['Latin 1 in a comment', [GOOD, Buffer.from('# caf\xe9\n', 'latin1')], `3:6: ${TELLS}`],
    ['a slash that is written too long', [GOOD, Buffer.from('p, role:any\n'), Buffer.of(0xc0, 0xaf)], `4:1: ${TELLS}`],
    ['half a surrogate', [Buffer.of(0xed, 0xa0, 0x80)], `1:2: ${TELLS}`],
    ['a character that is cut short', [GOOD, Buffer.of(0x61, 0xc3)], `3:2: ${TELLS}`],
    ['UTF-16', [Buffer.from('\ufeffp, role:any\n', 'utf16le')], `1:1: ${TELLS}, not in UTF-16`],
  ])('%s', (_, parts, expected) => {
    expect(problemOf(Buffer.concat(parts))).toBe(`policy.csv:${expected}`);
  });

  it('in a large file as in a small one', () => {
    const large = Buffer.concat([Buffer.alloc(4_000_000, row()), Buffer.of(0xff), GOOD]);
    expect(problemOf(large)).toMatch(/^policy\.csv:\d{5,}:\d+: a byte/);
  });

  it('and one with a byte order mark keeps it for the reader of rows', () => {
    expect(decodePolicyText('policy.csv', Buffer.from('\ufeffp')).text).toBe('\ufeffp');
  });
});
