import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, verdictOf, type Bed, type Call } from './host-bed.ts';

let world: AgentWorld;
let bed: Bed;
let server: Server | undefined;
afterEach(async () => {
  await bed.host.close();
  world.remove();
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

async function make(rows: readonly string[], agent = ''): Promise<void> {
  world = makeWorld({ rows, agent });
  bed = await makeBed(world);
}
const PRINT: Call = ['tools.call', 'print', '{"text":"x"}'];
const WAIT: Call = ['tools.call', 'wait', '{}'];

describe('M1 places that a guest does not give back', () => {
  it.each(['thread', 'process'] as const)(
    'of a stream that is never closed are taken for the run, and free after it, in a %s cell',
    async (cell) => {
      server = createServer((_, response) => response.writeHead(200).write('begun'));
      await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      await make([`p, agent:tester, http:GET, ${origin}/**, -, allow, concurrency=2`], `, cell: ${cell}`);
      const open: Call = [
        'http.open',
        { method: 'get', url: `${origin}/a`, headers: [], body: null, maxRedirects: null },
      ];
      for (let run = 0; run < 2; run += 1) {
        const seen = await bed.see([open, open, open]);
        expect(seen.map(verdictOf)).toEqual(['ok', 'ok', 'denied:budget-exhausted']);
        // Waiting does not help by itself: no time is named.
        expect(seen[2]?.error?.val).not.toMatchObject({ retryAfterMs: expect.anything() as unknown });
      }
    },
  );

  it('of a cell that is ended in the middle of a call are free after it, and the call stays counted', async () => {
    const row = 'p, agent:tester, tool:call, tool:*, -, allow, concurrency=1 rate=2/d';
    await make([row], ', limits: { wall: 4s }');
    expect(await bed.run({ calls: [WAIT] })).toMatchObject({ status: 'limit' });
    expect((await bed.see([PRINT, PRINT])).map(verdictOf)).toEqual(['ok', 'denied:budget-exhausted']);
    expect(bed.host.budgets().map(({ kind, used }) => [kind, used])).toEqual([
      ['concurrency', 0],
      ['rate', 2],
    ]);
  });
});
