import { describe, expect, it } from 'vitest';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { type WasiRun, call, classOf, createWasiRun, members, thrownBy } from './run.ts';

const CLOSED = { payload: { tag: 'closed' } };
const ENOUGH = { end: { kind: 'limit', limit: 'outputBytes' } };
const bytes = (text: string) => new TextEncoder().encode(text);
const stdout = (run: WasiRun) => call(members(run, 'wasi:cli/stdout'), 'getStdout');
const stderr = (run: WasiRun) => call(members(run, 'wasi:cli/stderr'), 'getStderr');
const stdin = (run: WasiRun) => call(members(run, 'wasi:cli/stdin'), 'getStdin');

describe('output streams', () => {
  it('hand every byte to the host, in order', () => {
    const run = createWasiRun();
    const stream = stdout(run);
    call(stream, 'write', bytes('one '));
    call(stream, 'blockingWriteAndFlush', bytes('two'));
    call(stream, 'writeZeroes', 2n);
    call(stream, 'flush');
    call(stderr(run), 'write', bytes('oops'));
    expect(run.text('stdout')).toBe('one two\0\0');
    expect(run.text('stderr')).toBe('oops');
  });

  it('end the run when the limit of both together is reached, after what fits', () => {
    const run = createWasiRun({ outputBytes: 10 });
    call(stderr(run), 'write', bytes('1234'));
    expect(call(stdout(run), 'checkWrite')).toBe(6n);
    expect(thrownBy(() => call(stdout(run), 'write', bytes('abcdefgh')))).toMatchObject(ENOUGH);
    expect(run.text('stdout')).toBe('abcdef');
    for (const stream of [stdout(run), stderr(run)]) {
      expect(thrownBy(() => call(stream, 'checkWrite'))).toMatchObject(ENOUGH);
      expect(thrownBy(() => call(stream, 'write', bytes('x')))).toMatchObject(ENOUGH);
      expect(thrownBy(() => call(stream, 'writeZeroes', 1n))).toMatchObject(ENOUGH);
    }
    expect(run.text('stderr')).toBe('1234');
  });

  it('take an output of exactly the limit', () => {
    const run = createWasiRun({ outputBytes: 3 });
    call(stdout(run), 'write', bytes('abc'));
    expect(run.text('stdout')).toBe('abc');
  });

  it('trap on a blocking write beyond 4096 bytes, which the WIT forbids', () => {
    const run = createWasiRun({ outputBytes: 1 << 20 });
    call(stdout(run), 'blockingWriteAndFlush', new Uint8Array(4096));
    expect(thrownBy(() => call(stdout(run), 'blockingWriteAndFlush', new Uint8Array(4097)))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => call(stdout(run), 'blockingWriteZeroesAndFlush', 4097n))).toBeInstanceOf(RunStop);
    expect(run.text('stdout')).toHaveLength(4096);
  });

  it('trap on a length that would make the host allocate without end', () => {
    const run = createWasiRun({ outputBytes: 2 ** 40 });
    expect(thrownBy(() => call(stdout(run), 'writeZeroes', 2n ** 63n))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => call(stdout(run), 'write', new Uint8Array(70_000)))).toBeInstanceOf(RunStop);
  });

  it('are done with a handle once it is dropped', () => {
    const run = createWasiRun();
    const [first, second] = [stdout(run), stdout(run)];
    call(first, Symbol.dispose);
    expect(thrownBy(() => call(first, 'write', bytes('x')))).toBeInstanceOf(RunStop);
    call(second, 'write', bytes('y'));
    expect(run.text('stdout')).toBe('y');
  });
});

describe('input streams', () => {
  it('end at once where there is no input', () => {
    expect(thrownBy(() => call(stdin(createWasiRun()), 'blockingRead', 10n))).toEqual(CLOSED);
  });

  it('read the given bytes, once, then end', () => {
    const run = createWasiRun({ stdin: bytes('hello world') });
    expect(Buffer.from(call(stdin(run), 'read', 5n) as Uint8Array).toString()).toBe('hello');
    expect(call(stdin(run), 'skip', 1n)).toBe(1n);
    expect(Buffer.from(call(stdin(run), 'blockingRead', 2n ** 60n) as Uint8Array).toString()).toBe('world');
    expect(thrownBy(() => call(stdin(run), 'read', 1n))).toEqual(CLOSED);
    expect(call(stdin(run), 'read', 0n)).toHaveLength(0);
  });

  it('splice into an output within its limit', () => {
    const run = createWasiRun({ stdin: bytes('hello world'), outputBytes: 5 });
    expect(call(stdout(run), 'splice', stdin(run), 100n)).toBe(5n);
    expect(run.text('stdout')).toBe('hello');
    expect(thrownBy(() => call(stdout(run), 'blockingSplice', stdin(run), 1n))).toMatchObject(ENOUGH);
    expect(Buffer.from(call(stdin(run), 'read', 9n) as Uint8Array).toString()).toBe(' world');
  });
});

describe('handles', () => {
  it('that the host never gave are a trap, not a fault', () => {
    const run = createWasiRun();
    for (const [name, type, method] of [
      ['wasi:io/streams', 'InputStream', 'read'],
      ['wasi:io/streams', 'OutputStream', 'write'],
      ['wasi:io/poll', 'Pollable', 'ready'],
    ] as const) {
      const forged: unknown = Object.create(classOf(run, name, type).prototype as object);
      expect(thrownBy(() => call(forged, method, 1n))).toBeInstanceOf(RunStop);
    }
  });

  it('of one run mean nothing in another', () => {
    const [one, other] = [createWasiRun(), createWasiRun()];
    const { prototype } = classOf(other, 'wasi:io/streams', 'OutputStream');
    const write = Reflect.get(prototype as object, 'write') as () => void;
    expect(thrownBy(() => Reflect.apply(write, stdout(one), [bytes('x')]))).toBeInstanceOf(RunStop);
    expect(classOf(one, 'wasi:io/streams', 'OutputStream')).not.toBe(classOf(other, 'wasi:io/streams', 'OutputStream'));
  });

  it('are bounded in number, and dropping one gives room again', () => {
    const run = createWasiRun();
    const held = Array.from({ length: 4096 }, () => stdout(run));
    expect(thrownBy(() => stdout(run))).toBeInstanceOf(RunStop);
    call(held[0], Symbol.dispose);
    call(stdout(run), 'write', bytes('room'));
    expect(run.text('stdout')).toBe('room');
  });
});
