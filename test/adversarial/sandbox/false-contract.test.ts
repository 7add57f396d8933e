import { expect, it } from 'vitest';
import { prepared, temporaryFolder } from '../../sandbox/support/cell.ts';
import { hostileComponent } from '../../sandbox/support/wat.ts';

it('refuses a component that declares a function of the contract with another type', async () => {
  const work = prepared(await hostileComponent('false-contract'), await temporaryFolder());
  const message =
    'the component imports `sallyport:agent/log#write`, which has another type there than in the contract';
  await expect(work).rejects.toMatchObject({ code: 'ERR_COMPONENT_REFUSED', message });
});
