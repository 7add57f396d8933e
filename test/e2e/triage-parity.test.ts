import { hash } from 'node:crypto';
import { readFileSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld } from '../../demo/world.ts';
import type { LoopbackServer } from '../../demo/loopback-server.ts';
import { startTicketApi } from '../../demo/ticket-api.ts';
import { openHost, verifyAudit, type CellKind, type RunResult } from '../../host/index.ts';
import { GUEST_LANGUAGES } from '../../src/build/language.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { guest, reasonToSkip } from '../support/guests.ts';
import { starlingGuest } from '../support/starling-guest.ts';

/** One agent, built by every toolchain, two engines for JavaScript, and run in every cell. */
const BUILDS = [...GUEST_LANGUAGES, 'js-starling'] as const;
type Build = (typeof BUILDS)[number];
/** A SQLite database would hold a shared thread, and is refused there: the agent asks for one that nobody has. */
type Database = 'sqlite' | 'none';
const databaseIn = (cell: CellKind): Database => (cell === 'shared' ? 'none' : 'sqlite');
const CASES = BUILDS.flatMap((build) => CELLS.map((cell) => ({ build, cell, database: databaseIn(cell) })));
/** What all others are compared with. */
const MODELS = (['sqlite', 'none'] as const).map((database) => ({ build: 'js', cell: 'thread', database }) as const);

interface Play {
  readonly build: Build;
  readonly cell: CellKind;
  readonly database: Database;
}
const keyOf = ({ build, cell, database }: Play): string => `${build} ${cell} ${database}`;

const sources = join(import.meta.dirname, '..', '..', 'guest-examples', 'triage', 'js', 'triage.js');
const componentOf = (build: Build): Promise<string> =>
  build === 'js-starling' ? starlingGuest(sources) : guest('triage', build);
const missing = async (build: Build): Promise<string | undefined> =>
  build === 'js-starling' ? undefined : reasonToSkip(build);

interface Played {
  readonly result: RunResult;
  readonly decisions: readonly string[];
  readonly report: string;
  readonly whole: boolean;
}

let api: LoopbackServer;
const directories: string[] = [];
const played = new Map<string, Played>();

/** The contract of all builds: the same sequence of (action, resource, decision, rules). */
function decisionsOf(path: string): string[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) => {
    const record = JSON.parse(line) as {
      type: string;
      action: string;
      resource: string;
      decision: { effect: string; reason?: string; rules: string[] };
    };
    if (record.type !== 'effect.intended' && record.type !== 'effect.denied') return [];
    const { effect, reason = '', rules } = record.decision;
    return [[record.action, record.resource, effect, reason, ...rules].join(' ')];
  });
}

/** The demonstration's configuration for one build in one cell. */
function configure(path: string, { cell, database }: Play, component: string): void {
  const text = readFileSync(path, 'utf8');
  const digest = `sha256:${hash('sha256', readFileSync(component), 'hex')}`;
  const pinned = text.replace('component: triage.wasm', `component: triage.wasm\n    digest: '${digest}'`);
  const held = database === 'sqlite' ? pinned : pinned.replace(/^databases:\n(?: .*\n)+/m, '');
  writeFileSync(path, `${held}\ncell: ${cell}\n`);
}

async function play(of: Play): Promise<Played> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-triage-'));
  directories.push(directory);
  const world = makeWorld({ directory, api: api.url });
  const component = await componentOf(of.build);
  configure(world.configuration, of, component);
  const host = await openHost({ configuration: world.configuration, workingDirectory: directory });
  const result = await host.run({ component, input: world.input });
  await host.close();
  const audit = result.audit ?? '';
  const { verification } = verifyAudit({ directory: world.auditDirectory, workingDirectory: directory }, audit);
  const report = result.status === 'ok' ? readFileSync(join(world.workspace, 'reports', 'triage.md'), 'utf8') : '';
  return { result, decisions: decisionsOf(audit), report, whole: verification.ok };
}

beforeAll(async () => {
  api = await startTicketApi({ host: '127.0.0.1', port: 0 });
  for (const of of [...MODELS, ...CASES])
    if (!played.has(keyOf(of)) && (await missing(of.build)) === undefined) played.set(keyOf(of), await play(of));
}, 900_000);

afterAll(async () => {
  await api.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describe.for(CASES)('triage in $build, in a $cell (database: $database)', (of) => {
  const { build, cell, database } = of;
  it('does its work and meets one denial per gate', async ({ skip }) => {
    const reason = await missing(build);
    skip(reason !== undefined, reason);
    const { result, whole } = played.get(keyOf(of))!;
    expect(result).toMatchObject({ status: 'ok', cell });
    const refused = [
      { gate: 'http', reason: 'no-rule' },
      { gate: 'fs', reason: 'forbidden-by-rule' },
      { gate: 'db', reason: 'no-rule' },
      { gate: 'tool-exec', reason: 'no-rule' },
    ];
    const denied = refused.filter(({ gate }) => gate !== 'db' || database !== 'none');
    expect(JSON.parse(result.output ?? '')).toMatchObject({ denied });
    expect(whole).toBe(true);
  });

  it('leaves the same decision log and the same report as in JavaScript, in a thread', async ({ skip }) => {
    const reason = await missing(build);
    skip(reason !== undefined, reason);
    const [here, there] = [played.get(keyOf(of))!, played.get(keyOf({ build: 'js', cell: 'thread', database }))!];
    expect(here.decisions).toEqual(there.decisions);
    expect(here.decisions.length).toBeGreaterThan(20);
    expect(here.report).toEqual(there.report);
  });
});
