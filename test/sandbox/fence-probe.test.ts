import { expect, it } from 'vitest';
import { findBubblewrap } from '../../host/powers/sandbox-spares.ts';
import { PREPARING_FENCE, probeFence, processFence } from '../../host/sandbox/fence-probe.ts';

it('denies the preparing process everything but its own sources', async () => {
  const checks = await probeFence(PREPARING_FENCE);
  expect(checks.length).toBeGreaterThan(5);
  expect(checks.filter(({ denied, needed }) => needed && !denied)).toEqual([]);
});

it('denies the process of a guest everything but its own sources, and leaves it signals', async () => {
  const checks = await probeFence(processFence(undefined));
  expect(checks.filter(({ denied, needed }) => needed && !denied)).toEqual([]);
  expect(checks.filter(({ needed }) => !needed).map(({ name }) => name)).toEqual(['sends no signal to the host']);
});

it.skipIf(findBubblewrap() === undefined)('denies it signals as well, in namespaces of its own', async () => {
  const checks = await probeFence(processFence(findBubblewrap()));
  expect(checks.filter(({ denied }) => !denied)).toEqual([]);
});
