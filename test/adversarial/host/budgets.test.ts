import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, verdictOf, type Bed, type Call } from './host-bed.ts';

let world: AgentWorld | undefined;
let bed: Bed | undefined;
let server: Server | undefined;
afterEach(async () => {
  await bed?.host.close();
  world?.remove();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  [world, bed, server] = [undefined, undefined, undefined];
});

async function verdicts(rows: readonly string[], calls: readonly Call[], more = ''): Promise<readonly string[]> {
  world = makeWorld({ rows, more });
  bed = await makeBed(world);
  return (await bed.see(calls)).map(verdictOf);
}
const outcomes = (type: string): readonly unknown[] =>
  (world?.lastRecords() ?? []).filter((record) => record['type'] === type).map((record) => record['outcome']);

describe('a budget', () => {
  it('of bytes counts what a database is told and what it tells', async () => {
    const rows = ['p, agent:tester, db:*, db:main/open, -, allow, bytes=100B/h'];
    const insert = (size: number): Call => [
      'db.execute',
      'main',
      'insert into open (text) values (?)',
      [{ tag: 'text', val: { repeat: 'x', times: size } }],
    ];
    const query: Call = ['db.query', 'main', 'select text from open', []];
    const seen = await verdicts(rows, [query, insert(101), insert(60), query]);
    // Two values of a word each; then too much to tell it, 60 bytes of it, and more than is left to hear.
    expect(seen).toEqual(['ok', 'denied:budget-exhausted', 'ok', 'denied:budget-exhausted']);
    expect(outcomes('effect.settled')).toMatchObject([
      { discharged: { budgets: [{ kind: 'bytes', taken: 16 }] } },
      { discharged: { budgets: [{ kind: 'bytes', taken: 60 }] } },
    ]);
  });

  it('of bytes counts what a tool is given and what it answers', async () => {
    const rows = ['p, agent:tester, tool:call, tool:print, -, allow, bytes=50B/h'];
    const call = (size: number): Call => ['tools.call', 'print', JSON.stringify({ text: 'x'.repeat(size) })];
    // Twice each: as an argument, and in the answer. `%s` is an argument as well.
    const seen = await verdicts(rows, [call(10), call(60), call(20), call(1)]);
    expect(seen).toEqual(['ok', 'denied:budget-exhausted', 'denied:budget-exhausted', 'ok']);
  });

  it('of money takes the price before, and gives back what the server says that it did not cost', async () => {
    server = createServer((_, response) => response.writeHead(200, { 'x-cost': '0.05' }).end('ok'));
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rows = [
      `p, agent:tester, http:GET, ${origin}/**, -, allow, cost=0.50EUR/d`,
      'p, agent:tester, fs:read, /workspace/open.txt, -, allow, cost=0.50EUR/d',
    ];
    const get: Call = [
      'http.fetch',
      { method: 'get', url: `${origin}/a`, headers: [], body: null, maxRedirects: null },
    ];
    const more = `prices: [{ resource: '${origin}/**', price: 0.40EUR, report: { header: x-cost } }]`;
    const seen = await verdicts(rows, [get, get, get, get, ['fs.read', '/workspace/open.txt', null]], more);
    expect(seen).toEqual(['ok', 'ok', 'ok', 'denied:budget-exhausted', 'denied:budget-exhausted']);
    expect(outcomes('effect.settled')[0]).toMatchObject({
      discharged: { budgets: [{ kind: 'cost', taken: 400_000, returned: 350_000, reported: 50_000 }] },
    });
  });
});
