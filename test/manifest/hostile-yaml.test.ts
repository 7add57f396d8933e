import { describe, expect, it } from 'vitest';
import { problemsOf } from './manifest-fixture.ts';

const MEGABYTE = 1024 * 1024;
const fill = (text: string, bytes = MEGABYTE - 64) => text.repeat(Math.floor(bytes / Buffer.byteLength(text)));

describe('a configuration that is meant to do harm', () => {
  it('is not read past a megabyte', () => {
    expect(problemsOf(`version: 1\n#${'x'.repeat(MEGABYTE)}`)).toEqual(['1:1: the file is larger than 1048576 bytes']);
  });

  it.each([
    ['brackets', fill('[')],
    ['braces', fill('{a: ')],
    ['dashes', fill('- ')],
    ['dashes of one line after a key', `version: 1\nbox:\n  ${fill('- ')}`],
    ['question marks', fill('? ')],
    ['steps of indentation', Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:`).join('\n')],
  ])('does not end the process with %s', (_name, text) => {
    const started = performance.now();
    expect(problemsOf(text)).toEqual(['1:1: the nesting is deeper than 64 levels']);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('cannot multiply itself by aliases', () => {
    const levels = Array.from({ length: 20 }, (_, level) => `a${level}: &a${level} [${Array(10).fill(level === 0 ? 'x' : `*a${level - 1}`).join(', ')}]`); // prettier-ignore
    expect(problemsOf(levels.join('\n'))[0]).toMatch(/aliases are not read/);
  });

  it('cannot change what all objects have', () => {
    problemsOf('version: 1\nbox: {__proto__: {polluted: 1}}\nconstructor: {prototype: {polluted: 1}}');
    expect({}).not.toHaveProperty('polluted');
  });

  it.each([
    ['many keys', Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['many problems of one kind', `version: 1\nlabels: [${Array(20_000).fill('a').join(', ')}]`],
    ['a long line', `version: 1\npolicy: "${'x'.repeat(MEGABYTE / 2)}"`],
    ['quotes that do not end', `version: 1\npolicy: "${fill('\\"', MEGABYTE / 2)}`],
    ['spaces', `version: 1\n${fill(' ', MEGABYTE / 2)}x`],
    ['unclosed maps behind each other', fill('{a: ]', 20_000)],
  ])('is answered in seconds: %s', (_name, text) => {
    const started = performance.now();
    expect(problemsOf(text).length).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(8000);
  });
});
