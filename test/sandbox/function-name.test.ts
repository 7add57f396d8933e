import { describe, expect, it } from 'vitest';
import { functionName } from '../../host/sandbox/function-name.ts';

describe('the name of a function', () => {
  it.each([
    ['a plain one', 'cabi_realloc', 'cabi_realloc'],
    ['demangled with its hash', 'core::panicking::panic::h0123456789abcdef', 'core::panicking::panic'],
    ['mangled the old way', '_ZN4core9panicking5panic17h0123456789abcdefE', 'core::panicking::panic'],
    ['with a type in it', '_ZN50_$LT$T$u20$as$u20$core..convert..Into$LT$U$GT$$GT$4into17h0123456789abcdefE', '<T as core::convert::Into<U>>::into'], // prettier-ignore
    ['mangled the new way', '_RNvCs1234_7mycrate3foo', 'mycrate::foo'],
    ['mangled the new way, nested', '_RNvNtNtCs1234_7mycrate5inner4deep3foo', 'mycrate::inner::deep::foo'],
  ])('is readable: %s', (_, mangled, name) => {
    expect(functionName(mangled)).toBe(name);
  });

  it.each(['', '_ZN', '_ZNE', '_ZN999xE', '_ZN3abc', '_R', '_RNv', '_RN9', `_ZN4${'9'.repeat(40)}E`])(
    'stays what it is where it only looks mangled: %j',
    (name) => {
      expect(functionName(name)).toBe(name);
    },
  );

  it('is cut where it is long', () => {
    expect(functionName('x'.repeat(100_000))).toHaveLength(1024);
    expect(functionName(`_RNv${'1_'.repeat(50_000)}`).length).toBeLessThanOrEqual(1024);
  });
});
