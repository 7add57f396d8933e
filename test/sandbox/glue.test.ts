import { describe, expect, it } from 'vitest';
import { quietGlue, readGlue } from '../../host/sandbox/glue.ts';

const TRACING = `const _debugLog = (...args) => {
    if (!globalThis?.process?.env?.JCO_DEBUG) { return; }
    console.debug(...args);
  };`;

const call = (iface: string, name: string): string =>
  `_debugLog('[iface="${iface}", function="${name}"] [Instruction::CallInterface] (sync, @ enter)');`;
const trampoline = (number: number, waits: boolean): string =>
  `_trampoline${number}.fnName = 'a:b/c@1.0.0#f';${waits ? `\n  _trampoline${number}.manuallyAsync = true;` : ''}`;

describe('the generated code', () => {
  it('is made quiet exactly once', () => {
    expect(quietGlue(`a;${TRACING}b;`)).toBe('a;const _debugLog = () => {};b;');
    for (const other of ['', `${TRACING}${TRACING}`, TRACING.replace('JCO_DEBUG', 'JCO_LOG')]) {
      expect(() => quietGlue(other)).toThrow(expect.objectContaining({ code: 'ERR_PREPARE_FAILED' }));
    }
  });

  it('tells which functions it calls and for which it waits', () => {
    const glue = [
      call('a:b/c@1.0.0', 'f'),
      trampoline(1, true),
      call('a:b/c@1.0.0', '[method]r.g'),
      trampoline(2, false),
      call('a:b/c@1.0.0', 'f'),
      trampoline(3, true),
    ];
    expect(readGlue(glue.join('\n')).calls).toEqual(
      new Map([['a:b/c@1.0.0', { functions: ['f', '[method]r.g'], waits: ['f'] }]]),
    );
  });

  it('tells what it takes from the import object', () => {
    const glue = `const { Error: Error$1, fetch: fetch$1, open } = imports['a:b/c'];\n  const { f } = imports['a:b/d'];`;
    expect(readGlue(glue).members).toEqual(
      new Map([
        ['a:b/c', ['Error', 'fetch', 'open']],
        ['a:b/d', ['f']],
      ]),
    );
  });

  it.each([
    ['a call without its trampoline', call('a:b/c', 'f')],
    ['two calls in a row', `${call('a:b/c', 'f')}${call('a:b/c', 'g')}${trampoline(1, false)}`],
    ['imports that are read in another way', `const all = imports['a:b/c'];`],
    ['an interface that is read twice', `const { f } = imports['a:b/c'];\nconst { g } = imports['a:b/c'];`],
  ])('is refused when it has %s', (_, glue) => {
    expect(() => readGlue(glue)).toThrow(expect.objectContaining({ code: 'ERR_PREPARE_FAILED' }));
  });
});
