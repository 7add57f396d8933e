import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { z } from 'zod';

const MAX_BODY = 64 * 1024;

/** What reached a server, in order: method and path with query. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

/** A server on the loopback interface. */
export interface LoopbackServer {
  /** Without a slash at the end. */
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Where it listens. If the port is taken another one is chosen; `url` says which. */
export interface ListenOptions {
  readonly host?: string;
  readonly port?: number;
}

/** What is answered: a status and a JSON value. What it throws is answered with 400. */
export type Answer = (request: SeenRequest) => { readonly status: number; readonly value: unknown };

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

/** Serves JSON on the loopback interface. */
export async function startLoopbackServer(
  answer: Answer,
  { host = '127.0.0.1', port = 0 }: ListenOptions = {},
): Promise<LoopbackServer> {
  const requests: SeenRequest[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const seen = { method, url, body: await readBody(request) };
    requests.push(seen);
    const { status, value } = answer(seen);
    sendJson(response, status, value);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() =>
      sendJson(response, 400, { error: 'not a request that this server understands' }),
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
