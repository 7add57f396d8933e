import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { greetingWorld, LOG, onlyJson, READ } from './greeting-world.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = [
  READ,
  LOG,
  'p, agent:tester, http:GET, https://api.example.com/**, hours(08-19 UTC) purpose=work, allow, timeout=5s rate=60/m',
  'p, agent:tester, tool:call, tool:note, arg.text=a|b, allow, approve=owner ttl=15m',
  'p, role:any, fs:remove, /workspace/**, -, deny, alert=soc log=full',
  'p, agent:tester, fs:stat, /workspace/**, on-behalf-of=group:desk, allow, -',
  'p, agent:tester, fs:list, /workspace/**, env=prod, allow, -',
];
const TOOL =
  'tools: { note: { kind: function, description: Notes., schema: { type: object, properties: { text: { type: string } }, additionalProperties: false } } }';
const MORE = `purposes: [work]\nenvironments: [prod]\nalerts: [soc]\ngroups: { desk: ['user:ada'] }\napprovers: { owner: ['user:ada'] }\n${TOOL}\n`;
const REMOVE = 'agent: tester, action: fs:remove, resource: /workspace/x, expect: deny';
const STAT = 'agent: tester, action: fs:stat, resource: /workspace/x';
const GET = 'agent: tester, action: http:GET, resource: https://api.example.com/v1, purpose: work';

async function check(...cases: readonly string[]) {
  world = greetingWorld({ rows: ROWS, more: MORE });
  world.write('policy/tests.yaml', `tests:\n${cases.map((one) => `  - { ${one} }\n`).join('')}`);
  return command(['policy', 'check'], { cwd: world.directory });
}

describe('the tests of a policy', () => {
  it.each([
    ['an allow', 'agent: tester, action: fs:read, resource: /workspace/greeting.txt, expect: allow'],
    [
      'a denial and its reason',
      'agent: tester, action: fs:read, resource: /workspace/x, expect: deny, reason: no-rule',
    ],
    ['obligations in any order', `${GET}, expect: allow, then: rate=60/m timeout=5s`],
    ['a time', `${GET}, at: '2026-03-02T20:00:00Z', expect: deny`],
    [
      'an approval',
      'agent: tester, action: tool:call, resource: tool:note, arguments: { text: a }, expect: approve, then: approve=owner ttl=15m',
    ],
    ['what a denial asks for', `${REMOVE}, then: log=full alert=soc`],
    ['the groups of a person', `${STAT}, on-behalf-of: user:ada, expect: allow`],
    ['a person who is in no group', `${STAT}, on-behalf-of: user:eve, expect: deny, reason: no-rule`],
    ['an environment', 'agent: tester, action: fs:list, resource: /workspace/x, environment: prod, expect: allow'],
    ['an agent that is not declared', 'agent: other, action: log:write, resource: log:info, expect: deny'],
  ])('know %s', async (_, one) => {
    const { code, stdout, stderr } = await check(one);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(': 1 test passed, 0 failed\n');
  });

  it.each([
    ['another effect', `${GET}, expect: deny`, 'expected deny, got allow'],
    [
      'another reason',
      'agent: other, action: log:write, resource: log:info, expect: deny, reason: forbidden-by-rule',
      'expected deny (forbidden-by-rule), got deny (no-rule)',
    ],
    [
      'an obligation that is not there',
      'agent: tester, action: log:write, resource: log:info, expect: allow, then: timeout=5s',
      'expected the obligations',
    ],
    ['an obligation that is not expected', `${GET}, expect: allow`, 'expected the obligations {}'],
    [
      'what no gate asks',
      'agent: tester, action: fs:read, resource: ../x, expect: deny',
      'not something that a gate asks',
    ],
    ['what a denial asks for and is not expected', REMOVE, 'got {"alert":["soc"],"log":"full"}'],
    ['what a denial does not ask for', `${REMOVE}, then: alert=soc`, 'expected the obligations {"alert":["soc"]}'],
    ['what no denial can ask for', `${REMOVE}, then: rate=1/m`, 'a deny row carries only `alert` and `log`'],
    ['a purpose that no run has', `${GET.replace('work', 'wrok')}, expect: deny`, 'the purpose `wrok` is not declared'],
    ['an environment that no run has', `${REMOVE}, environment: prd`, 'the environment `prd` is not declared'],
    ['a `then` that is none', `${GET}, expect: allow, then: rate=often`, '`then`: '],
  ])('fail for %s, with the place, and the check ends with 3', async (_, one, says) => {
    const { code, stdout } = await check(one);
    expect(code).toBe(3);
    expect(stdout).toMatch(/tests\.yaml:2:\d+: `/);
    expect(stdout).toContain(says);
    expect(stdout).toContain('0 tests passed, 1 failed');
    expect(stdout).not.toContain('no problems');
    expect(onlyJson((await command(['policy', 'check', '--json'], { cwd: world.directory })).stdout)).toMatchObject({
      tests: { passed: 0, failures: [expect.stringContaining(says) as unknown] },
    });
  });

  it.each([
    ['an unknown key', `${GET}, expect: allow, effect: allow`],
    ['an effect that is none', `${GET}, expect: maybe`],
    ['a time that is none', `${GET}, expect: allow, at: noon`],
    ['a missing agent', 'action: fs:read, resource: /a, expect: deny'],
    ['an alias', 'agent: &a tester, action: *a, resource: /a, expect: deny'],
  ])('are refused as a whole for %s', async (_, one) => {
    const { code, stderr } = await check(one);
    expect(code).toBe(3);
    expect(stderr).toMatch(/tests\.yaml:\d+:\d+: /);
  });
});

it('a row whose obligations can vanish is an error of the check, and the row that it proposes mends that', async () => {
  const rows = [READ.replace(', -, allow', ', purpose=work, allow').replace(/-$/, 'rate=1/m'), READ];
  world = greetingWorld({ rows, more: 'purposes: [work]\n' });
  const { code, stdout } = await command(['policy', 'check'], { cwd: world.directory });
  expect(code).toBe(3);
  expect(stdout).toMatch(/policy\.csv:1: error: /);
  const mend = /mended by: (.*)/.exec(stdout)?.[1] ?? '';
  world.write('policy/policy.csv', `${[mend, ...rows].join('\n')}\n`);
  expect(await command(['policy', 'check'], { cwd: world.directory })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('no problems') as unknown,
  });
});
