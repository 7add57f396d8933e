/**
 * The demonstration of two published policy sets: a trading desk, where what leaves is sanitised, what is material is held
 * back and a person approves; and two agents that are harmless alone. Real agents, against servers on the loopback interface.
 *
 * Usage: `npm run demo:trading -- [--approve auto-yes|auto-no|prompt]`. It ends with 0 if every step ended as the policy says.
 */
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { openHost, verifyAudit, type Host, type OperatorReply, type ShownQuestion } from '../host/index.ts';
import { buildGuest } from '../src/build/build-guest.ts';
import { createPrinter, table, untrusted } from '../src/cli/output/human.ts';
import { makeDesk, startParties, type Parties } from './trading/desk-world.ts';
import { actsOf, type Act, type Approving } from './trading/acts.ts';

const root = join(import.meta.dirname, '..');
const printer = createPrinter(process.stdout, process.stderr, process.env['NO_COLOR'] !== undefined);
const { line, style } = printer;
const MODES = ['auto-yes', 'auto-no', 'prompt'] as const;
type Mode = (typeof MODES)[number];

function modeOf(args: readonly string[]): Mode {
  const usual = process.stdin.isTTY ? 'prompt' : 'auto-no';
  const { approve = usual } = parseArgs({ args: [...args], options: { approve: { type: 'string' } } }).values;
  const mode = MODES.find((known) => known === approve);
  if (mode === undefined) throw new Error(`\`--approve\` is one of ${MODES.join(', ')}, not \`${approve}\``);
  return mode;
}

/** Shows a question, and has it answered: by whoever sits here, or as the mode says. */
async function answer(question: ShownQuestion, mode: Mode, answered: AbortSignal): Promise<OperatorReply | undefined> {
  const [by] = question.roles.flatMap(({ people }) => people);
  if (by === undefined) return undefined;
  line();
  line(style.bold(`  ${untrusted(question.agent)} asks, on behalf of ${untrusted(question.onBehalfOf.join(', '))}:`));
  for (const { action, resource } of question.accesses) line(`    ${untrusted(`${action} ${resource}`)}`);
  line(`    ${untrusted(JSON.stringify(question.request))}`);
  line(`    label ${untrusted(question.label ?? '-')}, purpose ${untrusted(question.purpose ?? '-')}`);
  for (const { row } of question.rules) line(style.dim(`    ${untrusted(row ?? '')}`));
  switch (mode) {
    case 'auto-yes':
      line(style.good(`  yes, says ${by} (--approve auto-yes)`));
      return { answer: 'yes', by };
    case 'auto-no':
      line(style.bad(`  no, says ${by} (--approve auto-no)`));
      return { answer: 'no', by };
    case 'prompt': {
      const terminal = createInterface({ input: process.stdin, output: process.stdout });
      try {
        const said = await terminal.question(`  You are ${by}. May it happen, once? [y/N] `, { signal: answered });
        return { answer: /^y(?:es)?$/i.test(said.trim()) ? 'yes' : 'no', by };
      } finally {
        terminal.close();
      }
    }
  }
}

/** Plays one act, and prints how each of its steps ended beside how it was meant to end. */
async function play(host: Host, act: Act, mode: Mode): Promise<boolean> {
  line();
  line(style.bold(act.title));
  const said: Approving = { yes: 0, no: 0 };
  const result = await host.run({
    agent: act.agent,
    component: act.component,
    input: JSON.stringify(act.input),
    onApproval: async (question, answered) => {
      const reply = await answer(question, mode, answered);
      if (reply !== undefined) said[reply.answer] += 1;
      return reply;
    },
  });
  if (result.status !== 'ok' || result.output === undefined || result.audit === null) {
    line(style.bad(untrusted(`${result.status}: ${result.error?.message ?? ''}`)));
    return false;
  }
  const steps = JSON.parse(result.output) as readonly (readonly [string, string])[]; // what the guest returns
  const wanted = act.expected(said);
  const rows = steps.map(([step, end], index) => [
    step,
    end === 'done' ? 'done' : `denied: ${end}`,
    wanted[index] === end ? 'as meant' : `expected ${wanted[index] ?? 'nothing'}`,
  ]);
  line();
  for (const row of table(['step', 'how it ended', ''], rows)) line(untrusted(row));
  const { verification } = verifyAudit({ directory: act.audit, workingDirectory: root }, result.audit);
  const label = result.label === undefined ? '' : `, label ${result.label}`;
  line(
    `record ${relative(root, result.audit)}: ${verification.ok ? style.good('verified') : style.bad('NOT whole')}${label}`,
  );
  return verification.ok && steps.length === wanted.length && steps.every(([, end], index) => wanted[index] === end);
}

/** What reached the parties, and whether it is what may reach them. */
function arrived(parties: Parties): boolean {
  line();
  line(style.bold('What the world saw'));
  for (const [party, { requests }] of Object.entries(parties))
    for (const { method, url, body } of requests) line(untrusted(`  ${party}: ${method} ${url} ${body}`.trimEnd()));
  const outside = [...parties.partner.requests, ...parties.blog.requests].map(({ body }) => body).join('\n');
  const leaks = ['@client.example', 'DE89', 'FR14', 'Falcon', 'merger', '+33 1 99'].filter((text) =>
    outside.includes(text),
  );
  line(
    leaks.length === 0 ? style.good('nothing that may not leave has left') : style.bad(`leaked: ${leaks.join(', ')}`),
  );
  return leaks.length === 0;
}

const mode = modeOf(process.argv.slice(2));
const directory = join(root, 'build', 'demo-trading');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const component = join(directory, 'desk.wasm');
const { bytes, ms } = await buildGuest({
  language: 'js',
  directory: join(root, 'guest-examples/desk/js'),
  output: component,
});
line(`built the agents: ${(bytes / 1024).toFixed(0)} KiB in ${(ms / 1000).toFixed(1)} s`);
const parties = await startParties();
const played: boolean[] = [];
try {
  for (const set of ['trading-desk', 'multi-agent'] as const) {
    const folder = join(directory, set);
    const configuration = makeDesk(set, folder, parties);
    // Agents that others call are found where the configuration says.
    for (const name of ['desk.wasm', 'agent.wasm']) copyFileSync(component, join(folder, name));
    const host = await openHost({ configuration, workingDirectory: root });
    const audit = join(folder, '.sallyport', 'audit');
    try {
      for (const act of actsOf(set, parties)) played.push(await play(host, { ...act, component, audit }, mode));
    } finally {
      await host.close();
    }
  }
  played.push(arrived(parties));
} finally {
  await Promise.all(Object.values(parties).map((party) => party.close()));
}
line();
const asMeant = played.every(Boolean);
line(
  asMeant ? style.good('every step ended as the policy says') : style.bad('something did not end as it was meant to'),
);
process.exitCode = asMeant ? 0 : 1;
