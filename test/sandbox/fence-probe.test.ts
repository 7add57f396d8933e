import { expect, it } from 'vitest';
import { probeFence } from '../../host/sandbox/fence-probe.ts';

it('denies the preparing process everything but its own sources', async () => {
  const checks = await probeFence();
  expect(checks.length).toBeGreaterThan(5);
  expect(checks.filter(({ denied }) => !denied)).toEqual([]);
});
