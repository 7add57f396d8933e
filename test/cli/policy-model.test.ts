import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyExplanation } from '../../host/index.ts';
import { command } from '../support/command.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { onlyJson } from './greeting-world.ts';

const MODEL = `[request_definition]
r = sub, dom, obj, act
[policy_definition]
p = sub, dom, obj, act
[role_definition]
g = _, _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub, r.dom) && r.dom == p.dom && objMatch(r.obj, p.obj) && r.act == p.act
`;

let world: AgentWorld | undefined;
afterEach(() => world?.remove());

function worldWith(model: string, rows: readonly string[]): AgentWorld {
  world?.remove();
  world = makeAgentWorld({
    configuration: `version: 1
environments: [prod, test]
agents: { tester: { component: agent.wasm, environment: prod } }
mounts: { /workspace: { directory: workspace } }
`,
    rows,
  });
  world.write('workspace/a', '');
  world.write('policy/model.conf', model);
  return world;
}

describe('a policy with a model of its own', () => {
  const rows = ['p, role:reader, prod, /workspace/**, fs:read', 'g, agent:tester, role:reader, prod'];

  it('is checked and explained by the command line, in its own columns', async () => {
    const { directory: cwd } = worldWith(MODEL, rows);
    expect((await command(['policy', 'check'], { cwd })).code).toBe(0);
    const explain = async (action: string, resource: string) => {
      const { code, stdout } = await command(['policy', 'explain', action, resource, '--json'], { cwd });
      return { code, ...(onlyJson(stdout) as PolicyExplanation) };
    };
    expect(await explain('fs:read', '/workspace/a')).toMatchObject({
      code: 0,
      effect: 'allow',
      roles: ['role:any', 'role:reader@prod'],
      matched: [{ line: 1, row: rows[0] }],
    });
    const denied = await explain('fs:write', '/workspace/a');
    expect(denied).toMatchObject({ code: 2, rowToAdd: 'p, agent:tester, prod, /workspace/a, fs:write' });
    worldWith(MODEL, [...rows, denied.rowToAdd ?? '']);
    const more = await command(['policy', 'explain', 'fs:write', '/workspace/a'], { cwd: world?.directory ?? '' });
    expect(more.code).toBe(0);
  });

  it('that no host takes is refused, with file, line and column', async () => {
    const { directory: cwd } = worldWith(MODEL.replace('objMatch', 'keyMatch2'), rows);
    const { code, stderr } = await command(['policy', 'check'], { cwd });
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/model\.conf:10:49: `keyMatch2` is not accepted: its matches surprise/);
  });
});
