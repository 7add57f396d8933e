import { expect, it } from 'vitest';
import { findBubblewrap } from '../../host/powers/sandbox-spares.ts';
import { preparingFence, probeFence, processFence, startsInNamespaces } from '../../host/sandbox/fence-probe.ts';

it('denies the preparing process everything but its own sources', async () => {
  const checks = await probeFence(preparingFence(undefined));
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

it.skipIf(findBubblewrap() === undefined)('denies the preparing process signals, too, in namespaces', async () => {
  const checks = await probeFence(preparingFence(findBubblewrap()));
  expect(checks.filter(({ denied }) => !denied)).toEqual([]);
});

it.skipIf(findBubblewrap() === undefined)('sees whether the engine starts in namespaces', async () => {
  expect(await startsInNamespaces(findBubblewrap() ?? '')).toBe(true);
  expect(await startsInNamespaces('/bin/false')).toBe(false);
  expect(await startsInNamespaces('/nonexistent')).toBe(false);
});
