import { describe, expect, it } from 'vitest';
import type { HostError } from '../../host/contracts/errors.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { checkPrices, createPrices } from '../../host/configuration/prices.ts';
import { reportedCost } from '../../host/gates/tool-exec/reported-cost.ts';
import { VOCABULARY } from '../policy/fixture.ts';

const policyWith = (then: string) =>
  loadPolicy(
    { policy: { file: 'policy.csv', text: `p, agent:a, http:GET, https://a.example/**, -, allow, ${then}\n` } },
    VOCABULARY,
    1,
  );
const hintsOf = (prices: Parameters<typeof createPrices>[0], then = 'cost=1EUR/d'): string => {
  try {
    checkPrices('sallyport.yaml', { prices }, policyWith(then));
    return '';
  } catch (error) {
    return (error as HostError).hints.join('\n');
  }
};

describe('prices', () => {
  const priceOf = createPrices([
    { resource: 'https://a.example/**', price: '0.02EUR' },
    { resource: 'https://a.example/models/*', action: 'http:POST', price: '0.50EUR', report: { header: 'X-Cost' } },
    { resource: 'tool:search', action: 'tool:*', price: '1EUR', report: { field: 'usage.cost' } },
  ]);

  it('are the dearest that fits', () => {
    expect(priceOf('http:POST', 'https://a.example/models/x')).toEqual({
      amount: 500_000,
      source: { kind: 'header', name: 'x-cost' },
    });
    expect(priceOf('http:GET', 'https://a.example/models/x')).toEqual({ amount: 20_000 });
    expect(priceOf('tool:call', 'tool:search')).toEqual({
      amount: 1_000_000,
      source: { kind: 'field', path: 'usage.cost' },
    });
  });

  it('are not there for what nobody named', () => {
    expect(priceOf('http:GET', 'https://b.example/')).toBeUndefined();
    expect(priceOf('tool:call', 'tool:other')).toBeUndefined();
  });

  it('are refused where they are in another currency, for no action, or for no resource', () => {
    const good = { resource: 'https://a.example/**', price: '1EUR' };
    expect(hintsOf([good])).toBe('');
    expect(hintsOf([{ ...good, price: '1USD' }])).toContain('prices.0.price: this is `USD`');
    expect(hintsOf([good, { ...good, price: '1USD' }], '-')).toContain('prices.1.price: this is `USD`');
    expect(hintsOf([{ ...good, action: 'http:GEt' }])).toContain('prices.0.action: no gate asks for `http:GEt`');
    expect(hintsOf([{ ...good, resource: 'https://***' }])).toContain('prices.0.resource: ');
  });
});

describe('what a tool reports that it cost', () => {
  it.each([
    ['{"usage":{"cost":0.25}}', '0.250000000000'],
    ['{"usage":{"cost":"0.25"}}', '0.25'],
    ['{"usage":{"cost":1e-7}}', '0.000000100000'],
    ['{"usage":{"cost":true}}', undefined],
    ['{"usage":[0.25]}', undefined],
    ['{"__proto__":{"cost":1}}', undefined],
    ['not json', undefined],
  ])('in `%s` is `%s`', (json, cost) => {
    expect(reportedCost(json, 'usage.cost')).toBe(cost);
  });

  it('is no member that every object inherits', () => {
    expect(reportedCost('{}', 'constructor.name')).toBeUndefined();
  });
});
