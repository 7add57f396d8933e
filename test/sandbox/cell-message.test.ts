import { describe, expect, it } from 'vitest';
import type { GuestEnd } from '../../host/contracts/run-end.ts';
import { parseGuestEnd } from '../../host/sandbox/cell-message.ts';
import { classifyError } from '../../host/sandbox/guest-error.ts';
import { withoutPaths } from '../../host/sandbox/printable.ts';

describe('what a cell says about its end', () => {
  const ends: GuestEnd[] = [
    { kind: 'ok', output: 'x' },
    { kind: 'agent-error', message: 'x' },
    { kind: 'trap', message: 'x' },
    { kind: 'exit', code: 0 },
    { kind: 'limit', limit: 'wallMs', message: 'x' },
    { kind: 'cancelled' },
    { kind: 'fault', message: 'x' },
  ];
  it.each(ends)('is taken as it is where it fits: $kind', (end) => {
    expect(parseGuestEnd({ ...end, more: 1 })).toEqual(end);
  });

  it.each([
    undefined,
    null,
    'ok',
    {},
    { kind: 'constructor' },
    { kind: 'limit', limit: '__proto__' },
    Object.create({ kind: 'ok' }),
  ])('is not believed: %j', (value: unknown) => {
    expect(parseGuestEnd(value)).toBeUndefined();
  });

  it('has texts where it must have texts', () => {
    expect(parseGuestEnd({ kind: 'ok', output: { toString: 1 } })).toEqual({ kind: 'ok', output: '' });
  });
});

describe('what is thrown out of a run', () => {
  const memory = { pages: 100, budgetPages: 1024 };
  it.each<[string, unknown, GuestEnd]>([
    ['a text', 'no', { kind: 'agent-error', message: 'no' }],
    ['a trap', new WebAssembly.RuntimeError('unreachable'), { kind: 'trap', message: 'unreachable' }],
    [
      'an exhausted stack',
      new RangeError('Maximum call stack size exceeded'),
      { kind: 'limit', limit: 'stackBytes', message: 'the agent recursed until its stack was full' },
    ],
    ['a value that does not fit', new TypeError('expected a string'), { kind: 'trap', message: 'expected a string' }],
    [
      'something else',
      { tag: 'denied' },
      { kind: 'fault', message: 'run ended with something that is not an error: object' },
    ],
  ])('is told apart: %s', (_, error, end) => {
    expect(classifyError(error, memory)).toEqual(end);
  });

  it('is the memory limit when a guest traps with half of it in use', () => {
    const trap = new WebAssembly.RuntimeError('unreachable');
    expect(classifyError(trap, { pages: 512, budgetPages: 1024 })).toMatchObject({
      kind: 'limit',
      limit: 'memoryBytes',
    });
    expect(classifyError(trap, { pages: 511, budgetPages: 1024 })).toMatchObject({ kind: 'trap' });
  });

  it('is the memory limit when a runtime passes its failure on', () => {
    const low = { pages: 1024, budgetPages: 1024 };
    expect(classifyError('out of memory', low)).toMatchObject({ kind: 'limit', limit: 'memoryBytes' });
    expect(classifyError('out of memory', memory)).toEqual({ kind: 'agent-error', message: 'out of memory' });
    expect(classifyError('no such ticket', low)).toEqual({ kind: 'agent-error', message: 'no such ticket' });
  });

  it('has a message that is bounded, escaped and free of paths', () => {
    const error = new WebAssembly.RuntimeError(
      `\u001b[31m file:///srv/host/a.js:1:2 (/home/op/.cache/x.wasm) ${'x'.repeat(5000)}`,
    );
    const { message } = classifyError(error, memory) as { message: string };
    expect(message).toMatch(/^\\u\{1b\}\[31m \(path\) \(\(path\)\) x+…$/);
    expect(message.length).toBeLessThan(1100);
  });

  it('keeps what only looks like a path', () => {
    expect(withoutPaths('wasi:cli/exit@0.2.0 and a/b and https://a.example/b/c')).toBe(
      'wasi:cli/exit@0.2.0 and a/b and https://a.example/b/c',
    );
  });
});
