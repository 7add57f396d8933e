import { describe, expect, it } from 'vitest';
import type { ResolveContext } from '../../../host/contracts/gate-config.ts';
import { logConfig } from '../../../host/gates/log/config.ts';

const problems: string[] = [];
const missing = () => undefined;
const context: ResolveContext = {
  directory: '/',
  probe: { kind: missing, executable: () => false, readable: () => false, writable: () => false, real: missing },
  problem: (_, message) => problems.push(message),
};

describe('the part `log` of the configuration', () => {
  it('has its default where it is absent or empty', () => {
    expect(logConfig.resolve(logConfig.absent, context)).toEqual({ maxLineBytes: 4096 });
    expect(logConfig.resolve(logConfig.schema.parse({}), context)).toEqual({ maxLineBytes: 4096 });
    expect(problems).toEqual([]);
  });

  it('takes what it is given', () => {
    expect(logConfig.resolve(logConfig.schema.parse({ maxLineBytes: 7 }), context)).toEqual({ maxLineBytes: 7 });
  });

  it.each([
    { maxLineBytes: 0 },
    { maxLineBytes: 65_537 },
    { maxLineBytes: 1.5 },
    { maxLineBytes: '7' },
    { maxLineBytes: 7, other: 1 },
  ])('refuses %o', (raw) => {
    expect(logConfig.schema.safeParse(raw).success).toBe(false);
  });
});
