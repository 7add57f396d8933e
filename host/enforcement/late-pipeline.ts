import { HostError } from '../contracts/errors.ts';
import type { Pipeline } from './enforce.ts';

/** A pipeline for gates that are made before it is known for which run. Until then nothing passes it. */
export interface LatePipeline {
  readonly pipeline: Pipeline;
  /** Puts the run's own in its place. Once: gates serve one run. */
  seat(own: Pipeline): void;
}

/** Makes a pipeline that passes everything on to the one that comes later. */
export function createLatePipeline(): LatePipeline {
  let current: Pipeline | undefined;
  const own = (): Pipeline => {
    if (current === undefined) throw new HostError('ERR_INTERNAL', 'a gate was used before its run began');
    return current;
  };
  const pipeline: Pipeline = {
    enforce: (effect) => own().enforce(effect),
    enforceNow: (effect) => own().enforceNow(effect),
    check: (parsed, discharges) => own().check(parsed, discharges),
    refuse: (action, resource, reason) => own().refuse(action, resource, reason),
    redeem: (grant) => own().redeem(grant),
    auditFailed: () => own().auditFailed(),
  };
  return Object.freeze({
    pipeline: Object.freeze(pipeline),
    seat(given: Pipeline): void {
      if (current !== undefined) throw new HostError('ERR_INTERNAL', 'gates serve one run');
      current = given;
    },
  });
}
