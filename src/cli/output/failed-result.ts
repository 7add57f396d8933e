import { EXIT, type HostError, type RunResult, type RunStatus } from '../../../host/index.ts';

/** The result of a run that could not start: what `run --json` prints then. */
export function failedResult(error: HostError): RunResult {
  return {
    run: null,
    status: statusOf(error),
    error: { code: error.code, message: error.message },
    decisions: { allow: 0, deny: 0, pending: 0 },
    usage: { wallMs: 0, cpuMs: 0, peakLinearMemoryBytes: 0, hostCalls: 0 },
    cell: null,
    program: null,
    component: null,
    policy: null,
    audit: null,
  };
}

/** The status that stands for an error of the host. */
export function statusOf(error: HostError): RunStatus {
  switch (error.exit) {
    case EXIT.denied:
      return 'denied';
    case EXIT.limit:
      return 'limit';
    case EXIT.hostFault:
      return 'host-fault';
    default:
      return 'invalid';
  }
}
