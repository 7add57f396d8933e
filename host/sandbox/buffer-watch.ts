import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Watches the buffers outside the JavaScript heap of this cell, which no engine limit bounds. */
export interface BufferWatch {
  /** Told what crosses the border: whatever the host holds for a guest came that way. */
  carried(bytes: number): void;
}

/** Calls `full` when the cell holds more than `most` bytes. Looked at each time that an eighth of them has crossed. */
export function createBufferWatch(most: number, full: (message: string) => void): BufferWatch {
  const step = most / 8;
  let unseen = 0;
  return Object.freeze({
    carried(bytes: number): void {
      unseen += bytes;
      if (unseen < step) return;
      unseen = 0;
      if (heldBytes() <= most) return;
      collectGarbage(); // what the calls before this one have left behind is not held
      const held = heldBytes();
      if (held > most) full(`the cell holds ${held} bytes of buffers for the agent; the limit is ${most}`);
    },
  });
}

const heldBytes = (): number => process.memoryUsage().arrayBuffers; // of this thread

/** The engine gives its collector to new contexts only while the flag is set; no other code gets to see it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void; // the flag above puts it there
  setFlagsFromString('--no-expose-gc');
  collect();
}
