import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { databaseContents, makeBed, makeDatabase, makeWorld, verdictOf } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = [
  'p, agent:tester, fs:*, /workspace/**, -, allow, -',
  'p, agent:tester, db:select, db:main/open, -, allow, -',
  'p, agent:tester, db:delete, db:main/open, -, allow, -',
  'p, agent:tester, tool:call, tool:print, -, allow, -',
];

describe('what another process exchanges after the host was opened is not served', () => {
  it('as a database that has become a link to another one', async () => {
    world = makeWorld({ rows: ROWS });
    const { see, run } = await makeBed(world);
    const query = ['db.query', 'main', 'select * from open', []] as const;
    expect((await see([query])).map(verdictOf)).toEqual(['ok']);
    const [path, other] = [join(world.directory, 'main.sqlite'), join(world.directory, 'other.sqlite')];
    makeDatabase(other);
    const before = databaseContents(other);
    rmSync(path);
    symlinkSync('other.sqlite', path);
    const result = await run({ calls: [query, ['db.execute', 'main', 'delete from open', []]] });
    expect(JSON.stringify(result)).not.toContain('columns');
    expect(databaseContents(other)).toBe(before);
  });

  it('as a mount that has become a link', async () => {
    world = makeWorld({ rows: ROWS });
    const { run, see } = await makeBed(world);
    const read = ['fs.read', '/workspace/open.txt', null] as const;
    expect((await see([read])).map(verdictOf)).toEqual(['ok']);
    const path = join(world.directory, 'workspace');
    renameSync(path, `${path}-old`);
    mkdirSync(join(world.directory, 'elsewhere'));
    writeFileSync(join(world.directory, 'elsewhere', 'open.txt'), 'elsewhere');
    symlinkSync('elsewhere', path);
    const result = await run({ calls: [read, ['fs.write', '/workspace/open.txt', { bytes: 'x' }]] });
    expect(JSON.stringify(result)).not.toContain('elsewhere');
    expect(result.status).not.toBe('ok');
  });

  it('as a tool whose program is another one', async () => {
    world = makeWorld({ rows: ROWS });
    mkdirSync(join(world.directory, 'bin'));
    const program = join(world.directory, 'bin', 'own');
    copyFileSync('/usr/bin/printf', program);
    chmodSync(program, 0o755);
    const tool = `tools: { print: { description: Prints., isolation: none, command: ${program}, arguments: [hello] } }`;
    world.write('sallyport.yaml', `version: 1\ncell: thread\nagents: { tester: { component: agent.wasm } }\n${tool}\n`);
    const { see } = await makeBed(world);
    const call = ['tools.call', 'print', '{}'] as const;
    expect((await see([call]))[0]?.ok).toMatchObject({ stdout: 'hello' });
    copyFileSync('/usr/bin/echo', `${program}-new`);
    chmodSync(`${program}-new`, 0o755);
    renameSync(`${program}-new`, program);
    expect((await see([call])).map(verdictOf)).toEqual(['denied:protected-resource']);
  });
});
