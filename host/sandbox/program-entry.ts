import type { Program } from '../contracts/program.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { RunLimits } from '../contracts/limits.ts';
import { COMMAND } from './component-check.ts';

/** Calls the one export of an instance that starts the program, and says how it came back. */
export async function callEntry(
  program: Exclude<Program, 'module'>,
  instance: unknown,
  input: string,
  limits: RunLimits,
): Promise<GuestEnd> {
  switch (program) {
    case 'agent':
      if (!hasRun(instance)) throw new Error('the instance does not export `run`');
      return toEnd(await instance.run(input), limits);
    case 'command':
      return runCommand(instance);
  }
}

/** The glue returns nothing for `ok` and throws nothing (`undefined`) for `err`: neither has a payload. */
async function runCommand(instance: unknown): Promise<GuestEnd> {
  const exported = Object.entries(typeof instance === 'object' && instance !== null ? instance : {});
  const command: unknown = exported.find(([name]) => COMMAND.test(name))?.[1];
  if (!hasRun(command)) throw new Error('the instance does not export `wasi:cli/run`');
  try {
    const returned = await command.run();
    return returned === undefined ? { kind: 'exit', code: 0 } : NO_RESULT;
  } catch (error) {
    if (error === undefined) return { kind: 'exit', code: 1 };
    if (error instanceof Error) throw error;
    return NO_RESULT;
  }
}

/** A component says itself which types its exports have. */
const NO_RESULT: GuestEnd = { kind: 'trap', message: '`wasi:cli/run` returned something else than a `result`' };

function toEnd(output: unknown, limits: RunLimits): GuestEnd {
  if (typeof output !== 'string') return { kind: 'fault', message: 'run returned something that is not a string' };
  if (output.length <= limits.callBytes) return { kind: 'ok', output };
  return {
    kind: 'limit',
    limit: 'callBytes',
    message: `the answer has ${output.length} characters; the limit is ${limits.callBytes} bytes`,
  };
}

function hasRun(value: unknown): value is { run(input?: string): unknown } {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';
}
