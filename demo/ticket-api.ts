import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { startLoopbackServer, type ListenOptions, type LoopbackServer, type SeenRequest } from './loopback-server.ts';

const TicketFile = z.object({ tickets: z.array(z.looseObject({ id: z.int(), state: z.enum(['open', 'closed']) })) });
const Comment = z.strictObject({ body: z.string().min(1).max(10_000) });

/** Serves the tickets of `demo/world/tickets.json`: `GET /tickets?state=open`, `GET` and `POST /tickets/ID/comments`. */
export function startTicketApi(options: ListenOptions = {}): Promise<LoopbackServer> {
  const { tickets } = TicketFile.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, 'world', 'tickets.json'), 'utf8')),
  );
  const comments = new Map<number, string[]>(tickets.map(({ id }) => [id, []]));

  return startLoopbackServer(({ method, url, body }: SeenRequest) => {
    const { pathname, searchParams } = new URL(url, 'http://tickets.invalid');
    if (method === 'GET' && pathname === '/tickets') {
      const state = searchParams.get('state');
      return { status: 200, value: { tickets: tickets.filter((ticket) => state === null || ticket.state === state) } };
    }
    const written = comments.get(Number(/^\/tickets\/(\d+)\/comments$/.exec(pathname)?.[1]));
    if (written === undefined) return { status: 404, value: { error: 'no such resource' } };
    if (method === 'GET') return { status: 200, value: { comments: written } };
    if (method !== 'POST') return { status: 405, value: { error: 'method not allowed' } };
    written.push(Comment.parse(JSON.parse(body)).body);
    return { status: 201, value: { comments: written.length } };
  }, options);
}
