import { describe, expect, it } from 'vitest';
import { resultText } from '../../../host/runs/result-text.ts';
import { callToolFunction, type ToolFunction } from '../../../host/runs/tool-function.ts';

const MOST = 1000;
const NOT_JSON = { status: 'failed', code: 'not-json' };

const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;
const deep = JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown;

const call = (perform: ToolFunction, signal = new AbortController().signal, errors: unknown[] = []) =>
  callToolFunction(
    { tool: 'f', decision: 'run-x/1', timeoutMs: 1000, mostBytes: MOST, arguments: '{"a":1}' },
    perform,
    {
      principal: { agent: 'agent:a', roles: ['role:any'], component: 'sha256:x' },
      run: 'run-x',
      decision: 'run-x/1',
      signal,
    },
    (error) => errors.push(error),
  );

describe('T5 a function cannot flood its caller, nor hand over what is no data', () => {
  it.each<[string, unknown]>([
    ['a value that leads back to itself', cyclic],
    ['a value nested too deeply', deep],
    ['a BigInt', 1n],
    ['a BigInt inside', { a: [1n] }],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a number that JSON lacks', { a: Number.NaN }],
    ['an instance', new Map([['a', 1]])],
    ['bytes', new Uint8Array(4)],
    ['a date that is none', new Date(Number.NaN)],
    ['a hole in a list', [undefined]],
    [
      'a getter that throws',
      Object.defineProperty({}, 'a', {
        enumerable: true,
        get: () => {
          throw new Error('secret');
        },
      }),
    ],
    [
      'a proxy that throws',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('secret');
          },
        },
      ),
    ],
  ])('refuses %s', (_, value) => {
    expect(resultText(value, MOST)).toEqual(NOT_JSON);
  });

  it('refuses 100 MB, as a text, in a list and in names, without writing them', () => {
    const large = 'x'.repeat(100_000_000);
    const many = Array.from({ length: 1_000_000 }, () => 'x'.repeat(100));
    for (const value of [large, { a: large }, [large], { [large.slice(0, 1 << 20)]: 1 }, many])
      expect(resultText(value, MOST)).toEqual({ status: 'too-large' });
    expect(resultText('x'.repeat(MOST), MOST)).toMatchObject({ status: 'returned' });
  });

  it('stops a value that has no end', () => {
    const endless = new Proxy([], { get: (_, name) => (name === 'length' ? Infinity : 'x') });
    expect(resultText(endless, MOST)).toEqual({ status: 'too-large' });
  });

  it('writes names that stand for a prototype as names, and changes no prototype', () => {
    const value: unknown = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    expect(resultText(value, MOST)).toMatchObject({
      text: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
    });
    expect({}).not.toHaveProperty('polluted');
  });
});

describe('T6 a function cannot keep a run', () => {
  it('is not waited for once the time is over, whatever it does later', async () => {
    const time = new AbortController();
    const late = Promise.withResolvers<never>();
    const answer = call(() => late.promise, time.signal);
    time.abort();
    expect(await answer).toEqual({ status: 'timed-out' });
    late.reject(new Error('too late'));
    expect(await call(() => 'late', time.signal)).toEqual({ status: 'timed-out' });
  });

  it('keeps what it throws for the operator', async () => {
    const errors: unknown[] = [];
    const secret = new Error('the password is secret');
    const throwing: ToolFunction[] = [
      () => {
        throw secret;
      },
      () => Promise.reject(secret),
      () => Object.create(null, { then: { value: () => Promise.reject(secret), enumerable: true } }) as unknown,
    ];
    for (const perform of throwing.slice(0, 2))
      expect(await call(perform, undefined, errors)).toEqual({ status: 'failed', code: 'threw' });
    expect(errors).toEqual([secret, secret]);
  });

  it('gets nothing that reaches the host: who calls, and a signal', async () => {
    let given: unknown;
    await call((toolArguments, context) => {
      given = [toolArguments, Object.keys(context).sort(), Object.isFrozen(context)];
      return '';
    });
    expect(given).toEqual([{ a: 1 }, ['decision', 'principal', 'run', 'signal'], true]);
  });
});
