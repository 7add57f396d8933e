/** How important a line of the agent is: the enum `level` of `wit/log.wit`. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where an agent's log lines go, for the operator. The text is escaped: it has no control characters and no line breaks. */
export interface LogSink {
  line(level: LogLevel, text: string): void;
}
