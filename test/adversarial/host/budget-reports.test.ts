import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, verdictOf, type Bed, type Call, type Seen } from './host-bed.ts';

let world: AgentWorld | undefined;
let bed: Bed | undefined;
let server: Server | undefined;
afterEach(async () => {
  await bed?.host.close();
  world?.remove();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  [world, bed, server] = [undefined, undefined, undefined];
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function see(rows: readonly string[], calls: readonly Call[], more = ''): Promise<readonly Seen[]> {
  world = makeWorld({ rows, more });
  bed = await makeBed(world);
  return bed.see(calls);
}

/** What each settled effect was charged, in millionths. */
const charged = (): readonly number[] =>
  (world?.lastRecords() ?? []).flatMap(({ type, outcome }) => {
    const { budgets = [] } =
      (outcome as { discharged?: { budgets?: readonly Charge[] } } | undefined)?.discharged ?? {};
    return type === 'effect.settled'
      ? budgets.map(({ taken, returned = 0, charged: more = 0 }) => taken - returned + more)
      : [];
  });
interface Charge {
  readonly taken: number;
  readonly returned?: number;
  readonly charged?: number;
}

const request = (url: string, method = 'get', body: unknown = null): Call => [
  'http.fetch',
  { method, url, headers: [], body, maxRedirects: null },
];

const LIES = ['-5', 'NaN', 'Infinity', '99999999999999999999', '999999999999', '0.05 USD', 'EUR0.05', '0,05', '1e-9'];

describe('M1 a cost that is reported', () => {
  it('by a server that lies, or says nothing, is the price that was reserved', async () => {
    const told = [...LIES, undefined, ['0.40', '0.01'], '0.05'];
    let at = 0;
    const origin = await serve((_, response) => {
      const cost = told[at++];
      if (cost !== undefined) response.setHeader('x-cost', cost);
      response.end('ok');
    });
    const rows = [`p, agent:tester, http:GET, ${origin}/**, -, allow, cost=100.00EUR/d`];
    const more = `prices: [{ resource: '${origin}/**', price: 0.40EUR, report: { header: x-cost } }]`;
    const seen = await see(
      rows,
      told.map(() => request(`${origin}/a`)),
      more,
    );
    expect(seen.map(verdictOf)).toEqual(told.map(() => 'ok'));
    const [honest, ...lies] = charged().toReversed();
    expect(lies).toEqual([...LIES, undefined, []].map(() => 400_000));
    expect(honest).toBe(50_000);
  });

  it('above its price is charged all the same, and leaves room for nothing that there is none for', async () => {
    const origin = await serve((_, response) => response.writeHead(200, { 'x-cost': '9007199254.740991' }).end('ok'));
    const rows = [`p, agent:tester, http:GET, ${origin}/**, -, allow, cost=1.00EUR/d`];
    const more = `prices: [{ resource: '${origin}/**', price: 0.10EUR, report: { header: x-cost } }]`;
    const seen = await see(rows, [request(`${origin}/a`), request(`${origin}/a`)], more);
    expect(seen.map(verdictOf)).toEqual(['ok', 'denied:budget-exhausted']);
    expect(charged()).toEqual([Number.MAX_SAFE_INTEGER]);
  });

  it('by a tool that lies, or says nothing, is the price that was reserved', async () => {
    const texts = [
      ...['-1', '"NaN"', '1e30', '"0.05USD"', 'null', '[0.01]', '{"value":0}', 'true', '""'].map(
        (cost) => `{"usage":{"cost":${cost}}}`,
      ),
      ...['', 'no json', '{"usage":0.01}', '{"usage.cost":0.01}', '{"usage":{"__proto__":{"cost":0.01}}}'],
    ];
    const all = [...texts, '{"usage":{"cost":"0.05"}}'];
    const rows = ['p, agent:tester, tool:call, tool:print, -, allow, cost=100.00EUR/d'];
    const more = `prices: [{ resource: 'tool:print', price: 0.40EUR, report: { field: usage.cost } }]`;
    const seen = await see(
      rows,
      all.map((text): Call => ['tools.call', 'print', JSON.stringify({ text })]),
      more,
    );
    expect(seen.map(verdictOf)).toEqual(all.map(() => 'ok'));
    expect(charged()).toEqual([...texts.map(() => 400_000), 50_000]);
  });
});

describe('M1 bytes of a connection', () => {
  it('are counted that go out, before any of them does', async () => {
    const bodies: number[] = [];
    const origin = await serve((asked, response) => {
      let bytes = 0;
      asked.on('data', (chunk: Buffer) => (bytes += chunk.length));
      asked.on('end', () => {
        bodies.push(bytes);
        response.end();
      });
    });
    const rows = [`p, agent:tester, http:PUT, ${origin}/**, -, allow, bytes=100B/h`];
    const put = (size: number): Call => request(`${origin}/a`, 'put', { bytes: 'x'.repeat(size) });
    const seen = await see(rows, [put(101), put(60), put(41), put(40), put(1)]);
    const full = 'denied:budget-exhausted';
    expect(seen.map(verdictOf)).toEqual([full, 'ok', full, 'ok', full]);
    expect(bodies).toEqual([60, 40]);
  });

  it('come in to the last one of the budget, and no further', async () => {
    const origin = await serve((asked, response) => response.end('x'.repeat(Number(asked.url?.slice(1)))));
    const rows = [`p, agent:tester, http:GET, ${origin}/**, -, allow, bytes=1KB/h`];
    const seen = await see(rows, [request(`${origin}/600`), request(`${origin}/400`), request(`${origin}/1`)]);
    expect(seen.map(verdictOf)).toEqual(['ok', 'ok', 'denied:budget-exhausted']);
  });
});
