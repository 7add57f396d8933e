import { describe, expect, it } from 'vitest';
import type { ResolveContext } from '../../../host/contracts/gate-config.ts';
import { policyCheckConfig } from '../../../host/gates/policy/config.ts';

const problems: string[] = [];
const missing = () => undefined;
const context: ResolveContext = {
  directory: '/',
  probe: { kind: missing, executable: () => false, readable: () => false, writable: () => false, real: missing },
  problem: (_, message) => problems.push(message),
};

describe('the part `policyCheck` of the configuration', () => {
  it('has its default where it is absent or empty', () => {
    expect(policyCheckConfig.resolve(policyCheckConfig.absent, context)).toEqual({ maxIntentions: 256 });
    expect(policyCheckConfig.resolve(policyCheckConfig.schema.parse({}), context)).toEqual({ maxIntentions: 256 });
    expect(problems).toEqual([]);
  });

  it('takes what it is given', () => {
    expect(policyCheckConfig.resolve(policyCheckConfig.schema.parse({ maxIntentions: 7 }), context)).toEqual({
      maxIntentions: 7,
    });
  });

  it.each([
    { maxIntentions: 0 },
    { maxIntentions: 257 },
    { maxIntentions: 1.5 },
    { maxIntentions: '7' },
    { maxIntentions: 7, other: 1 },
  ])('refuses %o', (raw) => {
    expect(policyCheckConfig.schema.safeParse(raw).success).toBe(false);
  });
});
