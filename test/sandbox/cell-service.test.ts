import { describe, expect, it } from 'vitest';
import type { ToCell } from '../../host/sandbox/cell-message.ts';
import { createCellService, type CellServant } from '../../host/sandbox/cell-service.ts';

function service(serve: CellServant) {
  const sent: ToCell[] = [];
  const refused: string[] = [];
  let holds = 0;
  const made = createCellService({
    serve,
    send: (message) => sent.push(message),
    left: () => ({ wallMs: 10, cpuMs: 20, hostCalls: 30 }),
    charge: () => undefined,
    pause() {
      holds += 1;
      return () => (holds -= 1);
    },
    refuse: (text) => refused.push(text),
  });
  return { ...made, sent, refused, held: () => holds };
}
const ask = (id: number, timeoutMs = 1000) => ({ kind: 'ask', id, request: `r${id}`, timeoutMs }) as const;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never: CellServant = (_, { signal }) =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

describe('the requests of a cell', () => {
  it('are answered by their number', async () => {
    const { hear, sent } = service((request, { left }) => Promise.resolve([request, left().hostCalls]));
    hear(ask(1));
    hear(ask(2));
    await turn();
    expect(sent).toEqual([
      { kind: 'answer', id: 1, answered: true, answer: ['r1', 30] },
      { kind: 'answer', id: 2, answered: true, answer: ['r2', 30] },
    ]);
  });

  it('have no time that goes on while the servant lets them wait, and neither has the run', async () => {
    const waited = Promise.withResolvers<undefined>();
    const { hear, sent, held } = service(async (_, { signal, pause }) => {
      const resume = pause();
      await waited.promise;
      resume();
      return signal.aborted;
    });
    hear(ask(1, 5));
    await new Promise((resolve) => setTimeout(resolve, 20)); // longer than the request had
    expect(held()).toBe(1);
    waited.resolve(undefined);
    await turn();
    expect([sent, held()]).toEqual([[{ kind: 'answer', id: 1, answered: true, answer: false }], 0]);
  });

  it('say only that the servant failed, not how', async () => {
    const { hear, sent } = service(() => Promise.reject(new Error('secret')));
    hear(ask(1));
    await turn();
    expect(sent).toEqual([{ kind: 'answer', id: 1, answered: false }]);
  });

  it('have a time, and end with the run: nothing is answered then', async () => {
    const { hear, sent, close } = service(never);
    hear(ask(1, 5));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(sent).toEqual([{ kind: 'answer', id: 1, answered: true, answer: 'timed-out' }]);
    hear(ask(2));
    await close();
    hear(ask(3));
    await turn();
    expect(sent).toHaveLength(1);
  });

  it('are not done when their run is, until the servant is', async () => {
    const done = Promise.withResolvers<undefined>();
    const { hear, close } = service(() => done.promise);
    hear(ask(1));
    let closed = false;
    const closing = close().then(() => (closed = true));
    await turn();
    expect(closed).toBe(false);
    done.resolve(undefined);
    await closing;
  });

  it.each<[string, { id: number; timeoutMs: number }]>([
    ['a number that is taken', { id: 1, timeoutMs: 5 }],
    ['a number that is none', { id: 1.5, timeoutMs: 5 }],
    ['no time', { id: 2, timeoutMs: 0 }],
    ['a time that is none', { id: 2, timeoutMs: Number.NaN }],
  ])('end a run whose cell asks with %s', async (_, { id, timeoutMs }) => {
    const { hear, refused, close } = service(never);
    hear(ask(1));
    hear(ask(id, timeoutMs));
    expect(refused).toHaveLength(1);
    await close();
  });

  it('end a run whose cell asks for many things at once', async () => {
    const { hear, refused, close } = service(never);
    for (let id = 1; id <= 9; id++) hear(ask(id));
    expect(refused).toHaveLength(1);
    await close();
  });
});
