import { describe, expect, it } from 'vitest';
import { BUILT_IN } from '../../host/redaction/builtin.ts';
import type { Sight } from '../../host/redaction/detector.ts';
import { createScanner } from '../../host/redaction/scanner.ts';
import { bytesOf, streamed } from './cutting.ts';
import { everything } from './finding.ts';

/** Texts that make a scanner look far, again and again. */
const UNITS = [
  ...['@', 'a@', 'a@a.', '%', '%40', 'a%40', '\\', '&', '\\u0040', '.', 'a.b@'],
  ...['0', '1', '4', '4111 ', '1-', '0 1', '01 ', '00 ', '4111-1111-', '+1', '+1 ', '(212) ', '(', '2 '],
  ...['-----BEGIN', '-----BEGIN ', '-----BEGIN PRIVATE KEY-----', '-', '-----END ', '----'],
  ...['eyJ', '-eyJ', ' eyJ', 'eyJ.', 'eyJhbGciOiJ.', 'AKIA', 'sk-', ' sk-', '_', 'ghp_', ' ghp_a', 'SG.', ' ya29.'],
  ...['1.', '1.1.1.', ':', '::', 'a:', ':a', 'a::', '1:2:', 'DE89', ' DE89', 'DE89 3704 ', 'GB82 WEST ', '\xff', '\n'],
];
const SIZE = 20_000;
const hostile = UNITS.map((unit) => [unit, bytesOf(unit.repeat(Math.ceil(SIZE / unit.length)))] as const);

/** How many bytes a detector looks at about every trigger of a text. */
function looks(detector: (typeof BUILT_IN)[number], bytes: Uint8Array): number {
  let count = 0;
  const counted = new Proxy(bytes, {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) count += 1;
      return Reflect.get(target, name, target) as unknown;
    },
  });
  const sight: Sight = { bytes: counted, end: bytes.length, final: true, floor: 0, from: 0, to: 0 };
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    const inRun =
      byte >= 0x30 && byte <= 0x39 && at > 0 && (bytes[at - 1] ?? 0) >= 0x30 && (bytes[at - 1] ?? 0) <= 0x39;
    if (detector.triggers[byte] === 1 && !inRun) detector.probe(sight, at);
  }
  return count;
}

describe('hostile text', () => {
  it.each(BUILT_IN.map((detector) => [detector.name, detector] as const))(
    'makes %s look at each byte a bounded number of times',
    (_, detector) => {
      for (const [unit, whole] of hostile) {
        const bytes = whole.subarray(0, 1_500);
        expect([unit, looks(detector, bytes) / bytes.length]).toEqual([unit, expect.toSatisfy((n: number) => n < 80)]);
      }
    },
  );

  it('is asked about in proportion to its length, however it is cut', () => {
    for (const [unit, bytes] of hostile) {
      const cuts = Array.from({ length: 20 }, (_, index) => index * 997);
      const [whole, cut] = [streamed(everything, bytes, []), streamed(everything, bytes, cuts)];
      expect([unit, cut.text === whole.text]).toEqual([unit, true]);
      // Each cut may ask once more about the place where it stands.
      expect(cut.steps).toBeLessThanOrEqual(BUILT_IN.length * (bytes.length + cuts.length));
    }
  });

  it('is held back no farther than the longest find that is not certain', () => {
    for (const [, bytes] of hostile) {
      const stream = everything.stream();
      let out = 0;
      let swallowed = 0;
      for (let at = 0; at < SIZE; at += 100) {
        const given = stream.push(bytes.slice(at, at + 100));
        out += given.length;
        if (stream.finds.size > 0) swallowed += 1;
      }
      if (swallowed === 0) expect(SIZE - out).toBeLessThanOrEqual(everything.longestHeld);
    }
  });

  it.each([
    ['@', 25],
    ['4', 100],
    ['-----BEGIN ', 10],
    ['-----BEGIN PRIVATE KEY-----', 10],
  ])('of many MB of %s is worked off', (unit, turns) => {
    const piece = bytesOf(unit.repeat(Math.floor((1024 * 1024) / unit.length)));
    const stream = createScanner(BUILT_IN).stream();
    let steps = 0;
    let longest = 0;
    for (let turn = 0; turn < turns; turn += 1) {
      longest = Math.max(longest, stream.push(piece).length);
      steps = stream.steps;
    }
    stream.end();
    expect(steps).toBeLessThanOrEqual(BUILT_IN.length * turns * piece.length);
    expect(longest).toBeLessThanOrEqual(piece.length + everything.longestHeld);
  });
});
