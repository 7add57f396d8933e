import { createServer } from 'node:http';
import { join } from 'node:path';
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { databaseContents, makeBed, makeWorld, processesWith, tree, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = [
  'p, agent:tester, fs:*, /workspace/**, -, allow, -',
  'p, agent:tester, db:*, db:main/*, -, allow, -',
  'p, agent:tester, tool:call, tool:wait, -, allow, -',
  'p, agent:tester, tool:call, tool:print, -, allow, -',
];
const WALL = ', limits: { wall: 3s, hostCalls: 1000000 }';

const records = () =>
  readFileSync(world.records().at(-1) ?? '', 'utf8')
    .trimEnd()
    .split('\n')
    .map(
      (line) =>
        JSON.parse(line) as {
          type: string;
          action?: string;
          intent?: number;
          outcome?: { status: string };
          seq: number;
        },
    );

/** Every intent has an outcome or is said to be unknown, and the file proves itself. */
function expectWhole(): { unknown: number } {
  const all = records();
  const intents = all.filter(({ type }) => type === 'effect.intended').map(({ seq }) => seq);
  const ends = all.filter(({ intent }) => intent !== undefined).map(({ intent }) => intent);
  expect(ends.sort()).toEqual(intents.sort());
  const verification = verified(world.records().at(-1) ?? '');
  expect(verification.levels).toMatchObject([{}, {}, {}]);
  expect(verification.ok).toBe(true);
  expect(all.at(-1)?.type).toBe('run.closed');
  return { unknown: all.filter(({ type }) => type === 'effect.unknown').length };
}

describe('a run that is killed in the middle of an effect', () => {
  it('leaves no child of a tool', async () => {
    world = makeWorld({ rows: ROWS, agent: WALL });
    const { run } = await makeBed(world);
    const result = await run({ calls: [['tools.call', 'wait', '{}']] });
    expect(result).toMatchObject({ status: 'limit', error: { limit: 'wallMs' } });
    await sleep(50);
    expect(processesWith('61.125')).toEqual([]);
    expectWhole();
  });

  it('leaves no database process and no change', async () => {
    world = makeWorld({ rows: ROWS, agent: WALL });
    const { run } = await makeBed(world);
    const before = databaseContents(join(world.directory, 'main.sqlite'));
    const long = `select count(*) from closed a` + Array.from({ length: 40 }, (_, at) => `, closed b${at}`).join('');
    const result = await run({
      calls: [
        ['db.begin', 'main'],
        ['handle.execute', 'delete from open where id = 1', []],
        ['handle.query', long, []],
      ],
    });
    expect(result).toMatchObject({ status: 'limit', error: { limit: 'wallMs' } });
    await sleep(200);
    expect(processesWith(world.directory)).toEqual([]);
    expect(databaseContents(join(world.directory, 'main.sqlite'))).toBe(before);
    expectWhole();
  });

  it('leaves no connection of a body', async () => {
    let closed = 0;
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('first');
      response.on('close', () => (closed += 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number }; // it listens on TCP
    world = makeWorld({ rows: [`p, agent:tester, http:GET, http://127.0.0.1:${port}/**, -, allow, -`], agent: WALL });
    const { run } = await makeBed(world);
    const request = { method: 'get', url: `http://127.0.0.1:${port}/x`, headers: [], body: null, maxRedirects: null };
    const result = await run({
      calls: [
        ['http.open', request],
        ['handle.read', 65536],
        ['handle.read', 65536],
      ],
    });
    expect(result).toMatchObject({ status: 'limit', error: { limit: 'wallMs' } });
    await sleep(100);
    expect(closed).toBe(1);
    server.closeAllConnections();
    server.close();
    expectWhole();
  });

  it.for([1, 2, 3, 4, 5, 6, 7, 8])('leaves no half-written file in a mount (%i)', async (round) => {
    world = makeWorld({
      rows: ROWS,
      agent: `, limits: { wall: ${1000 + round * 37}ms, hostCalls: 1000000, callBytes: 16MiB }`,
    });
    const file = join(world.directory, 'sallyport.yaml');
    world.write(
      'sallyport.yaml',
      readFileSync(file, 'utf8').replace(
        'directory: workspace, access: rw',
        'directory: workspace, access: rw, sync: true',
      ),
    );
    const { run } = await makeBed(world);
    const calls: Call[] = [['fs.write', '/workspace/big', { size: 8_000_000 }]];
    const result = await run({ calls, repeat: 1000 });
    expect(result).toMatchObject({ status: 'limit', error: { limit: 'wallMs' } });
    // A kill may come between the bytes and the name: then there is one file that no guest sees and that is swept later.
    const folder = join(world.directory, 'workspace');
    const names = Object.keys(tree(folder));
    expect(names.filter((name) => name.includes('.tmp')).length).toBeLessThanOrEqual(1);
    if (names.includes('big')) expect(statSync(join(folder, 'big')).size).toBe(8_000_000);
    expectWhole();
  });

  it('leaves nothing of what it held when it returned', async () => {
    world = makeWorld({ rows: ROWS });
    const { run } = await makeBed(world);
    const before = databaseContents(join(world.directory, 'main.sqlite'));
    const result = await run({
      calls: [
        ['db.begin', 'main'],
        ['handle.execute', 'delete from closed', []],
      ],
    });
    expect(result.status).toBe('ok');
    await sleep(200);
    expect(processesWith(world.directory)).toEqual([]);
    expect(databaseContents(join(world.directory, 'main.sqlite'))).toBe(before);
    expectWhole();
  });

  it('leaves the effects that had ended', async () => {
    world = makeWorld({ rows: ROWS, agent: ', limits: { wall: 6s }' });
    const { run } = await makeBed(world);
    await run({
      calls: [
        ['fs.write', '/workspace/done', { bytes: 'done' }],
        ['db.execute', 'main', 'delete from open where id = 1', []],
        ['tools.call', 'wait', '{}'],
      ],
    });
    expect(tree(join(world.directory, 'workspace'))).toMatchObject({ done: 'done' });
    // The tool is killed with the run, and that is its outcome: an exit like any other.
    const ended = records().filter(({ outcome }) => outcome?.status === 'ok' && !('bytesIn' in outcome)).length;
    const isGone = !databaseContents(join(world.directory, 'main.sqlite')).includes('"text":"a"');
    // Where the machine is slow, the limit comes before the statement: what counts is that record and table agree.
    expect({ ended, isGone }).toEqual(ended > 1 ? { ended: 2, isGone: true } : { ended: 1, isGone: false });
    expectWhole();
  });
});
