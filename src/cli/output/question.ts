import { escapeControl, type ShownQuestion } from '../../../host/index.ts';

/** So wide is a piece of a text that a guest chose: it does not reach the next line of a terminal, where it could pass for ours. */
const PIECE = 72;

/** What a question asks, and how it stands: one line each, in which nothing acts on a terminal. */
export function questionLines(question: ShownQuestion): readonly string[] {
  const { id, agent, component, callers, onBehalfOf, purpose, environment, accesses, rules, label } = question;
  const why = [
    ...(onBehalfOf.length === 0 ? [] : [`on behalf of ${onBehalfOf.join(', ')}`]),
    ...(purpose === undefined ? [] : [`purpose ${purpose}`]),
    ...(environment === undefined ? [] : [`environment ${environment}`]),
  ];
  const chain = callers.length === 0 ? [] : [`called by ${callers.toReversed().join(', called by ')}`];
  return [
    ...field('question', [id, standingOf(question)]),
    ...field('agent', [agent, component, ...chain]),
    ...(why.length === 0 ? [] : field('for', why)),
    ...field(
      'does',
      accesses.map(({ action, resource }) => `${action} ${resource}`),
    ),
    ...field('request', [...JSON.stringify(question.request, undefined, 2).split('\n'), ...unshown(question)]),
    ...(label === undefined ? [] : field('label', [label])),
    ...field(
      'rules',
      rules.map(({ file, line, row, id: rule }) => `${file}:${line ?? '?'}: ${row ?? rule}`),
    ),
    ...field('needs', needsOf(question)),
    ...field(
      'answers',
      question.votes.map(
        ({ by, answer, scope, at }) => `${by}: ${answer}${scope === 'run' ? ' for the run' : ''}, ${at}`,
      ),
    ),
  ];
}

/** How a question stands, in a few words. */
export function standingOf({ state, leftMs, waiting }: ShownQuestion): string {
  const left = `${durationText(leftMs)} left`;
  const who = waiting ? 'a run waits' : 'no run waits: one that asks the same can use the answer';
  switch (state) {
    case 'open':
      return `open, ${left}, ${who}`;
    case 'granted':
      return `granted, not used yet, ${left}, ${who}`;
    case 'used':
    case 'denied':
    case 'expired':
      return state;
  }
}

const unshown = ({ partial }: ShownQuestion): readonly string[] =>
  partial ? ['(not all of it is shown: a body that is still to come, or a masked value)'] : [];

const needsOf = ({ roles }: ShownQuestion): readonly string[] => [
  ...roles.map(
    ({ name, people, missing }) =>
      `${name}: ${people.join(' or ') || 'nobody may'}${missing ? ', nobody has yet' : ''}`,
  ),
  ...(roles.length > 1 ? ['(different people)'] : []),
];

const NAME = 10;

/** Values of one kind under its name: each on lines of its own, those that are too long in pieces. */
function field(name: string, values: readonly string[]): readonly string[] {
  const lines = values.flatMap((value) => piecesOf(escapeControl(value)));
  return lines.map((line, index) => `${(index === 0 ? name : '').padEnd(NAME)}${line}`);
}

function piecesOf(text: string): readonly string[] {
  const units = Array.from(text);
  if (units.length <= PIECE) return [text];
  return Array.from(
    { length: Math.ceil(units.length / PIECE) },
    (_, index) => `${index === 0 ? '' : '… '}${units.slice(index * PIECE, (index + 1) * PIECE).join('')}`,
  );
}

/** `2 h 5 min`, `40 s`. */
export function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
