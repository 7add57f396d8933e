import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createClock } from '../../host/powers/clock.ts';
import { createRandom } from '../../host/powers/random.ts';

describe('the clock', () => {
  it('counts microseconds that never go back', () => {
    const clock = createClock();
    const looks = Array.from({ length: 1000 }, () => clock.monotonicUs());
    expect(looks).toEqual(looks.toSorted((a, b) => a - b));
  });

  it('has one start for all threads', async () => {
    const path = new URL('../../host/powers/clock.ts', import.meta.url).href;
    const script = `import(${JSON.stringify(path)}).then(({ createClock }) =>
      require('node:worker_threads').parentPort.postMessage(createClock().monotonicUs()))`;
    const before = createClock().monotonicUs();
    const worker = new Worker(script, { eval: true });
    const there = await new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    expect(there).toBeGreaterThan(before);
    expect(there).toBeLessThan(createClock().monotonicUs());
  });
});

describe('random bytes', () => {
  it('have the asked length and differ', () => {
    const random = createRandom();
    expect(random.bytes(32)).toHaveLength(32);
    expect(random.bytes(32)).not.toEqual(random.bytes(32));
    expect(random.bytes(0)).toHaveLength(0);
  });
});
