import { describe, expect, it } from 'vitest';
import { throwWit } from '../../host/contracts/guest-import.ts';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { cross, thrownBy } from './support/calls.ts';

const NEVER = Symbol('never');

/** Settles as the promise does, or with NEVER after everything that is due has happened. */
const soon = (promise: unknown): Promise<unknown> =>
  Promise.race([promise, new Promise((resolve) => setTimeout(resolve, 20, NEVER))]);

describe('a call of the guest', () => {
  it('passes arguments and answer, and is counted', () => {
    const run = cross(
      { addAll: (...values: number[]) => values.reduce((sum, value) => sum + value, 0) },
      { functions: ['add-all'] },
    );
    expect(run.call('addAll', 1, 2, 3)).toBe(6);
    expect(run.meter.hostCalls()).toBe(1);
    expect(run.ended()).toBeUndefined();
  });

  it('answers later only where that is declared', async () => {
    const run = cross(
      { f: () => Promise.resolve(7), g: () => Promise.resolve(7) },
      { functions: ['f', 'g'], waits: ['f'] },
    );
    await expect(run.call('f')).resolves.toBe(7);
    thrownBy(() => run.call('g'));
    expect(run.ended()).toEqual({
      kind: 'fault',
      message: '`test:host/x#g` answers later, but is declared to answer at once',
    });
  });

  it('lets nothing out but the payload of a WIT error', async () => {
    const thrown = Object.assign(Object.create({ secret: 1 }) as object, { payload: { tag: 'denied' }, secret: 2 });
    const fail = (): never => {
      throw thrown;
    };
    const run = cross({ f: fail, g: () => Promise.resolve().then(fail) }, { functions: ['f', 'g'], waits: ['g'] });
    expect(thrownBy(() => run.call('f'))).toEqual({ payload: { tag: 'denied' } });
    await expect(run.call('g')).rejects.toEqual({ payload: { tag: 'denied' } });
    expect(run.ended()).toBeUndefined();
  });

  it.each([
    ['an error', new Error('a secret')],
    ['an error with a payload', Object.assign(new Error('a secret'), { payload: 1 })],
    ['a text', 'a secret'],
    ['nothing', undefined],
    ['a record without payload', { tag: 'denied' }],
  ])('ends the run as a fault when the gate throws %s', (_, thrown) => {
    const fail = (): never => {
      throw thrown;
    };
    const run = cross({ f: fail }, { functions: ['f'] });
    const seen = thrownBy(() => run.call('f'));
    expect(seen).toMatchObject({ name: 'RunOver', message: 'the run has ended' });
    expect(run.ended()?.kind).toBe('fault');
  });

  it('leaves a guest that waits where it is when the run ends, and lets no other call through', async () => {
    let calls = 0;
    const run = cross(
      {
        f: () => {
          calls++;
          return Promise.reject(new Error('broken'));
        },
        g: () => calls++,
      },
      { functions: ['f', 'g'], waits: ['f'] },
    );
    expect(await soon(run.call('f'))).toBe(NEVER);
    expect(run.ended()?.kind).toBe('fault');
    expect(await soon(run.call('f'))).toBe(NEVER);
    expect(thrownBy(() => run.call('g'))).toMatchObject({ name: 'RunOver' });
    expect(calls).toBe(1);
  });

  it('ends the run as the gate says', async () => {
    const stop = (): never => {
      throw new RunStop({ kind: 'exit', code: 0 });
    };
    const run = cross({ f: stop }, { functions: ['f'] });
    thrownBy(() => run.call('f'));
    expect(run.ended()).toEqual({ kind: 'exit', code: 0 });
    const waiting = cross(
      { f: () => Promise.reject(new RunStop({ kind: 'exit', code: 1 })) },
      { functions: ['f'], waits: ['f'] },
    );
    expect(await soon(waiting.call('f'))).toBe(NEVER);
    expect(waiting.ended()).toEqual({ kind: 'exit', code: 1 });
  });

  it('keeps the first end', () => {
    const run = cross({ f: () => throwWit(1) }, { functions: ['f'] }, { hostCalls: 1 });
    thrownBy(() => run.call('f'));
    thrownBy(() => run.call('f'));
    thrownBy(() => run.call('f'));
    expect(run.ended()).toEqual({
      kind: 'limit',
      limit: 'hostCalls',
      message: 'the agent made more than 1 calls to the host',
    });
    expect(run.meter.hostCalls()).toBe(2);
  });

  it.each([
    ['in a text', 'x'.repeat(5000)],
    ['in a list of bytes', new Uint8Array(5000)],
    ['in many small values', Array.from({ length: 1000 }, () => '')],
    ['deep inside', { tag: 'a', val: [{ b: ['x'.repeat(5000)] }] }],
  ])('ends the run when far too much crosses: %s', (_, value) => {
    for (const given of [{ f: () => value }, { f: () => throwWit(value) }, { f: () => 0 }]) {
      const run = cross(given, { functions: ['f'] }, { callBytes: 1000 });
      thrownBy(() => run.call('f', value));
      expect(run.ended()).toMatchObject({ kind: 'limit', limit: 'callBytes' });
    }
    const answer = cross({ f: () => value }, { functions: ['f'] }, { callBytes: 1000 });
    thrownBy(() => answer.call('f'));
    expect(answer.ended()).toMatchObject({ kind: 'limit', limit: 'callBytes' });
  });

  it('lets through what a gate may want to refuse itself', () => {
    const run = cross({ f: () => 'ok' }, { functions: ['f'] }, { callBytes: 1000 });
    expect(run.call('f', 'x'.repeat(2000))).toBe('ok');
  });
});
