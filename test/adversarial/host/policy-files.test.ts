import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHost, type Host, type PolicyEvent } from '../../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../../support/agent-world.ts';

const READ = 'p, agent:tester, fs:read, /workspace/*, -, allow, -';
const DENY = 'p, agent:tester, fs:read, /workspace/*, -, deny, -';
const CONFIGURATION = `version: 1
purposes: [work]
agents: { tester: { component: agent.wasm } }
mounts: { /workspace: { directory: workspace, access: rw } }
`;

let world: AgentWorld;
let host: Host;
let events: PolicyEvent[];
beforeEach(async () => {
  world = makeAgentWorld({ configuration: CONFIGURATION, rows: [READ] });
  mkdirSync(join(world.directory, 'workspace'));
  host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory, watch: true });
  events = [];
  host.onPolicy((event) => events.push(event));
});
afterEach(async () => {
  await host.close();
  world.remove();
});

const file = (name = 'policy.csv'): string => join(world.directory, 'policy', name);
const write = (...rows: string[]): void => writeFileSync(file(), rows.map((row) => `${row}\n`).join(''));
const generation = (): number => host.policyStatus().policy.generation;
/** What the policy in force says of a read. */
const effect = (): string => host.explain({ action: 'fs:read', resource: '/workspace/a' }).effect;
const toBe = (wanted: string) => expect.poll(effect, { timeout: 10_000, interval: 5 }).toBe(wanted);
const rejected = async (code: string): Promise<Extract<PolicyEvent, { kind: 'policy.rejected' }>> => {
  const find = () => events.find((event) => event.kind === 'policy.rejected');
  await expect.poll(find, { timeout: 10_000, interval: 5 }).toMatchObject({ code, policy: { generation: 1 } });
  expect(effect()).toBe('allow');
  expect(host.policyStatus()).toMatchObject({ stale: true, policy: { generation: 1 } });
  const event = find();
  if (event === undefined) throw new Error('no event');
  return event;
};

describe('a policy that is refused leaves the one that is in force', () => {
  it('when it does not parse: every problem is told, and a good one is taken up afterwards', async () => {
    write('p, agent:tester, fs:read', DENY.replace('deny', 'perhaps'));
    const { problems } = await rejected('ERR_POLICY_INVALID');
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/policy\.csv:1:\d+: /);
    write(DENY);
    await toBe('deny');
    expect(host.policyStatus()).toMatchObject({ changes: 1, rejections: 1, stale: false });
  });

  it('when one of its rows lets the obligations of another vanish', async () => {
    write(READ, 'p, agent:tester, fs:read, /workspace/a, purpose=work, allow, rate=1/m');
    expect((await rejected('ERR_POLICY_INVALID')).problems[0]).toMatch(/policy\.csv:2: line 1 allows this too/);
  });

  it('when its tests fail', async () => {
    world.write(
      'policy/tests.yaml',
      'tests: [{ agent: tester, action: fs:read, resource: /workspace/a, expect: allow }]\n',
    );
    write(DENY);
    expect((await rejected('ERR_POLICY_TEST')).problems[0]).toMatch(/tests\.yaml:1:\d+: .*expected allow, got deny/);
  });

  it('when it is not UTF-8', async () => {
    writeFileSync(file(), Buffer.from([0x70, 0x2c, 0xff, 0x0a]));
    await rejected('ERR_POLICY_READ');
  });

  it('when a directory stands in its place', async () => {
    rmSync(file());
    mkdirSync(file());
    await rejected('ERR_POLICY_READ');
  });

  it('when a pipe stands in its place, which nobody waits for', async () => {
    rmSync(file());
    expect(spawnSync('mkfifo', [file()]).status).toBe(0);
    await rejected('ERR_POLICY_READ');
  });

  it('when a pipe stands in the place of the tests', async () => {
    expect(spawnSync('mkfifo', [file('tests.yaml')]).status).toBe(0);
    await rejected('ERR_POLICY_READ');
  });

  it('when it is a link to what agents can write (CWE-59)', async () => {
    world.write('workspace/rules.csv', `${READ}\n`);
    rmSync(file());
    symlinkSync('../workspace/rules.csv', file());
    expect((await rejected('ERR_POLICY_READ')).problems[0]).toContain('workspace');
  });

  it('when it is gone, and when its directory is; both may come back', async () => {
    const away = join(world.directory, 'away');
    renameSync(join(world.directory, 'policy'), away);
    await rejected('ERR_POLICY_READ');
    writeFileSync(join(away, 'policy.csv'), `${DENY}\n`);
    renameSync(away, join(world.directory, 'policy'));
    await toBe('deny');
  });

  it('when the configuration is broken, but a reload says so', async () => {
    const path = join(world.directory, 'sallyport.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, `${text}purposes: [\n`);
    await rejected('ERR_CONFIG_INVALID');
    expect(await host.reloadPolicy()).toMatchObject({ status: 'rejected', code: 'ERR_CONFIG_INVALID' });
    writeFileSync(path, text);
    write(DENY);
    await toBe('deny');
  });
});

