import { beforeAll, describe, expect, it } from 'vitest';
import { bedOf, CELLS, GRACE_MS, temporaryFolder } from '../../sandbox/support/cell.ts';
import { hostileComponent } from '../../sandbox/support/wat.ts';

describe.each(CELLS)('an agent that catches the exception that ends it, in a %s cell', (cell) => {
  const { prepared, runCell } = bedOf(cell);
  let component: Uint8Array;
  beforeAll(async () => {
    component = await hostileComponent('catching');
  });

  it('ends for the first reason, and reaches the host no more', async () => {
    const artefact = await prepared(component, await temporaryFolder());
    const { guest: end, usage, messages } = await runCell(artefact, { limits: { hostCalls: 50 } });
    expect(end).toMatchObject({ kind: 'limit', limit: 'hostCalls' });
    expect(messages).toHaveLength(50);
    expect(usage.hostCalls).toBe(51);
    expect(usage.wallMs, 'it is killed soon, not at its CPU or wall limit').toBeLessThan(5000 + GRACE_MS);
  });
});
