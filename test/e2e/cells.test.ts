import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openHost, type CellKind, type RunResult } from '../../host/index.ts';
import { GUEST_LANGUAGES } from '../../src/build/language.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { LOG, READ } from '../cli/greeting-world.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { agentText, componentOf } from '../sandbox/support/wat.ts';
import { celledAgent } from '../support/celled-agent.ts';
import { guest, reasonToSkip } from '../support/guests.ts';

describe.for(GUEST_LANGUAGES)('hello in %s', (language) => {
  const worlds: AgentWorld[] = [];
  afterAll(() => worlds.forEach((world) => world.remove()));

  async function run(cell: CellKind): Promise<{ result: RunResult; records: string[] }> {
    const component = readFileSync(await guest('hello', language));
    const world = makeAgentWorld({
      configuration: `version: 1\nagents: { tester: ${celledAgent(cell, component)} }\nmounts: { /workspace: { directory: workspace } }\n`,
      rows: [READ, LOG],
    });
    worlds.push(world);
    world.write('agent.wasm', component);
    world.write('workspace/greeting.txt', 'Good morning\n');
    const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
    const result = await host.run({ input: 'Ada' });
    await host.close();
    const records = world
      .lastRecords()
      .map((record) => [record['type'], record['action'], record['resource']].join(' '));
    return { result, records };
  }

  it('ends alike in every cell, with the same records', async ({ skip }) => {
    const reason = await reasonToSkip(language);
    skip(reason !== undefined, reason);
    const told = ({ status, output, error, decisions }: RunResult): object => ({ status, output, error, decisions });
    const thread = await run('thread');
    for (const cell of CELLS) {
      const { result, records } = await run(cell);
      expect(result).toMatchObject({ cell, status: 'ok', output: 'Good morning, Ada!' });
      expect(records).toEqual(thread.records);
      expect(told(result)).toEqual(told(thread.result));
    }
  });
});

it('does not run in a weaker cell than the configuration says', async () => {
  const world = makeAgentWorld({
    configuration: 'version: 1\ncell: process\nagents: { tester: { component: agent.wasm } }\n',
  });
  const host = await openHost({
    configuration: `${world.directory}/sallyport.yaml`,
    workingDirectory: world.directory,
  });
  await expect(host.run({ input: '', cell: 'thread' })).rejects.toMatchObject({ code: 'ERR_USAGE' });
  await host.close();
  world.remove();
});

describe('a process that was started ahead', () => {
  const CONFIGURATION =
    'version: 1\nagents: { tester: { component: agent.wasm }, other: { component: agent.wasm, limits: { stack: 2MiB } } }\ncell: process\n';
  const children = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');

  it.each([
    ['is used by the run that it was started for', ['tester']],
    ['is ended where the run has other limits, and another one is started', ['other', 'tester']],
    ['is ended with its host, where nobody ran', []],
  ])('%s', async (_, agents) => {
    const world = makeAgentWorld({ configuration: CONFIGURATION });
    world.write('agent.wasm', await componentOf(agentText()));
    const before = children();
    const host = await openHost({
      configuration: 'sallyport.yaml',
      workingDirectory: world.directory,
      spareCell: true,
    });
    expect(children()).not.toBe(before);
    for (const agent of agents)
      expect(await host.run({ agent, input: 'hello' })).toMatchObject({
        status: 'ok',
        cell: 'process',
        output: 'hello',
      });
    await host.close();
    await vi.waitFor(() => expect(children()).toBe(before), { timeout: 5000 });
    world.remove();
  });
});
