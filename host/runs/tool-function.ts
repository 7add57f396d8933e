import { HostError } from '../contracts/errors.ts';
import type { Principal } from '../contracts/principal.ts';
import type { Json } from '../contracts/request.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import type { ToolConfig } from '../gates/tool-exec/config.ts';
import type { FunctionCall, FunctionEnd } from '../gates/tool-exec/tool-supervisor.ts';
import { resultText } from './result-text.ts';

/** Who calls a function, and until when. Nothing in here can be used to reach the host. */
export interface ToolCallContext {
  readonly principal: Principal;
  readonly purpose?: string;
  /** The id of the run. */
  readonly run: string;
  /** The decision that allowed the call: it is in the record of the run. */
  readonly decision: string;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/**
 * A function of the embedding program, offered as a tool. It gets arguments that fit the tool's schema and that the
 * policy has allowed, and returns a text or any JSON. It runs in the thread of the program.
 */
export type ToolFunction = (toolArguments: { readonly [name: string]: Json }, context: ToolCallContext) => unknown; // a promise or a value: whatever it is, it is checked

/** Functions by the name of their tool. */
export type ToolFunctions = ReadonlyMap<string, ToolFunction>;

/** Throws `ERR_CONFIG_INVALID` unless exactly the functions that are declared as tools are given. */
export function checkFunctions({ tools }: ToolConfig, functions: ToolFunctions): void {
  const declared = tools.filter(({ kind }) => kind === 'function').map(({ name }) => name);
  const unknown = [...functions.keys()].find((name) => !declared.includes(name));
  if (unknown !== undefined) {
    const text = `a function is given for \`${unknown}\`, which is not declared as a tool of kind \`function\``;
    throw new HostError('ERR_CONFIG_INVALID', `${text}${didYouMean(unknown, declared)}`);
  }
  const missing = declared.find((name) => typeof functions.get(name) !== 'function');
  if (missing === undefined) return;
  const hints = [
    `give it: openHost({ functions: { '${missing}': async (toolArguments, context) => … } })`,
    'the command line has no functions: such a configuration is run by a program of your own',
  ];
  throw new HostError('ERR_CONFIG_INVALID', `the tool \`${missing}\` is a function, and no function is given`, {
    hints,
  });
}

const TOO_LATE = Symbol('too late');

/** Calls a function. Never rejects, and settles soon after the signal; `onError` is for the operator alone. */
export async function callToolFunction(
  call: FunctionCall,
  perform: ToolFunction,
  context: ToolCallContext,
  onError: (error: unknown) => void,
): Promise<FunctionEnd> {
  const { signal } = context;
  const late = Promise.withResolvers<typeof TOO_LATE>();
  const end = (): void => late.resolve(TOO_LATE);
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) return { status: 'timed-out' };
    // `JSON.parse` answers `any`; the gate has made the text from an object.
    const toolArguments = JSON.parse(call.arguments) as { readonly [name: string]: Json };
    const result = await Promise.race([perform(toolArguments, Object.freeze({ ...context })), late.promise]);
    return result === TOO_LATE ? { status: 'timed-out' } : resultText(result, call.mostBytes);
  } catch (error) {
    onError(error);
    return { status: 'failed', code: 'threw' };
  } finally {
    signal.removeEventListener('abort', end);
  }
}
