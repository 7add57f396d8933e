import { expect, it } from 'vitest';
import { createLineBuffer } from '../../../host/cells/line-buffer.ts';

const collected = (pieces: readonly string[]): string[][] => {
  const handed: string[][] = [];
  const buffer = createLineBuffer((lines) => handed.push([...lines]));
  for (const piece of pieces) buffer.write(Buffer.from(piece));
  buffer.end();
  return handed;
};

it('a million line breaks in one write are one message to the supervisor, not a million', () => {
  const handed = collected(['\n'.repeat(1 << 20)]);
  expect(handed).toHaveLength(1);
  expect(handed[0]).toHaveLength(1 << 20);
});

it('a line that never ends is handed on in pieces', () => {
  const handed = collected(['x'.repeat(20_000)]).flat();
  expect(handed.map((text) => text.length)).toEqual([8192, 8192, 3616]);
});

it('lines arrive whole and in order, whatever pieces they are written in', () => {
  expect(collected(['a', 'b\nc', '\n', '\u00e9']).flat()).toEqual(['ab', 'c', '\u00e9']);
});
