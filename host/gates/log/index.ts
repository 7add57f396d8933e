import type { ObligationName } from '../../contracts/decision.ts';
import type { Gate } from '../../contracts/gate.ts';
import { sealInterface } from '../../contracts/guest-import.ts';
import type { LogSink } from '../../contracts/log-sink.ts';
import type { RunLimits } from '../../contracts/limits.ts';
import type { ServedInterface } from '../../contracts/served-interface.ts';
import type { Pipeline } from '../../enforcement/enforce.ts';
import type { LogConfig } from './config.ts';
import { createLogDriver } from './driver.ts';
import { LOG_WRITE, parseLogIntention, parseWrite } from './request.ts';
import { valueOrThrow } from './wit-error.ts';

/** The actions of this gate. */
export const ACTIONS: readonly string[] = [LOG_WRITE];

/** Its row of the import matrix. */
export const LOG_INTERFACE: ServedInterface = {
  name: 'sallyport:agent/log',
  versions: ['0.1.0'],
  servedBy: 'log',
  functions: [{ name: 'write', waits: false }],
};

/** What the log gate needs. */
export interface LogGateDeps {
  readonly pipeline: Pipeline;
  readonly config: LogConfig;
  readonly sink: LogSink;
  readonly limits: Pick<RunLimits, 'logBytes'>;
}

const DISCHARGES: ReadonlySet<ObligationName> = new Set();

/** The gate of `wit/log.wit` for one run. */
export function createLogGate({ pipeline, config, sink, limits }: LogGateDeps): Gate {
  const driver = createLogDriver({ sink, redeem: pipeline.redeem, logBytes: limits.logBytes });

  /** `write: func(level: level, message: string) -> result<_, error>` */
  function write(level: string, message: string): void {
    const enforced = pipeline.enforceNow({
      capability: 'log',
      discharges: DISCHARGES,
      parse: () => parseWrite(level, message, config.maxLineBytes),
      perform: driver,
    });
    valueOrThrow(enforced, limits.logBytes);
  }

  return Object.freeze({
    capability: 'log',
    discharges: DISCHARGES,
    imports: new Map([[LOG_INTERFACE.name, sealInterface({ write })]]),
    intention: parseLogIntention,
    close: () => undefined,
  });
}
