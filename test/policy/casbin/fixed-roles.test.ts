import { expect, it } from 'vitest';
import { createFixedRoles } from '../../../host/policy/casbin/fixed-roles.ts';

const roles = createFixedRoles(['agent:a', 'role:x', 'role:any']);
const has = (...names: [string, string, ...string[]]): boolean | undefined => roles.syncedHasLink?.(...names);

it('has the roles of its agent, and nobody else any', () => {
  expect([has('agent:a', 'role:x'), has('agent:a', 'role:any'), has('agent:a', 'agent:a')]).toEqual([true, true, true]);
  expect([has('agent:a', 'role:y'), has('agent:b', 'role:x'), has('role:x', 'role:any')]).toEqual([
    false,
    false,
    false,
  ]);
  expect([has('agent:a', 'agent:b'), has('agent:a', ''), has('', 'role:x')]).toEqual([false, false, false]);
});

it('has no names that every object has', () => {
  for (const name of ['__proto__', 'constructor', 'toString']) expect(has('agent:a', name)).toBe(false);
});

it('knows no domains, and is never changed', async () => {
  expect(() => has('agent:a', 'role:x', 'tenant')).toThrow(TypeError);
  await expect(roles.addLink('agent:a', 'role:y')).rejects.toThrow(TypeError);
  await expect(roles.clear()).rejects.toThrow(TypeError);
  expect([has('agent:a', 'role:y'), has('agent:a', 'role:x')]).toEqual([false, true]);
});
