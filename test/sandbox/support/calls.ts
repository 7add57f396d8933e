import type { HostImports, HostInterface } from '../../../host/contracts/guest-import.ts';
import type { RunLimits } from '../../../host/contracts/limits.ts';
import type { GuestEnd } from '../../../host/contracts/run-end.ts';
import type { Artefact, ArtefactImport } from '../../../host/sandbox/artefact.ts';
import { classifyError } from '../../../host/sandbox/guest-error.ts';
import { createGuestValues, type GuestValues } from '../../../host/sandbox/guest-values.ts';
import { createHostCalls, type HostCalls } from '../../../host/sandbox/host-call.ts';
import { createGuards, createImportObject, type ImportObject } from '../../../host/sandbox/import-object.ts';
import { createLowering, type LowerImport } from '../../../host/sandbox/lowered-import.ts';
import { createMeter, type Meter } from '../../../host/sandbox/meter.ts';
import { createRunEnding } from '../../../host/sandbox/run-ending.ts';
import { LIMITS } from './cell.ts';

/** The import object of a run without an instance: the test takes the place of the glue. */
export interface Crossed {
  readonly imports: ImportObject;
  readonly calls: HostCalls;
  readonly lower: LowerImport;
  readonly meter: Meter;
  readonly ended: () => GuestEnd | undefined;
  /** Calls a member of `test:host/x`. */
  call(name: string, ...values: readonly unknown[]): unknown;
}

/** As in a run that has memory left. */
const classify = (error: Error): GuestEnd => classifyError(error, { pages: 1, budgetPages: 1000 });

export const IFACE = 'test:host/x';

export function artefactWith(imports: Readonly<Record<string, Partial<ArtefactImport>>>): Artefact {
  const whole = Object.entries(imports).map(([name, part]) => [
    name,
    { version: '1.0.0', functions: [], waits: [], classes: [], signatures: {}, ...part },
  ]);
  return {
    digest: `sha256:${'0'.repeat(64)}`,
    fuel: false,
    directory: '/nowhere',
    program: 'agent',
    glueSha256: '',
    modules: [],
    imports: Object.fromEntries(whole) as Artefact['imports'], // the parts are filled up a line above
    cached: true,
    prepareMs: 0,
  };
}

export function cross(given: HostInterface, wanted: Partial<ArtefactImport>, limits: Partial<RunLimits> = {}): Crossed {
  const artefact = artefactWith({ [IFACE]: wanted });
  const hostImports: HostImports = new Map([[IFACE, given]]);
  const meter = createMeter();
  const ending = createRunEnding(() => undefined);
  const guards = createGuards(artefact, hostImports, () => ({ calls, values }));
  const values: GuestValues = createGuestValues({
    guardOf: guards.byPrototype,
    onForged: () => {
      ending.end({ kind: 'trap', message: 'forged' });
      throw new Error('forged');
    },
    onHandles: (live) => calls.handles(live),
    counts: () => true,
  });
  const options = {
    limits: { ...LIMITS, ...limits },
    meter,
    ending,
    values,
    sampleMemory: () => undefined,
    isEarly: () => false,
    classify,
  };
  const calls: HostCalls = createHostCalls(options);
  const imports = createImportObject(artefact, hostImports, guards, calls);
  return {
    imports,
    calls,
    lower: createLowering(artefact, hostImports, { calls, values }),
    meter,
    ended: ending.ended,
    call: (name, ...args) => Reflect.apply(imports[IFACE]?.[name] as () => unknown, undefined, args) as unknown,
  };
}

/** What a call threw. */
export function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
