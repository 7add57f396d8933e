import { z } from 'zod';
import type { GateConfig } from '../../contracts/gate-config.ts';

/** The part `log` of `sallyport.yaml`, as it is written. */
export interface RawLogConfig {
  readonly maxLineBytes?: number | undefined;
}

/** The part `log`, ready for the gate. */
export interface LogConfig {
  /** The longest message of one line, in bytes of UTF-8. */
  readonly maxLineBytes: number;
}

const DEFAULT_LINE_BYTES = 4096;

const schema = z
  .strictObject({
    maxLineBytes: z
      .int()
      .min(1)
      .max(65_536)
      .optional()
      .describe('The longest message of one log line, in bytes of UTF-8; 4096 if it is left out.'),
  })
  .describe('Lines that agents write for the operator.');

/** The configuration of the log gate. */
export const logConfig: GateConfig<RawLogConfig, LogConfig> = {
  key: 'log',
  schema,
  absent: {},
  resolve: ({ maxLineBytes }) => ({ maxLineBytes: maxLineBytes ?? DEFAULT_LINE_BYTES }),
};
