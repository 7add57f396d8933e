import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ownDetector } from '../../redaction/own-detector.ts';
import { bytesOf, failure, failureTag, httpGate, request, restOf, type GateOptions } from './http-gate.ts';
import { httpServer } from './loopback.ts';

const MASKED = { obligations: { redact: ['card', 'email'] } } satisfies GateOptions;
const redacted = ({ records }: ReturnType<typeof httpGate>) =>
  records.flatMap(({ outcome }) => outcome?.discharged?.['redact'] ?? []);
const post = (url: string, body: string, type = 'text/plain') =>
  request(url, { method: 'post', body: bytesOf(body), headers: [['content-type', type]] });

describe('an answer under redact', () => {
  it('reaches the guest masked, header and body, and the record says how much', async () => {
    const server = await httpServer((response) => {
      response.setHeader('x-owner', 'ada@example.com');
      response.end('to ada@example.com and bob@example.com');
    });
    const gate = httpGate(MASKED);
    const answer = await gate.http.fetch(request(`${server.origin}/`));
    expect(Buffer.from(answer.body).toString()).toBe('to [redacted:email] and [redacted:email]');
    expect(answer.headers).toContainEqual(['x-owner', '[redacted:email]']);
    expect(answer.headers.map(([name]) => name)).not.toContain('content-length');
    expect(redacted(gate)).toEqual([{ email: 3 }]);
  });

  it('stays as it was, and counts nothing, where nothing is found', async () => {
    const server = await httpServer((response) => response.end('{"a": 1.0}'));
    const gate = httpGate(MASKED);
    expect(Buffer.from((await gate.http.fetch(request(`${server.origin}/`))).body).toString()).toBe('{"a": 1.0}');
    expect(redacted(gate)).toEqual([{}]);
  });

  it('is masked in a stream, wherever the server cuts it', async () => {
    const server = await httpServer((response) => {
      const text = 'to ada@example.com, bob@example.com!';
      const write = (at: number): void => {
        if (at === text.length) return void response.end();
        response.write(text.charAt(at), () => setImmediate(write, at + 1));
      };
      write(0);
    });
    const gate = httpGate(MASKED);
    const body = await gate.http.open(request(`${server.origin}/`));
    expect((await restOf(body)).toString()).toBe('to [redacted:email], [redacted:email]!');
    expect(redacted(gate)).toEqual([{ email: 2 }]);
  });

  it('is masked after it was decompressed', async () => {
    const server = await httpServer((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('ada@example.com'));
    });
    const answer = await httpGate(MASKED).http.fetch(request(`${server.origin}/`));
    expect(Buffer.from(answer.body).toString()).toBe('[redacted:email]');
  });

  it('is masked by what its JSON means, and stays JSON', async () => {
    const json = '{ "a\\u0040b": 1, "n": 4111111111111111, "m": "ada\\u0040example.com", "f": 1.50, "f": 2e3 }';
    const server = await httpServer((response) => {
      response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(json);
    });
    for (const stream of [false, true]) {
      const gate = httpGate(MASKED);
      const body = stream
        ? (await restOf(await gate.http.open(request(`${server.origin}/`)))).toString()
        : Buffer.from((await gate.http.fetch(request(`${server.origin}/`))).body).toString();
      expect(body).toBe('{ "a\\u0040b": 1, "n": "[redacted:card]", "m": "[redacted:email]", "f": 1.50, "f": 2e3 }');
      expect(redacted(gate)).toEqual([{ card: 1, email: 1 }]);
    }
  });

  it('loses the fields that the configuration names, whatever is in them', async () => {
    const server = await httpServer((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'x-token': 'abc' });
      response.end('{"Salary": {"amount": [1, 2]}, "name": "Ada", "inner": "{\\"salary\\":5}"}');
    });
    const gate = httpGate({
      obligations: { redact: ['pay'] },
      detectors: ownDetector('pay', { fields: ['salary', 'x-token'] }),
    });
    const answer = await gate.http.fetch(request(`${server.origin}/`));
    expect(JSON.parse(Buffer.from(answer.body).toString())).toEqual({
      Salary: '[redacted:pay]',
      name: 'Ada',
      inner: '{"salary":"[redacted:pay]"}',
    });
    expect(answer.headers).toContainEqual(['x-token', '[redacted:pay]']);
    expect(redacted(gate)).toEqual([{ pay: 3 }]);
  });

  it('ends at what is no text', async () => {
    const server = await httpServer((response) => response.end(Buffer.from('ok\0ada@example.com')));
    const answer = await httpGate(MASKED).http.fetch(request(`${server.origin}/`));
    expect(Buffer.from(answer.body).toString()).toBe('ok[redacted:binary]');
  });
});

