import type { ObligationName } from './decision.ts';
import type { HostImports } from './guest-import.ts';
import type { FileService } from './file-service.ts';
import type { HttpService } from './http-service.ts';
import type { Attributes, Capability, Parsed } from './request.ts';

/** What an agent says it intends to do (`policy.check`), and what an operator asks `policy explain` about. */
export interface Intention {
  readonly action: string;
  readonly resource: string;
  readonly attributes: Attributes;
}

/** What WASI shows to guests of gates, in interfaces of its own. */
export interface GateServices {
  readonly http?: HttpService;
  readonly files?: FileService;
}

/** One capability, ready for one run. */
export interface Gate {
  readonly capability: Capability;
  readonly discharges: ReadonlySet<ObligationName>;
  /** The interface as the instance sees it. */
  readonly imports: HostImports;
  readonly services?: GateServices;
  /** Brings an intention into the same canonical form that an attempt would have. */
  intention(intention: Intention): Parsed<unknown>;
  /** Ends everything that the run still holds: rolls back, closes, kills. Called once, whatever happened. */
  close(): void | Promise<void>;
}
