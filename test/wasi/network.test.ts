import { describe, expect, it } from 'vitest';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { type WasiRun, call, classOf, createWasiRun, members, thrownBy } from './run.ts';

const ACCESS_DENIED = { payload: 'access-denied' };

interface Make {
  readonly scheme?: object;
  readonly authority?: string;
  readonly path?: string;
  readonly method?: object;
}

function request(run: WasiRun, { scheme, authority, path, method }: Make) {
  const { Fields, OutgoingRequest } = members(run, 'wasi:http/types') as Record<
    string,
    new (...values: unknown[]) => object
  >;
  const made = new OutgoingRequest!(new Fields!());
  call(made, 'setScheme', scheme);
  call(made, 'setAuthority', authority);
  call(made, 'setPathWithQuery', path);
  if (method) call(made, 'setMethod', method);
  return made;
}

const send = (run: WasiRun, wanted: object) =>
  thrownBy(() => call(members(run, 'wasi:http/outgoing-handler'), 'handle', wanted));

describe('sockets', () => {
  it.each(['tcp', 'udp'])('of %s cannot be made, and the attempt is recorded', (protocol) => {
    const run = createWasiRun();
    const create = members(run, `wasi:sockets/${protocol}-create-socket`);
    const name = protocol === 'tcp' ? 'createTcpSocket' : 'createUdpSocket';
    expect(thrownBy(() => call(create, name, 'ipv6'))).toEqual(ACCESS_DENIED);
    expect(run.denied).toEqual([{ action: 'net:connect', resource: `${protocol}:ipv6` }]);
  });

  it('look no name up, and the attempt is recorded with the name, escaped and cut', () => {
    const run = createWasiRun();
    const network: unknown = call(members(run, 'wasi:sockets/instance-network'), 'instanceNetwork');
    const lookup = members(run, 'wasi:sockets/ip-name-lookup');
    expect(thrownBy(() => call(lookup, 'resolveAddresses', network, 'example.test\u001b[2J'))).toEqual(ACCESS_DENIED);
    expect(thrownBy(() => call(lookup, 'resolveAddresses', network, 'a'.repeat(10_000)))).toEqual(ACCESS_DENIED);
    expect(run.denied).toEqual([
      { action: 'net:resolve', resource: 'dns:example.test\\u{1b}[2J' },
      { action: 'net:resolve', resource: `dns:${'a'.repeat(256)}` },
    ]);
  });

  it('refuse every method of a socket that somebody made up', () => {
    const run = createWasiRun();
    for (const [name, type] of [
      ['tcp', 'TcpSocket'],
      ['udp', 'UdpSocket'],
    ] as const) {
      const { prototype } = classOf(run, `wasi:sockets/${name}`, type) as { prototype: object };
      const forged = Object.create(prototype) as Record<string, () => unknown>;
      for (const method of Object.getOwnPropertyNames(prototype).filter((own) => own !== 'constructor')) {
        expect(thrownBy(() => forged[method]!())).toBeInstanceOf(RunStop);
      }
    }
  });
});

describe('wasi http', () => {
  it('denies a request with its own error and records method and URL, without query and user', () => {
    const run = createWasiRun();
    const wanted = request(run, {
      scheme: { tag: 'HTTPS' },
      authority: 'user:pass@API.example.test:443',
      path: '/v1/../v2?token=secret#x',
      method: { tag: 'post' },
    });
    expect(send(run, wanted)).toEqual({ payload: { tag: 'HTTP-request-denied' } });
    expect(run.denied).toEqual([{ action: 'http:POST', resource: 'https://api.example.test/v2' }]);
  });

  it.each([
    ['no authority', {}],
    ['another scheme', { scheme: { tag: 'other', val: 'ftp' }, authority: 'a.test' }],
    ['a host that is none', { scheme: { tag: 'HTTP' }, authority: 'a b' }],
  ] satisfies [string, Make][])('records a request with %s as not in canonical form', (_, make) => {
    const run = createWasiRun();
    send(run, request(run, make));
    expect(run.denied).toEqual([{ action: 'http:GET', resource: '(not in canonical form)' }]);
  });

  it('takes the request: it cannot be sent twice', () => {
    const run = createWasiRun();
    const wanted = request(run, { authority: 'a.test' });
    send(run, wanted);
    expect(send(run, wanted)).toBeInstanceOf(RunStop);
    expect(run.denied).toHaveLength(1);
  });

  it('refuses a method that could forge the record', () => {
    const run = createWasiRun();
    const wanted = request(run, {});
    for (const val of ['', 'GET\n', 'a b', 'x'.repeat(33)]) {
      expect(thrownBy(() => call(wanted, 'setMethod', { tag: 'other', val }))).toEqual({ payload: undefined });
    }
  });

  it('gives a body that takes nothing', () => {
    const run = createWasiRun();
    const wanted = request(run, {});
    const stream = call(call(wanted, 'body'), 'write');
    expect(thrownBy(() => call(stream, 'checkWrite'))).toEqual({ payload: { tag: 'closed' } });
    expect(thrownBy(() => call(stream, 'write', new Uint8Array(1)))).toEqual({ payload: { tag: 'closed' } });
    expect(thrownBy(() => call(wanted, 'body'))).toEqual({ payload: undefined });
  });
});

describe('wasi http fields', () => {
  const fieldsOf = (run: WasiRun) =>
    classOf(run, 'wasi:http/types', 'Fields') as (new () => object) & { fromList(entries: unknown): object };
  const value = (text: string) => new TextEncoder().encode(text);

  it('compare names without regard to case and keep the order', () => {
    const fields = fieldsOf(createWasiRun()).fromList([
      ['Accept', value('a')],
      ['x', value('1')],
    ]);
    call(fields, 'append', 'accept', value('b'));
    expect(call(fields, 'get', 'ACCEPT')).toEqual([value('a'), value('b')]);
    expect(call(fields, 'has', 'x')).toBe(true);
    call(fields, 'set', 'X', [value('2')]);
    call(fields, 'delete', 'accept');
    expect(call(fields, 'entries')).toEqual([['X', value('2')]]);
    const copy = call(fields, 'clone');
    call(copy, 'delete', 'x');
    expect(call(fields, 'has', 'x')).toBe(true);
  });

  it.each([
    ['', 'v'],
    ['na me', 'v'],
    ['name', 'a\r\nb'],
    ['name', 'a\0'],
  ])('refuse %j: %j, and change nothing', (name, text) => {
    const fields = fieldsOf(createWasiRun()).fromList([['name', value('old')]]);
    const error = { payload: { tag: 'invalid-syntax' } };
    expect(thrownBy(() => call(fields, 'append', name, value(text)))).toEqual(error);
    expect(thrownBy(() => call(fields, 'set', name, [value(text)]))).toEqual(error);
    expect(call(fields, 'entries')).toEqual([['name', value('old')]]);
  });

  it('are bounded', () => {
    const Fields = fieldsOf(createWasiRun());
    const error = { payload: { tag: 'forbidden' } };
    expect(thrownBy(() => Fields.fromList(new Array(257).fill(['a', value('')])))).toEqual(error);
    expect(thrownBy(() => call(new Fields(), 'append', 'a', new Uint8Array(65_536).fill(65)))).toEqual(error);
  });

  it('of a request that was made can only be read', () => {
    const run = createWasiRun();
    const fields = call(request(run, {}), 'headers');
    expect(thrownBy(() => call(fields, 'append', 'a', value('b')))).toEqual({ payload: { tag: 'immutable' } });
  });
});
