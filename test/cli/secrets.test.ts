import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { onlyJson } from './greeting-world.ts';

const VALUE = 'canary-7Qx9-value';
let world: AgentWorld;
afterEach(() => {
  vi.unstubAllEnvs();
  world.remove();
});

/** Secrets of every kind, good and bad. */
function makeWorld(): void {
  vi.stubEnv('SALLYPORT_TEST_SECRET', VALUE);
  world = makeAgentWorld({
    configuration: `version: 1
agents: { tester: { component: agent.wasm }, other: { component: agent.wasm } }
tools: { show: { description: shows, command: /usr/bin/printenv, isolation: none } }
secrets:
  api: { from: { env: SALLYPORT_TEST_SECRET }, for: [{ http: { hosts: [api.example.com, "*.example.org:8443"], header: X-Api-Key } }] }
  nowhere: { from: { file: token }, for: [{ http: { hosts: [nowhere.example], header: x-a } }] }
  idle: { from: { command: [/bin/echo, ${VALUE}] }, for: [] }
  tool: { from: { env: SALLYPORT_NOT_SET }, for: [{ tool: { name: show, variable: LENT } }], agents: [other] }
`,
    rows: [
      'p, agent:tester, http:GET, https://api.example.com/v1/**, -, allow, -',
      'p, agent:tester, http:*, https://**.example.org:8443/**, -, allow, -',
      'p, agent:tester, tool:call, tool:show, -, allow, -',
    ],
  });
  chmodSync(world.write('token', VALUE), 0o600);
}
const run = (...args: string[]) => command(args, { cwd: world.directory });

describe('secrets list', () => {
  it('names every secret, its source and its uses, and asks no source', async () => {
    makeWorld();
    const { code, stdout } = await run('secrets', 'list');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^api +env SALLYPORT_TEST_SECRET +all +http +x-api-key to https:\/\/api\.example\.com$/m);
    expect(stdout).toMatch(/^api .* x-api-key to https:\/\/\*\.example\.org:8443$/m);
    expect(stdout).toMatch(/^nowhere +file \S+\/token +all /m);
    expect(stdout).toMatch(/^idle +command \/bin\/echo +all +- +-$/m);
    expect(stdout).toMatch(/^tool +env SALLYPORT_NOT_SET +other +tool +LENT of show$/m);
    expect(stdout).not.toContain('canary');
  });

  it('warns of a secret that is bound to nothing, or to what no rule allows its agents', async () => {
    makeWorld();
    const { stdout } = await run('secrets', 'list');
    expect(stdout.match(/^warning: .*$/gm)).toEqual([
      'warning: nowhere: no rule allows its use: http x-a to https://nowhere.example',
      'warning: idle: it is bound to nothing',
      'warning: tool: no rule allows its use: tool LENT of show', // the rule is for another agent
    ]);
  });

  it('prints one JSON value with `--json`, without values', async () => {
    makeWorld();
    const { stdout } = await run('secrets', 'list', '--json');
    const { secrets } = onlyJson(stdout) as { secrets: { name: string; uses: unknown[]; agents?: string[] }[] };
    expect(secrets.map(({ name, uses }) => [name, uses.length])).toEqual([
      ['api', 2],
      ['nowhere', 1],
      ['idle', 0],
      ['tool', 1],
    ]);
    expect(secrets.map(({ agents }) => agents)).toEqual([undefined, undefined, undefined, ['other']]);
    expect(stdout).not.toContain('canary');
  });

  it('says so where there is none', async () => {
    world = makeAgentWorld();
    expect(await run('secrets', 'list')).toMatchObject({ code: 0, stdout: 'the configuration names no secret\n' });
    expect(onlyJson((await run('secrets', 'check', '--json')).stdout)).toEqual({ secrets: [] });
  });
});

describe('secrets check', () => {
  it('says which source does not answer and why, and ends with `invalid`', async () => {
    makeWorld();
    const { code, stdout } = await run('secrets', 'check');
    expect(code).toBe(3);
    expect(stdout).toMatch(/^api .* yes/m);
    expect(stdout).toMatch(/^tool .* no +the variable `SALLYPORT_NOT_SET` is not set$/m);
    expect(stdout).not.toContain('canary');
  });

  it('ends well once every source answers', async () => {
    makeWorld();
    vi.stubEnv('SALLYPORT_NOT_SET', VALUE);
    const { code, stdout } = await run('secrets', 'check', '--json');
    expect(code).toBe(0);
    const { secrets } = onlyJson(stdout) as { secrets: { answers: boolean }[] };
    expect(secrets.map(({ answers }) => answers)).toEqual([true, true, true, true]);
    expect(stdout).not.toContain('canary');
    chmodSync(join(world.directory, 'token'), 0o644);
    expect((await run('secrets', 'check')).stdout).toMatch(/^nowhere .* no +the file `\S+` is open to others/m);
  });
});

describe('policy check', () => {
  it('warns of secrets that the rules do not fit, and says nothing of those that they do', async () => {
    world = makeAgentWorld({
      configuration: `version: 1
agents: { tester: { component: agent.wasm } }
secrets:
  fits: { from: { env: A }, for: [{ http: { hosts: [api.example.com, "*.wide.example"], header: X-A } }] }
  wider: { from: { env: B }, for: [{ http: { hosts: ["*.example.org"], header: X-B } }] }
  plain: { from: { env: C }, for: [{ http: { hosts: ["http://127.0.0.1:8080"], header: X-C } }] }
  nowhere: { from: { env: D }, for: [{ http: { hosts: [nowhere.example], header: X-D } }] }
  idle: { from: { env: E }, for: [] }
`,
      rows: ['https://api.example.com', 'https://*.wide.example', 'https://a.example.org', 'http://127.0.0.1:8080'].map(
        (origin) => `p, agent:tester, http:GET, ${origin}/v1/**, -, allow, -`,
      ),
    });
    const { code, stdout } = await run('policy', 'check');
    expect(code).toBe(0);
    expect(stdout.match(/^sallyport\.yaml: secrets\..*$/gm)).toEqual([
      'sallyport.yaml: secrets.wider: warning: its wildcard is wider than the rules, which name `a.example.org`: http x-b to https://*.example.org',
      'sallyport.yaml: secrets.plain: warning: it is sent without TLS: http x-c to http://127.0.0.1:8080',
      'sallyport.yaml: secrets.nowhere: warning: no rule allows its use: http x-d to https://nowhere.example',
      'sallyport.yaml: secrets.idle: warning: it is bound to nothing',
    ]);
    const { secrets } = onlyJson((await run('policy', 'check', '--json')).stdout) as { secrets: { secret: string }[] };
    expect(secrets.map(({ secret }) => secret)).toEqual(['wider', 'plain', 'nowhere', 'idle']);
  });
});

describe('a configuration with secrets', () => {
  it('shows no value in inspect-like outputs and errors of the policy', async () => {
    makeWorld();
    const check = await run('policy', 'check', '--json');
    expect(check.code).toBe(0);
    expect(check.stdout + check.stderr).not.toContain('canary');
  });
});
