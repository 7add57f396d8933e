import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeWorld } from '../../demo/world.ts';
import { startTicketApi, type TicketApi } from '../../demo/ticket-api.ts';
import { openHost, verifyAudit, type RunResult } from '../../host/index.ts';
import { GUEST_LANGUAGES, type GuestLanguage } from '../../src/build/language.ts';
import { guest, reasonToSkip } from '../support/guests.ts';

interface Played {
  readonly result: RunResult;
  readonly decisions: readonly string[];
  readonly report: string;
  readonly whole: boolean;
}

let api: TicketApi;
const directories: string[] = [];
const played = new Map<GuestLanguage, Played>();

/** The contract of the three builds: the same sequence of (action, resource, decision, rules). */
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

async function play(language: GuestLanguage): Promise<Played> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-triage-'));
  directories.push(directory);
  const world = makeWorld({ directory, api: api.url });
  const host = await openHost({ configuration: world.configuration, workingDirectory: directory });
  const result = await host.run({ component: await guest('triage', language), input: world.input });
  const audit = result.audit ?? '';
  const { verification } = verifyAudit({ directory: world.auditDirectory, workingDirectory: directory }, audit);
  const report = result.status === 'ok' ? readFileSync(join(world.workspace, 'reports', 'triage.md'), 'utf8') : '';
  return { result, decisions: decisionsOf(audit), report, whole: verification.ok };
}

beforeAll(async () => {
  api = await startTicketApi({ host: '127.0.0.1', port: 0 });
  for (const language of GUEST_LANGUAGES) {
    if ((await reasonToSkip(language)) === undefined) played.set(language, await play(language));
  }
}, 900_000);

afterAll(async () => {
  await api.close();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describe.for(GUEST_LANGUAGES)('triage in %s', (language) => {
  it('does its work and meets one denial per gate', async ({ skip }) => {
    const reason = await reasonToSkip(language);
    skip(reason !== undefined, reason);
    const { result, whole } = played.get(language)!;
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
    const reason = await reasonToSkip(language);
    skip(reason !== undefined, reason);
    expect(played.get(language)!.decisions).toEqual(played.get('js')!.decisions);
    expect(played.get(language)!.report).toEqual(played.get('js')!.report);
  });
});
