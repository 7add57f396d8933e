import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { afterEach } from 'vitest';

/** A request as a server saw it. */
export interface SeenRequest {
  readonly method: string;
  /** The raw request target. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real server on loopback that counts its contacts. */
export interface LoopbackServer {
  readonly port: number;
  /** `http://ADDRESS:PORT` */
  readonly origin: string;
  readonly contacts: () => number;
  readonly requests: SeenRequest[];
}

type Reply = (response: ServerResponse, request: IncomingMessage, seen: SeenRequest) => void;

const servers: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

const hostText = (address: string) => (address.includes(':') ? `[${address}]` : address);

async function listening(
  server: Server | TcpServer,
  address: string,
  port: number,
): Promise<{ port: number; origin: string }> {
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  const bound = (server.address() as AddressInfo).port; // a TCP server has an address of this shape
  return { port: bound, origin: `http://${hostText(address)}:${bound}` };
}

/** An HTTP server; by default it answers `ok`. */
export async function httpServer(
  reply: Reply = (response) => response.end('ok'),
  address = '127.0.0.1',
  port = 0,
): Promise<LoopbackServer> {
  const requests: SeenRequest[] = [];
  let contacts = 0;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const seen = {
        method: incoming.method ?? '',
        target: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
      };
      requests.push(seen);
      reply(response, incoming, seen);
    });
  });
  server.on('connection', (socket: Socket) => {
    contacts += 1;
    sockets.add(socket);
  });
  return { ...(await listening(server, address, port)), contacts: () => contacts, requests };
}

/** A TCP server that answers with bytes of its own; `received` is every byte it got. */
export async function rawServer(
  answer: (socket: Socket, receivedSoFar: string) => void,
  address = '127.0.0.1',
): Promise<{ port: number; origin: string; contacts: () => number; received: () => string }> {
  let contacts = 0;
  let received = '';
  const server = createTcpServer((socket) => {
    contacts += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      answer(socket, received);
    });
  });
  return { ...(await listening(server, address, 0)), contacts: () => contacts, received: () => received };
}

/** Answers once, when the header of the request is there, and leaves the connection to the client. */
export const once = (bytes: string | Buffer) => {
  const answered = new WeakSet<Socket>();
  return (socket: Socket, received: string): void => {
    if (answered.has(socket) || !received.includes('\r\n\r\n')) return;
    answered.add(socket);
    socket.write(bytes);
  };
};
