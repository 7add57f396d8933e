import type { Adapter, Functions } from './adapter.ts';
import { fail } from './errno.ts';
import { nanoseconds } from './file-status.ts';

/** `clockid`. There is no clock for CPU time: `inval`, as the specification has it for clocks that are not supported. */
export const CLOCK = Object.freeze({ realtime: 0, monotonic: 1 });

export function createClocks({ view, wasi }: Adapter): Functions {
  function resolutionOf(id: number): bigint {
    if (id === CLOCK.realtime) return nanoseconds(wasi('wasi:clocks/wall-clock#resolution'));
    return id === CLOCK.monotonic ? wasi('wasi:clocks/monotonic-clock#resolution') : fail('inval');
  }

  function timeOf(id: number): bigint {
    if (id === CLOCK.realtime) return nanoseconds(wasi('wasi:clocks/wall-clock#now'));
    return id === CLOCK.monotonic ? wasi('wasi:clocks/monotonic-clock#now') : fail('inval');
  }

  return {
    clock_res_get(given) {
      const result = view.place(given.u32(1), 8, 8);
      view.setU64(result, resolutionOf(given.u32(0)));
    },
    clock_time_get(given) {
      const result = view.place(given.u32(2), 8, 8);
      view.setU64(result, timeOf(given.u32(0)));
    },
  };
}
