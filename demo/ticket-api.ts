import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';

const TicketFile = z.object({ tickets: z.array(z.looseObject({ id: z.int(), state: z.enum(['open', 'closed']) })) });
const Comment = z.strictObject({ body: z.string().min(1).max(10_000) });
const MAX_BODY = 64 * 1024;

/** What reached the API, in order: method and path with query. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** A running ticket system on the loopback interface. */
export interface TicketApi {
  /** Without a slash at the end. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Where it listens. If the port is taken another one is chosen; `url` says which. */
export interface TicketApiOptions {
  readonly host?: string;
  readonly port?: number;
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = z.instanceof(Uint8Array).parse(chunk);
    size += bytes.length;
    if (size > MAX_BODY) throw new Error('the body is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `true` if it listens, `false` if somebody else has the port. */
function listen(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    };
    server.once('error', refused);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', refused);
      resolve(true);
    });
  });
}

/** Serves the tickets of `demo/world/tickets.json`: `GET /tickets?state=open`, `GET` and `POST /tickets/ID/comments`. */
export async function startTicketApi({ host = '127.0.0.1', port = 0 }: TicketApiOptions = {}): Promise<TicketApi> {
  const { tickets } = TicketFile.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, 'world', 'tickets.json'), 'utf8')),
  );
  const comments = new Map<number, string[]>(tickets.map(({ id }) => [id, []]));
  const requests: SeenRequest[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const body = await readBody(request);
    requests.push({ method, url, body });
    const { pathname, searchParams } = new URL(url, 'http://tickets.invalid');
    if (method === 'GET' && pathname === '/tickets') {
      const state = searchParams.get('state');
      sendJson(response, 200, { tickets: tickets.filter((ticket) => state === null || ticket.state === state) });
      return;
    }
    const written = comments.get(Number(/^\/tickets\/(\d+)\/comments$/.exec(pathname)?.[1]));
    if (written === undefined) sendJson(response, 404, { error: 'no such resource' });
    else if (method === 'GET') sendJson(response, 200, { comments: written });
    else if (method !== 'POST') sendJson(response, 405, { error: 'method not allowed' });
    else {
      written.push(Comment.parse(JSON.parse(body)).body);
      sendJson(response, 201, { comments: written.length });
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() =>
      sendJson(response, 400, { error: 'not a request that this API understands' }),
    );
  });
  if (!(await listen(server, host, port))) await listen(server, host, 0);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://${host}:${address.port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
