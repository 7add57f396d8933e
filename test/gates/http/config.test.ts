import { describe, expect, it } from 'vitest';
import { httpConfig } from '../../../host/gates/http/config.ts';
import { configOf } from './http-gate.ts';

describe('http configuration', () => {
  it('opens nothing where it is absent', () => {
    const config = configOf();
    expect(config.networks).toEqual([]);
    expect(config.maxRedirects).toBe(5);
    expect(config.timeouts.totalMs).toBeGreaterThan(0);
  });

  it('reads networks', () => {
    expect(configOf({ networks: ['10.20.0.0/16', 'fd00:1::/32'] }).networks).toHaveLength(2);
  });

  it.each(['10.0.0.0/7', '0.0.0.0/0', '::/0', 'fc00::/7', '10.0.0.1/8', '10.0.0.0', 'localhost', ''])(
    'refuses the network %j',
    (text) => {
      expect(() => configOf({ networks: [text] })).toThrow(/`.*` is/);
    },
  );

  it.each([
    { maxRedirects: -1 },
    { maxRedirects: 21 },
    { maxResponseBytes: 0 },
    { maxResponseBytes: Infinity },
    { timeouts: { totalMs: 0 } },
    { timeouts: { total: 1 } },
    { proxy: 'http://p' },
  ])('refuses %j', (section) => {
    expect(httpConfig.schema.safeParse(section).success).toBe(false);
  });
});