describe('files that change in unusual ways', () => {
  it('are not read while they are written: a beginning that parses never is in force', async () => {
    const descriptorText = [READ.replace('/*', '/**'), DENY];
    rmSync(file());
    for (const row of descriptorText)
      for (const piece of [row.slice(0, 20), row.slice(20), '\n']) {
        appendFileSync(file(), piece);
        await sleep(5);
        expect(generation()).toBe(1);
      }
    await toBe('deny');
    expect(generation()).toBe(2);
    expect(events.map(({ kind }) => kind)).toEqual(['policy.changed']);
  });

  it('are taken as they are at the end of a storm of renames', async () => {
    for (let turn = 0; turn < 300; turn += 1) {
      writeFileSync(file('.next'), `${turn % 2 === 0 ? READ : DENY}\n`);
      renameSync(file('.next'), file());
      if (turn % 10 === 0) await sleep(1);
    }
    await toBe('deny');
    expect(host.policyStatus().rejections).toBe(0);
  });

  it('may be links that are exchanged, as orchestrators do it', async () => {
    for (const [name, row] of [
      ['one', READ],
      ['two', DENY],
    ] as const)
      world.write(`sets/${name}/policy.csv`, `${row}\n`);
    symlinkSync('../sets/one', file('..data'));
    rmSync(file());
    symlinkSync('..data/policy.csv', file());
    await sleep(100);
    symlinkSync('../sets/two', file('..next'));
    renameSync(file('..next'), file('..data'));
    await toBe('deny');
  });

  it('change nothing where only the time or a comment is another', async () => {
    utimesSync(file(), 0, 0);
    await sleep(100);
    appendFileSync(file(), '# a remark\n');
    await sleep(100);
    expect(generation()).toBe(1);
    expect(events).toEqual([]);
    write(DENY);
    await toBe('deny');
  });

  it('may bring words with them; what a host takes up only at its start is told once', async () => {
    const path = join(world.directory, 'sallyport.yaml');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, `${text.replace('[work]', '[work, play]')}limits: { hostCalls: 7 }\n`);
    write('p, agent:tester, fs:read, /workspace/*, purpose=play, allow, -');
    await expect.poll(() => host.policyStatus().changes, { timeout: 10_000 }).toBeGreaterThan(0);
    await expect.poll(effect, { timeout: 10_000 }).toBe('deny');
    expect(host.manifest.purposes).toEqual(['work', 'play']);
    expect(host.manifest.limits.hostCalls).not.toBe(7);
    await host.reloadPolicy();
    expect(events.filter(({ kind }) => kind === 'configuration.restart-needed')).toEqual([
      { kind: 'configuration.restart-needed', sections: expect.arrayContaining(['limits']) as unknown },
    ]);
  });

  it('take effect although the version cannot be kept: that is told', async () => {
    world.write('.sallyport/state/policy', 'not a directory');
    write(DENY);
    await toBe('deny');
    expect(events.map(({ kind }) => kind)).toEqual(['policy.not-kept', 'policy.changed']);
    expect(host.policyStatus()).toMatchObject({ notKept: 1, policy: { generation: 2 } });
  });
});

it('an observer that throws keeps no policy from coming into force', async () => {
  host.onPolicy(() => {
    throw new Error('observer');
  });
  write(DENY);
  await toBe('deny');
});
