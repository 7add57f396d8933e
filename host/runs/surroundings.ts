import { basename } from 'node:path';
import type { AgentRun } from './agent-run-plan.ts';
import type { Given } from './given.ts';
import { HostError } from '../contracts/errors.ts';
import { escapeControl } from '../contracts/escape.ts';
import type { Artefact } from '../sandbox/artefact.ts';
import type { Surroundings } from '../wasi/cli.ts';

/** As many as the configuration may have. */
const MOST_ARGUMENTS = 1000;
const MOST_VARIABLES = 1000;
const MOST_BYTES = 1 << 20;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Refuses what no program can be given: a text with a zero byte ends early for whoever reads it in C (CWE-158). */
export function checkGiven({ arguments: args, environment }: Given): void {
  if (args.length > MOST_ARGUMENTS) throw usage(`a program is given at most ${MOST_ARGUMENTS} arguments`);
  if (environment.size > MOST_VARIABLES) throw usage(`a program is given at most ${MOST_VARIABLES} variables`);
  for (const name of environment.keys())
    if (!VARIABLE.test(name)) throw usage(`\`${escapeControl(name.slice(0, 80))}\` is not the name of a variable`);
  const texts = [...args, ...[...environment].flat()];
  if (texts.some((text) => text.includes('\0'))) throw usage('an argument or a variable holds a zero byte');
  if (texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > MOST_BYTES)
    throw usage(`arguments and variables have more than ${MOST_BYTES} bytes`);
}

/** What a program finds around it when it starts, and the input of `run` where it is an agent. */
export interface Start {
  readonly input: string;
  readonly surroundings: Surroundings;
}

/** Puts together what configuration and caller give. Refuses what the program has no way to read. */
export function startOf(run: AgentRun, { program, imports }: Pick<Artefact, 'program' | 'imports'>): Start {
  const { agent, given, input, parent } = run;
  const reads = (iface: string): boolean => (imports[iface]?.functions.length ?? 0) > 0;
  const name = escapeControl(basename(run.component));
  if (given.stdin !== undefined && !reads('wasi:cli/stdin'))
    throw usage(
      `\`${name}\` does not read standard input${program === 'agent' ? '; an agent is given `--input`' : ''}`,
    );
  if ((given.arguments.length > 0 || given.environment.size > 0) && !reads('wasi:cli/environment'))
    throw usage(`\`${name}\` reads neither arguments nor variables`);
  const environment = [...new Map([...agent.env, ...given.environment])];
  if (program === 'agent') {
    const surroundings = { arguments: [...agent.args, ...given.arguments], environment, stdin: stdinOf(given) };
    return { input, surroundings };
  }
  // Another agent has only one way to hand something over; a person has a better one.
  if (input !== '' && parent === undefined)
    throw usage(`\`${name}\` is a WASI program: it takes no input; give it \`--stdin\`, or arguments behind \`--\``);
  const stdin = parent === undefined ? stdinOf(given) : Buffer.from(input);
  return { input: '', surroundings: { arguments: [name, ...agent.args, ...given.arguments], environment, stdin } };
}

const stdinOf = ({ stdin }: Given): Uint8Array => stdin ?? new Uint8Array();

const usage = (message: string): HostError => new HostError('ERR_USAGE', message);
