import type { ExitCode, HostError } from '../../host/index.ts';
import type { Printer } from './output/human.ts';

/** Somebody who can be asked. */
export interface Terminal {
  /** Shows a text and reads one line; nothing where there is none to come, or once `signal` is aborted. */
  readonly ask: (text: string, signal: AbortSignal) => Promise<string | undefined>;
}

/** What a command may use. Nothing else of the process reaches it. */
export interface CommandContext {
  readonly printer: Printer;
  readonly workingDirectory: string;
  /** Aborts on Ctrl-C and on a request to end. */
  readonly signal: AbortSignal;
  /** At most `mostBytes` of it; the rest is left. */
  readonly readStandardInput: (mostBytes: number) => Promise<Uint8Array>;
  /** None where nobody sits before it. */
  readonly terminal?: Terminal;
  readonly debug: boolean;
}

export interface ArgumentSpec {
  /** In commander's notation: `<component>`, `[component]`. */
  readonly notation: string;
  readonly description: string;
}

export interface OptionSpec {
  /** In commander's notation: `--config <file>`. */
  readonly flags: string;
  readonly description: string;
  /** May be given more than once: the value is a list. */
  readonly repeats?: true;
}

/** One verb of the command line: data about it, and what it does. It calls the library and formats; it decides nothing. */
export interface CommandSpec {
  /** One or two words: `run`, `policy check`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments: readonly ArgumentSpec[];
  readonly options: readonly OptionSpec[];
  /** One or more lines. */
  readonly example: string;
  /** What is behind `--`; a verb without it has no `--`. */
  readonly passed?: string;
  /** What `--json` prints where the verb ended with an error; the error itself, if absent. */
  readonly failure?: (error: HostError) => unknown;
  /** `values` are the options as parsed, by camel-case name; each verb validates its own. `passed` is what is behind `--`. */
  run(
    context: CommandContext,
    args: readonly (string | undefined)[],
    values: unknown,
    passed: readonly string[],
  ): Promise<ExitCode>;
}

/** The options that every verb has. */
export const JSON_OPTION: OptionSpec = {
  flags: '--json',
  description: 'print JSON, and nothing else, on standard output',
};
export const CONFIG_OPTION: OptionSpec = {
  flags: '-c, --config <file>',
  description: 'the configuration (default: sallyport.yaml)',
};
