import { describe, expect, it } from 'vitest';
import { createBufferWatch } from '../../host/sandbox/buffer-watch.ts';
import { cross } from './support/calls.ts';

const MIB = 1_048_576;

describe('buffers that a cell holds outside its heap', () => {
  const heldNow = process.memoryUsage().arrayBuffers;

  it('are told when they are more than the limit', () => {
    const told: string[] = [];
    const watch = createBufferWatch(heldNow + 32 * MIB, (message) => told.push(message));
    const held: Uint8Array[] = [];
    for (let count = 0; count < 64 && told.length === 0; count++) {
      held.push(new Uint8Array(MIB));
      watch.carried(heldNow + 32 * MIB); // as if much had crossed: it looks each time
    }
    expect(told[0]).toMatch(/^the cell holds \d+ bytes of buffers for the agent; the limit is \d+$/);
    expect(held.length).toBeGreaterThan(24);
  });

  it('are not told where nobody holds them any more', () => {
    const told: string[] = [];
    const watch = createBufferWatch(heldNow + 96 * MIB, (message) => told.push(message));
    for (let count = 0; count < 256; count++) {
      new Uint8Array(MIB).fill(1);
      watch.carried(heldNow + 96 * MIB);
    }
    expect(told).toEqual([]);
  });
});

describe('what calls carry', () => {
  it('is added up over the run, each way', () => {
    const crossed = cross(
      { send: () => undefined, ask: () => 'x'.repeat(600) },
      { functions: ['send', 'ask'] },
      {
        bytesIn: 1000,
        bytesOut: 1000,
      },
    );
    crossed.call('send', 'x'.repeat(600));
    crossed.call('ask');
    expect(crossed.ended()).toBeUndefined();
    expect(() => crossed.call('send', 'x'.repeat(600))).toThrow();
    expect(crossed.ended()).toMatchObject({ kind: 'limit', limit: 'bytesOut' });
  });

  it('costs the heap of the host no more than a part of it for the items of lists', () => {
    const crossed = cross({}, {}, { heapBytes: 64 * MIB });
    crossed.calls.hold('x', 16 * MIB);
    expect(() => crossed.calls.hold('x', 16 * MIB + 1)).toThrow();
    expect(crossed.ended()).toMatchObject({ kind: 'limit', limit: 'heapBytes' });
  });
});
