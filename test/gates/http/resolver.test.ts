import { describe, expect, it } from 'vitest';
import { createSystemResolver } from '../../../host/powers/resolver.ts';

describe('the resolver of the system', () => {
  it('answers every address of a name', async () => {
    const resolver = createSystemResolver({ clock: { nowMs: () => 0, monotonicUs: () => 0 } });
    const resolution = await resolver.resolve('localhost', 5000);
    expect(resolution.kind).toBe('addresses');
    expect(
      resolution.kind === 'addresses' &&
        resolution.addresses.some((address) => address === '127.0.0.1' || address === '::1'),
    ).toBe(true);
  });

  it('uses an answer again only for a while', async () => {
    let now = 0;
    const resolver = createSystemResolver({ clock: { nowMs: () => 0, monotonicUs: () => now }, reuseMs: 10 });
    const answer = async () => {
      const resolution = await resolver.resolve('localhost', 5000);
      return resolution.kind === 'addresses' ? resolution.addresses : undefined;
    };
    const first = await answer();
    expect(await answer()).toBe(first);
    now = 10_001;
    const later = await answer();
    expect(later).not.toBe(first);
    expect(later).toEqual(first);
  });
});
