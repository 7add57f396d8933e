import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHost, type CellKind, type RunResult } from '../../host/index.ts';
import { GUEST_LANGUAGES } from '../../src/build/language.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { guest, reasonToSkip } from '../support/guests.ts';

describe.for(GUEST_LANGUAGES)('hello in %s', (language) => {
  let world: AgentWorld;
  beforeAll(() => {
    world = makeAgentWorld({ rows: [] });
  });
  afterAll(() => world.remove());

  async function run(cell: CellKind): Promise<{ result: RunResult; records: string[] }> {
    const host = await openHost({
      configuration: `${world.directory}/sallyport.yaml`,
      workingDirectory: world.directory,
    });
    world.write('agent.wasm', readFileSync(await guest('hello', language)));
    const result = await host.run({ input: 'Ada', cell });
    await host.close();
    const records = world
      .lastRecords()
      .map((record) => [record['type'], record['action'], record['resource']].join(' '));
    return { result, records };
  }

  it('ends alike in a thread and in a process, with the same records', async ({ skip }) => {
    const reason = await reasonToSkip(language);
    skip(reason !== undefined, reason);
    const thread = await run('thread');
    const process = await run('process');
    expect(process.result.cell).toBe('process');
    expect(process.records).toEqual(thread.records);
    const told = ({ status, output, error, decisions }: RunResult): object => ({ status, output, error, decisions });
    expect(told(process.result)).toEqual(told(thread.result));
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
