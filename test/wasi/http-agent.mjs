// An agent that sends requests by `wasi:http` alone. The world is `http-agent` of `wit/http-agent.wit`.
import { subscribeDuration } from 'wasi:clocks/monotonic-clock@0.2.4';
import { poll } from 'wasi:io/poll@0.2.4';
import { Fields, httpErrorCode, IncomingBody, OutgoingBody, OutgoingRequest } from 'wasi:http/types@0.2.4';
import { handle } from 'wasi:http/outgoing-handler@0.2.4';

const bytes = (text) => new Uint8Array([...text].map((character) => character.charCodeAt(0)));
const text = (list) => String.fromCharCode(...list);

function request({ authority, path = '/', method = 'get', headers = [] }) {
  const made = new OutgoingRequest(Fields.fromList(headers.map(([name, value]) => [name, bytes(value)])));
  made.setScheme({ tag: 'HTTP' });
  made.setAuthority(authority);
  made.setPathWithQuery(path);
  made.setMethod({ tag: method });
  return made;
}

function answerOf(future) {
  future.subscribe().block();
  const { val } = future.get();
  return val.tag === 'ok' ? { response: val.val } : { code: val.val.tag };
}

function bodyOf(response) {
  const body = response.consume();
  const stream = body.stream();
  let read = 0;
  let head = '';
  for (;;) {
    try {
      const part = stream.blockingRead(65_536n);
      if (head.length < 20) head += text(part.subarray(0, 20));
      read += part.length;
    } catch (error) {
      if (error.payload.tag === 'closed') break;
      const failure = error.payload.val;
      return { read, failed: httpErrorCode(failure)?.tag, told: failure.toDebugString() };
    }
  }
  IncomingBody.finish(body);
  return { read, head: head.slice(0, 20) };
}

function show(future) {
  const { response, code } = answerOf(future);
  return code ? { code } : { status: response.status(), ...bodyOf(response) };
}

const steps = {
  get: ({ authority, path }) => show(handle(request({ authority, path }))),
  post({ authority }) {
    const made = request({ authority, method: 'post' });
    const body = made.body();
    const future = handle(made);
    const stream = body.write();
    stream.blockingWriteAndFlush(bytes('hello '));
    stream.blockingWriteAndFlush(bytes('world'));
    OutgoingBody.finish(body, undefined);
    return show(future);
  },
  upload({ authority, size }) {
    const made = request({ authority, method: 'put' });
    const body = made.body();
    const future = handle(made);
    const stream = body.write();
    const chunk = new Uint8Array(65536).fill(97);
    for (let left = size; left > 0;) {
      const room = Number(stream.checkWrite());
      if (room === 0) stream.subscribe().block();
      const part = chunk.subarray(0, Math.min(left, room));
      stream.write(part);
      left -= part.length;
    }
    OutgoingBody.finish(body, undefined);
    return show(future);
  },
  race({ authority }) {
    const futures = ['/slow', '/quick'].map((path) => handle(request({ authority, path })));
    const timer = subscribeDuration(60_000_000_000n);
    return { first: [...poll([...futures.map((future) => future.subscribe()), timer])], all: futures.map(show) };
  },
  /** The engine's own `fetch`, which speaks the same interface. */
  async fetch({ authority, path = '/', size = 0 }) {
    const body = 'a'.repeat(size);
    const response = await fetch(`http://${authority}${path}`, size === 0 ? {} : { method: 'POST', body });
    const got = await response.text();
    return { status: response.status, read: got.length, head: got.slice(0, 20) };
  },
  async fetches({ authority }) {
    const texts = await Promise.all(
      ['/slow', '/quick', '/one'].map(async (path) => (await fetch(`http://${authority}${path}`)).text()),
    );
    return { texts };
  },
  async fetchDenied({ authority }) {
    try {
      await fetch(`http://${authority}/`);
      return 'answered';
    } catch (error) {
      return { name: error.constructor.name, text: String(error.message) };
    }
  },
  forbidden({ authority }) {
    try {
      request({ authority, headers: [['Host', 'evil.test']] });
      return 'taken';
    } catch (error) {
      return error.payload;
    }
  },
  drop({ authority }) {
    handle(request({ authority, path: '/slow' }));
    const made = request({ authority, method: 'post', path: '/slow' });
    made.body().write().blockingWriteAndFlush(bytes('part'));
    handle(made);
    subscribeDuration(50_000_000n).block();
    return 'left';
  },
};

export async function run(input) {
  const { step, ...given } = JSON.parse(input);
  return JSON.stringify(await steps[step](given));
}
