import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { TEST_CERTIFICATE, TEST_KEY } from '../../gates/http/test-certificate.ts';

/** Frame types of RFC 9113, section 6. */
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** One frame, as bytes. */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as HPACK literals without indexing (RFC 7541, section 6.2.2). Names and values below 127 bytes. */
export const fields = (...pairs: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(
    pairs.flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name, 'latin1'),
      Buffer.from([value.length]),
      Buffer.from(value, 'latin1'),
    ]),
  );

export const OK = fields([':status', '200']);
export const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
};

const servers: Server[] = [];
const sockets = new Set<TLSSocket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

/** A TLS server that speaks HTTP/2 by hand: sends its settings, then `answer` for the header of each request. */
export async function frameServer(
  answer: (socket: TLSSocket, stream: number) => void,
): Promise<{ origin: string; contacts: () => number; requests: () => number }> {
  let contacts = 0;
  let requests = 0;
  const server = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE, ALPNProtocols: ['h2'] }, (socket) => {
    contacts += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.write(frame(TYPE.settings, 0, 0));
    let buffered: Buffer = Buffer.alloc(0);
    let prefaced = false;
    socket.on('data', (chunk: Buffer) => {
      buffered = Buffer.concat([buffered, chunk]);
      if (!prefaced) {
        if (buffered.length < 24) return;
        buffered = buffered.subarray(24);
        prefaced = true;
      }
      while (buffered.length >= 9 && buffered.length >= 9 + buffered.readUIntBE(0, 3)) {
        const length = buffered.readUIntBE(0, 3);
        const [type, flags, stream] = [buffered.readUInt8(3), buffered.readUInt8(4), buffered.readUInt32BE(5)];
        buffered = buffered.subarray(9 + length);
        if (type === TYPE.settings && (flags & 1) === 0) socket.write(frame(TYPE.settings, 1, 0));
        if (type !== TYPE.headers) continue;
        requests += 1;
        answer(socket, stream);
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server has an address of this shape
  return {
    origin: `https://secure.example.test:${port}`,
    contacts: () => contacts,
    requests: () => requests,
  };
}
