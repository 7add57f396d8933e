/**
 * The demonstration: a loopback API, a workspace, a database and a log are made from the data files in `demo/world`;
 * the triage agent is built in every language that this machine can build and run under `policies/triage`.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { openHost, readAudit, verifyAudit, type RunResult } from '../host/index.ts';
import { buildGuest } from '../src/build/build-guest.ts';
import { GUEST_LANGUAGES, type GuestLanguage as Language } from '../src/build/language.ts';
import { detectToolchains } from '../src/build/toolchains.ts';
import { createPrinter, table, untrusted } from '../src/cli/output/human.ts';
import { startTicketApi } from './ticket-api.ts';
import { makeWorld } from './world.ts';

const root = join(import.meta.dirname, '..');
const printer = createPrinter(process.stdout, process.stderr, process.env['NO_COLOR'] !== undefined);
const { line, style } = printer;
const LANGUAGES: readonly Language[] = GUEST_LANGUAGES;

interface Played {
  readonly language: Language;
  readonly result: RunResult;
  readonly ready: boolean;
}

/** Builds what can be built and says what was left out. */
async function buildAgents(directory: string): Promise<ReadonlyMap<Language, string>> {
  const toolchains = await detectToolchains();
  const built = new Map<Language, string>();
  for (const language of LANGUAGES) {
    const { available, howToGet } = toolchains[language];
    if (!available) {
      line(`${style.dim('left out')} ${language}: ${howToGet}`);
      continue;
    }
    const output = join(directory, `triage-${language}.wasm`);
    if (language === 'rust' && !existsSync(join(root, 'build', 'rust-target')))
      line(style.dim('rust: the first build on a machine compiles the standard library and takes some minutes'));
    const { bytes, ms } = await buildGuest({
      language,
      directory: join(root, 'guest-examples/triage', language),
      output,
    });
    line(`built ${language}: ${(bytes / 1024).toFixed(0)} KiB in ${(ms / 1000).toFixed(1)} s`);
    built.set(language, output);
  }
  return built;
}

/** Runs one build of the agent and prints what happened. */
async function play(language: Language, component: string, world: ReturnType<typeof makeWorld>): Promise<Played> {
  line();
  line(style.bold(`triage in ${language}`));
  const host = await openHost({ configuration: world.configuration, workingDirectory: root });
  // Collected as it happens: the record holds digests of arguments, and the row must not allow more than was denied.
  const missing = new Map<string, string>();
  const result = await host.run({
    agent: 'triage',
    component,
    input: world.input,
    onDecision: ({ action, resource, attributes }, agent) =>
      missing.set(`${action} ${resource}`, host.rowFor(agent, action, resource, attributes)),
  });
  line(untrusted(result.output ?? `${result.status}: ${result.error?.message ?? ''}`));
  if (result.audit === null) return { language, result, ready: false };
  const location = { directory: world.auditDirectory, workingDirectory: root };
  const { records } = readAudit(location, result.audit);
  const rows = records
    .filter(({ type }) => type === 'effect.intended' || type === 'effect.denied')
    .map(({ time, gate, action, resource, decision, rules }) => [
      time.slice(11, 23),
      gate,
      action,
      resource,
      decision,
      rules === '' ? `add: ${missing.get(`${action} ${resource}`) ?? ''}` : rules,
    ]);
  line();
  for (const row of table(['time', 'gate', 'action', 'resource', 'decision', 'rule, or the missing line'], rows))
    line(row);
  const { usage, decisions } = result;
  const { verification } = verifyAudit(location, result.audit);
  line();
  line(`${decisions.allow} allowed, ${decisions.deny} denied, ${usage.hostCalls} host calls`);
  line(
    `${usage.wallMs.toFixed(0)} ms, ${usage.cpuMs.toFixed(0)} ms of CPU, ${(usage.peakLinearMemoryBytes / (1 << 20)).toFixed(1)} MiB of linear memory`,
  );
  line(
    `audit record ${relative(root, result.audit)}: ${verification.ok ? style.good('verified') : style.bad('NOT whole')}`,
  );
  return { language, result, ready: verification.ok };
}

const directory = join(root, 'build', 'demo');
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const agents = await buildAgents(directory);
const api = await startTicketApi({ host: '127.0.0.1', port: 8787 });
const played: Played[] = [];
try {
  const world = makeWorld({ directory, api: api.url });
  for (const [language, component] of agents) played.push(await play(language, component, world));
} finally {
  await api.close();
}
line();
const failed = played.filter(({ result, ready }) => result.status !== 'ok' || !ready);
line(
  failed.length === 0
    ? style.good(`${played.length} agents ran under the same policy`)
    : style.bad(`failed: ${failed.map(({ language }) => language).join(', ')}`),
);
process.exitCode = failed.length === 0 && played.length > 0 ? 0 : 1;
