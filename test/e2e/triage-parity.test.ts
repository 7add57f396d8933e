import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld } from '../../demo/world.ts';
import { startTicketApi, type TicketApi } from '../../demo/ticket-api.ts';
import { openHost, verifyAudit, type RunResult } from '../../host/index.ts';
import { GUEST_LANGUAGES } from '../../src/build/language.ts';
import { guest, reasonToSkip } from '../support/guests.ts';
import { starlingGuest } from '../support/starling-guest.ts';

/** One agent, built by every toolchain: two engines for JavaScript. */
const BUILDS = [...GUEST_LANGUAGES, 'js-starling'] as const;
type Build = (typeof BUILDS)[number];

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

let api: TicketApi;
const directories: string[] = [];
const played = new Map<Build, Played>();

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

async function play(build: Build): Promise<Played> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-triage-'));
  directories.push(directory);
  const world = makeWorld({ directory, api: api.url });
  const host = await openHost({ configuration: world.configuration, workingDirectory: directory });
  const result = await host.run({ component: await componentOf(build), input: world.input });
  const audit = result.audit ?? '';
  const { verification } = verifyAudit({ directory: world.auditDirectory, workingDirectory: directory }, audit);
  const report = result.status === 'ok' ? readFileSync(join(world.workspace, 'reports', 'triage.md'), 'utf8') : '';
  return { result, decisions: decisionsOf(audit), report, whole: verification.ok };
}

beforeAll(async () => {
  api = await startTicketApi({ host: '127.0.0.1', port: 0 });
  for (const build of BUILDS) {
    if ((await missing(build)) === undefined) played.set(build, await play(build));
  }
}, 900_000);

afterAll(async () => {
  await api.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describe.for(BUILDS)('triage in %s', (build) => {
  it('does its work and meets one denial per gate', async ({ skip }) => {
    const reason = await missing(build);
    skip(reason !== undefined, reason);
    const { result, whole } = played.get(build)!;
    expect(result).toMatchObject({ status: 'ok', cell: 'thread' });
    expect(JSON.parse(result.output ?? '')).toMatchObject({
      denied: [
        { gate: 'http', reason: 'no-rule' },
        { gate: 'fs', reason: 'forbidden-by-rule' },
        { gate: 'db', reason: 'no-rule' },
        { gate: 'tool-exec', reason: 'no-rule' },
      ],
    });
    expect(whole).toBe(true);
  });

  it('leaves the same decision log and the same report as in JavaScript', async ({ skip }) => {
    const reason = await missing(build);
    skip(reason !== undefined, reason);
    expect(played.get(build)!.decisions).toEqual(played.get('js')!.decisions);
    expect(played.get(build)!.report).toEqual(played.get('js')!.report);
  });
});
