import { describe, expect, it } from 'vitest';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { type WasiRun, call, classOf, createWasiRun, members, thrownBy } from './run.ts';

const ACCESS_DENIED = { payload: 'access-denied' };

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
    const { Fields, OutgoingRequest } = members(run, 'wasi:http/types') as Record<
      string,
      new (...values: unknown[]) => object
    >;
    const fields = call(new OutgoingRequest!(new Fields!()), 'headers');
    expect(thrownBy(() => call(fields, 'append', 'a', value('b')))).toEqual({ payload: { tag: 'immutable' } });
  });
});

describe('wasi http where no gate serves it', () => {
  it('denies a request, in its future, and leaves a record', () => {
    const run = createWasiRun();
    const { Fields, OutgoingRequest } = members(run, 'wasi:http/types') as Record<
      string,
      new (...values: unknown[]) => object
    >;
    const future = call(members(run, 'wasi:http/outgoing-handler'), 'handle', new OutgoingRequest!(new Fields!()));
    expect(call(future, 'get')).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'HTTP-request-denied' } } });
    expect(run.denied).toEqual([{ action: 'http:GET', resource: '(not in canonical form)' }]);
  });
});
