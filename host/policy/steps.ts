import type { Clock } from '../contracts/powers.ts';

/** Work that can be left and taken up again at each `yield`; between two of them it takes a millisecond or so. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** What doing work gradually needs: a clock, and a way to let everything else have its turn. */
export interface Pace {
  readonly clock: Pick<Clock, 'monotonicUs'>;
  readonly pause: () => Promise<void>;
}

/** How long the thread is held before all others have their turn. */
const SLICE_US = 5_000;

/** Does the work at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Does the same work with pauses, so that nothing else on the thread waits long for it. */
export async function finishGradually<Result>(steps: Steps<Result>, { clock, pause }: Pace): Promise<Result> {
  for (;;) {
    const until = clock.monotonicUs() + SLICE_US;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (clock.monotonicUs() < until);
    await pause();
  }
}
