import { EXIT, type ExitCode } from './exit-code.ts';

/** Whose fault an error is. */
export type Blame = 'guest' | 'operator' | 'upstream' | 'host';

interface ErrorKind {
  readonly blame: Blame;
  readonly exit: ExitCode;
  readonly meaning: string;
}

/** Every error that the host itself raises: one row each. ERRORS.md is made from this table. */
export const HOST_ERRORS = {
  ERR_USAGE: { blame: 'operator', exit: EXIT.usage, meaning: 'the command line does not fit' },
  ERR_CONFIG_READ: { blame: 'operator', exit: EXIT.invalid, meaning: 'the configuration file cannot be read' },
  ERR_CONFIG_INVALID: { blame: 'operator', exit: EXIT.invalid, meaning: 'the configuration does not fit its schema' },
  ERR_POLICY_READ: { blame: 'operator', exit: EXIT.invalid, meaning: 'a policy file cannot be read' },
  ERR_POLICY_INVALID: {
    blame: 'operator',
    exit: EXIT.invalid,
    meaning: 'the policy has an error; nothing runs under it',
  },
  ERR_POLICY_TEST: {
    blame: 'operator',
    exit: EXIT.invalid,
    meaning: 'a test of the policy fails, or does not fit its form',
  },
  ERR_POLICY_STORE: { blame: 'operator', exit: EXIT.invalid, meaning: 'the versions of the policy cannot be kept' },
  ERR_COMPONENT_READ: { blame: 'operator', exit: EXIT.invalid, meaning: 'the component file cannot be read' },
  ERR_COMPONENT_INVALID: { blame: 'guest', exit: EXIT.invalid, meaning: 'the file is not a component that can be run' },
  ERR_COMPONENT_REFUSED: {
    blame: 'guest',
    exit: EXIT.denied,
    meaning: 'the component asks for something that no gate serves',
  },
  ERR_COMPONENT_DIGEST: {
    blame: 'operator',
    exit: EXIT.denied,
    meaning: 'the component is not the one that the configuration pins',
  },
  ERR_PREPARE_FAILED: { blame: 'host', exit: EXIT.hostFault, meaning: 'the component could not be prepared' },
  ERR_PREPARE_LIMIT: {
    blame: 'guest',
    exit: EXIT.limit,
    meaning: 'preparing the component took too much time or memory',
  },
  ERR_TOOLCHAIN_MISSING: {
    blame: 'operator',
    exit: EXIT.invalid,
    meaning: 'a tool that the build needs is not installed',
  },
  ERR_BUILD_FAILED: { blame: 'operator', exit: EXIT.agentError, meaning: 'the guest does not build' },
  ERR_INPUT_INVALID: { blame: 'operator', exit: EXIT.usage, meaning: 'the input cannot be given to an agent' },
  ERR_SECRET_UNAVAILABLE: {
    blame: 'operator',
    exit: EXIT.invalid,
    meaning: 'a secret that the run needs cannot be had',
  },
  ERR_AUDIT_APPEND: {
    blame: 'host',
    exit: EXIT.denied,
    meaning: 'the audit record cannot be written, so nothing may happen',
  },
  ERR_AUDIT_READ: { blame: 'operator', exit: EXIT.invalid, meaning: 'the audit record cannot be read' },
  ERR_APPROVAL_STORE: {
    blame: 'operator',
    exit: EXIT.invalid,
    meaning: 'questions to people and their answers cannot be kept or read',
  },
  ERR_APPROVAL_REFUSED: { blame: 'operator', exit: EXIT.denied, meaning: 'the question cannot be answered so' },
  ERR_BUDGET_STORE: { blame: 'operator', exit: EXIT.invalid, meaning: 'the counters of budgets cannot be read' },
  ERR_CANCELLED: { blame: 'operator', exit: EXIT.agentError, meaning: 'the run was cancelled' },
  ERR_PLATFORM: {
    blame: 'host',
    exit: EXIT.invalid,
    meaning: 'this platform cannot give a guarantee that the configuration needs',
  },
  ERR_GRANT: { blame: 'host', exit: EXIT.hostFault, meaning: 'a driver was given something that is not a live grant' },
  ERR_INTERNAL: { blame: 'host', exit: EXIT.hostFault, meaning: 'a fault of the host' },
} as const satisfies Record<string, ErrorKind>;
export type HostErrorCode = keyof typeof HOST_ERRORS;

/** Where in a file an error is; lines and columns from 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/**
 * An error of the host, for the operator. Its text says what to do; guests never see it. Messages start in lower case,
 * have no full stop, and put input in backticks.
 */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: HostErrorCode;
  /** More lines for the operator: the line to add, the command to run. */
  readonly hints: readonly string[];
  readonly position: SourcePosition | undefined;

  constructor(
    code: HostErrorCode,
    message: string,
    options: { hints?: readonly string[]; position?: SourcePosition; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.hints = options.hints ?? [];
    this.position = options.position;
  }

  get blame(): Blame {
    return HOST_ERRORS[this.code].blame;
  }

  get exit(): ExitCode {
    return HOST_ERRORS[this.code].exit;
  }
}
