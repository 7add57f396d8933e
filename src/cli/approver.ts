import { HostError, type Manifest, type OperatorReply, type ShownQuestion } from '../../host/index.ts';
import type { CommandContext, Terminal } from './command.ts';
import type { HeldPrinter } from './output/held-printer.ts';
import { untrusted } from './output/human.ts';
import { durationText, questionLines } from './output/question.ts';

/** How questions to people are answered while a run goes on. */
const APPROVE_MODES = ['prompt', 'wait', 'auto-yes', 'auto-no'] as const;
export type ApproveMode = (typeof APPROVE_MODES)[number];

/** Reads `--approve`. */
export function approveMode(written: string | undefined): ApproveMode | undefined {
  const mode = APPROVE_MODES.find((known) => known === written);
  if (written !== undefined && mode === undefined)
    throw new HostError('ERR_USAGE', `\`--approve\` is one of ${APPROVE_MODES.join(', ')}, not \`${written}\``);
  return mode;
}

export interface ApproverOptions {
  /** `prompt` on a terminal and `wait` elsewhere, if absent. */
  readonly mode: ApproveMode | undefined;
  /** `user:NAME`: in whose name it is answered. */
  readonly as: readonly string[];
  readonly manifest: Pick<Manifest, 'approvers' | 'approvals'>;
  /** The person on whose behalf the agent runs. */
  readonly onBehalfOf: string | undefined;
  /** Of the configuration, as the operator wrote it. */
  readonly configuration: string;
}

type Answer = (question: ShownQuestion, answered: AbortSignal) => Promise<OperatorReply | undefined>;

/**
 * Makes what answers the questions of a run. While a question stands on the terminal, `hold` keeps everything else away from
 * it. Throws `ERR_USAGE` for names that have no say.
 */
export function createApprover(
  options: ApproverOptions,
  { printer, terminal }: Pick<CommandContext, 'printer' | 'terminal'>,
  hold: HeldPrinter['hold'],
): Answer {
  const { as, configuration } = options;
  checkNames(options);
  const mode = options.mode ?? (terminal === undefined ? 'wait' : 'prompt');
  if (mode === 'prompt' && terminal === undefined)
    throw new HostError('ERR_USAGE', '`--approve prompt` needs a terminal');
  const namesFor = ({ roles }: ShownQuestion): readonly string[] =>
    as.filter((name) => roles.some(({ people }) => people.includes(name)));

  function tellHow({ id, roles, leftMs }: ShownQuestion): void {
    const people = roles.map(({ name, people: may }) => `${name} (${may.join(', ')})`).join(' and ');
    printer.note(untrusted(`  waits ${durationText(leftMs)} for ${people}:`));
    printer.note(untrusted(`  sallyport approve show ${id} --config ${configuration}`));
    printer.note(untrusted(`  sallyport approve grant ${id} --config ${configuration} --as user:NAME`));
  }

  const prompt = terminal && createPrompt({ terminal, namesFor, note: printer.note, hold });
  return async (question, answered) => {
    switch (mode) {
      case 'auto-no':
        return { answer: 'no' };
      case 'auto-yes': {
        const by = namesFor(question);
        if (by.length > 0) return { answer: 'yes', by };
        tellHow(question);
        return undefined;
      }
      case 'prompt': {
        const reply = await prompt?.(question, answered);
        if (reply === undefined && !answered.aborted) tellHow(question);
        return reply;
      }
      case 'wait':
        tellHow(question);
        return undefined;
    }
  };
}

function checkNames({ mode, as, manifest, onBehalfOf }: ApproverOptions): void {
  if (mode === 'auto-yes' && as.length === 0)
    throw new HostError('ERR_USAGE', '`--approve auto-yes` needs the name of an approver: `--approve-as user:NAME`');
  const approvers = [...manifest.approvers.values()].flat();
  for (const name of as) {
    if (!approvers.includes(name))
      throw new HostError('ERR_USAGE', `\`${name}\` is no approver of the configuration`, {
        hints: [...new Set(approvers)],
      });
    if (name === onBehalfOf && !manifest.approvals.self)
      throw new HostError(
        'ERR_USAGE',
        `the agent runs on behalf of \`${name}\`: nobody approves what his own agent does`,
      );
  }
}

/** The most lines of one question on a terminal: the end of it must be seen. */
const MOST_LINES = 60;
const MOST_TRIES = 5;

interface PromptParts {
  readonly terminal: Terminal;
  readonly namesFor: (question: ShownQuestion) => readonly string[];
  readonly note: (text: string) => void;
  readonly hold: HeldPrinter['hold'];
}

/** Asks on a terminal, one question after the other. */
function createPrompt({ terminal, namesFor, note, hold }: PromptParts): Answer {
  let last: Promise<unknown> = Promise.resolve();

  async function whoSays(question: ShownQuestion, answered: AbortSignal): Promise<readonly string[]> {
    const known = namesFor(question);
    if (known.length > 0) return known;
    const people = [...new Set(question.roles.flatMap((role) => role.people))];
    for (let turn = 0; turn < MOST_TRIES; turn += 1) {
      const name = (await terminal.ask(untrusted(`in whose name? (${people.join(', ')}) `), answered))?.trim();
      if (name === undefined) return [];
      if (people.includes(name)) return [name];
    }
    return [];
  }

  async function ask(question: ShownQuestion, answered: AbortSignal): Promise<OperatorReply | undefined> {
    const lines = questionLines(question);
    for (const line of lines.slice(0, MOST_LINES)) note(line);
    if (lines.length > MOST_LINES)
      note(`… ${lines.length - MOST_LINES} more lines: \`sallyport approve show ${untrusted(question.id)}\` shows all`);
    const [first] = question.accesses;
    note(untrusted(`r covers every ${first?.action ?? ''} of the same resources by these rules in this run, whatever its arguments`)); // prettier-ignore
    for (let turn = 0; turn < MOST_TRIES; turn += 1) {
      const answer = (await terminal.ask('approve? y once, r for this run, n no: ', answered))?.trim().toLowerCase();
      if (answer === undefined || answered.aborted) return undefined;
      if (answer === 'n') return { answer: 'no' };
      if (answer !== 'y' && answer !== 'r') continue;
      const by = await whoSays(question, answered);
      return by.length === 0 ? undefined : { answer: 'yes', by, scope: answer === 'r' ? 'run' : 'once' };
    }
    return undefined;
  }

  return (question, answered) => {
    const mine = last.then(() => (answered.aborted ? undefined : hold(() => ask(question, answered))));
    last = mine.catch(() => undefined);
    return mine;
  };
}