describe('a request under redact', () => {
  it('leaves masked, header and body; what was decided is what the guest gave', async () => {
    const server = await httpServer();
    const [gate, plain] = [httpGate(MASKED), httpGate()];
    const sent = {
      ...post(`${server.origin}/`, '{"to":"ada@example.com"}', 'application/json'),
      headers: [
        ['content-type', 'application/json'],
        ['x-reply', 'bob@example.com'],
      ] as const,
    };
    await gate.http.fetch(sent);
    await plain.http.fetch(sent);
    expect(server.requests[0]).toMatchObject({ body: '{"to":"[redacted:email]"}' });
    expect(server.requests[0]?.headers).toMatchObject({ 'x-reply': '[redacted:email]', 'content-length': '25' });
    expect(redacted(gate)).toEqual([{ email: 2 }]);
    expect(gate.records[0]?.request).toEqual(plain.records[0]?.request);
  });

  it('is masked as a form by what it says', async () => {
    const server = await httpServer();
    const gate = httpGate(MASKED);
    await gate.http.fetch(
      post(
        `${server.origin}/`,
        'a=1&to=ada%40example.com&x=4111+1111+1111+1111&b=%20',
        'application/x-www-form-urlencoded',
      ),
    );
    expect(server.requests[0]?.body).toBe('a=1&to=%5Bredacted%3Aemail%5D&x=%5Bredacted%3Acard%5D&b=%20');
  });

  it('is masked in an upload, whatever length was said and however it is cut', async () => {
    const server = await httpServer();
    const gate = httpGate(MASKED);
    const text = 'to ada@example.com';
    const body = await gate.http.upload(request(`${server.origin}/`, { method: 'put' }), BigInt(text.length));
    for (const letter of text) await body.write(bytesOf(letter));
    await body.finish();
    expect(server.requests[0]?.body).toBe('to [redacted:email]');
    expect(redacted(gate)).toEqual([{ email: 1 }]);
  });

  it.each([
    ['in the path', '/ada@example.com'],
    ['encoded in the path', '/%61da%40example.com'],
    ['in the query', '/?q=ada%40example.com'],
    ['in pieces that only the server joins', '/?q=4111+1111+1111+1111'],
  ])('is not sent with a find %s', async (_, path) => {
    const server = await httpServer();
    const gate = httpGate(MASKED);
    expect(await failureTag(gate.http.fetch(request(server.origin + path)))).toBe('denied:unsupported-obligation');
    expect(server.requests).toEqual([]);
    expect(gate.records.at(-1)).toMatchObject({
      outcome: { code: 'unsupported-obligation', detail: { redact: 'url' } },
    });
    expect((await httpGate().http.fetch(request(server.origin + path))).status).toBe(200);
  });

  it.each([
    ['a part of an answer is asked for', request('/', { headers: [['range', 'bytes=0-5']] })],
    [
      'its body is coded',
      request('/', { method: 'post', body: bytesOf('x'), headers: [['content-encoding', 'gzip']] }),
    ],
    ['its body is no text', request('/', { method: 'post', body: bytesOf('a\0b') })],
  ])('is not sent where %s', async (_, sent) => {
    const server = await httpServer();
    const answer = httpGate(MASKED).http.fetch({ ...sent, url: server.origin + sent.url });
    expect(await failureTag(answer)).toBe('denied:unsupported-obligation');
    expect(server.requests).toEqual([]);
  });

  it('is cut off where an upload turns out to be no text', async () => {
    const server = await httpServer();
    const body = await httpGate(MASKED).http.upload(request(`${server.origin}/`, { method: 'put' }), undefined);
    await body.write(bytesOf('text first '));
    expect(await failure(body.write(bytesOf('\0ada@example.com')))).toEqual({
      tag: 'invalid-request',
      val: 'the body is no text',
    });
  });

  it('follows no redirect whose place shows a find', async () => {
    const server = await httpServer((response) => {
      response.writeHead(302, { location: '/ada@example.com' }).end();
    });
    const sent = httpGate(MASKED).http.fetch(request(`${server.origin}/`, { maxRedirects: 3 }));
    expect(await failureTag(sent)).toBe('denied:unsupported-obligation');
    expect(server.requests).toHaveLength(1);
  });

  it('is denied where the detector is not known', async () => {
    const server = await httpServer();
    const gate = httpGate({ obligations: { redact: ['nobody'] } });
    expect(await failureTag(gate.http.fetch(request(`${server.origin}/`)))).toBe('internal');
    expect(server.requests).toEqual([]);
  });
});
