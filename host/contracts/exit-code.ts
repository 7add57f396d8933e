/** The exit codes of the command line. The numbers are part of its contract. */
export const EXIT = {
  ok: 0,
  agentError: 1,
  denied: 2,
  invalid: 3,
  limit: 4,
  usage: 64,
  hostFault: 70,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
