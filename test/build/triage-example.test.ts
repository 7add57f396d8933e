import { describe, expect, it } from 'vitest';
import { GUEST_LANGUAGES, type GuestLanguage } from '../../src/build/language.ts';
import { guest, reasonToSkip } from '../support/guests.ts';
import { runComponent } from './component-run.ts';
import { createScriptedHost, type Call } from './scripted-host.ts';

const api = 'http://127.0.0.1:8787';
const input = JSON.stringify({ api, forbiddenHost: 'http://collector.example' });
const REPORT = '/workspace/reports/triage.md';

interface Played {
  readonly output: string;
  readonly calls: readonly Call[];
  readonly report: string | undefined;
  readonly lines: readonly string[];
}

const played = new Map<string, Promise<Played>>();

/** Runs the agent, once per language and verdict. */
function play(language: GuestLanguage, verdict: 'allow' | 'deny' = 'allow'): Promise<Played> {
  const key = `${language} ${verdict}`;
  const known = played.get(key) ?? playOnce(language, verdict);
  played.set(key, known);
  return known;
}

async function playOnce(language: GuestLanguage, verdict: 'allow' | 'deny'): Promise<Played> {
  const component = await guest('triage', language);
  const host = createScriptedHost({ api, verdict });
  try {
    const output = await runComponent(component, host.imports, input);
    return { output, calls: [...host.calls], report: host.written.get(REPORT), lines: [...host.lines] };
  } finally {
    host.close();
  }
}

const skips = new Map(await Promise.all(GUEST_LANGUAGES.map(async (one) => [one, await reasonToSkip(one)] as const)));
const nameOf = (language: GuestLanguage): string => {
  const reason = skips.get(language);
  return reason === undefined ? language : `${language} (skipped: ${reason})`;
};

for (const language of GUEST_LANGUAGES) {
  describe.skipIf(skips.get(language) !== undefined)(
    `the triage example in ${nameOf(language)}`,
    { timeout: 600_000 },
    () => {
      it('returns a summary that lists every refusal with its gate and reason', async () => {
        const { output } = await play(language);
        expect(JSON.parse(output)).toEqual({
          comments: 4,
          customers: 3,
          denied: [
            { gate: 'http', reason: 'no-rule' },
            { gate: 'fs', reason: 'forbidden-by-rule' },
            { gate: 'db', reason: 'no-rule' },
            { gate: 'tool-exec', reason: 'no-rule' },
          ],
          report: REPORT,
          tickets: 4,
        });
      });

      it('writes the report from ticket, customer, orders, runbook and log', async () => {
        const { report } = await play(language);
        await expect(report).toMatchFileSnapshot('triage-report.md');
      });

      it('does the same whether its folder is there or not', async () => {
        const { lines, report } = await play(language); // the scripted host answers `already-exists`
        expect(report).toBeDefined();
        expect(lines.filter((line) => line.includes('failed'))).toEqual(['warn fs failed: not-found']);
      });

      it('writes nothing that the check of the plan does not allow', async () => {
        const { output, calls } = await play(language, 'deny');
        expect(calls.filter(([name]) => name === 'fs.write')).toEqual([]);
        expect(calls.filter(([name, method]) => name === 'http.fetch' && method === 'post')).toHaveLength(1); // the forbidden one
        expect(JSON.parse(output)).toMatchObject({ comments: 0 });
      });
    },
  );
}

describe('the triage examples', { timeout: 600_000 }, () => {
  for (const language of ['rust', 'python'] as const) {
    it.skipIf(skips.get(language) !== undefined)(
      `make the same calls in JavaScript and in ${nameOf(language)}`,
      async () => {
        const [expected, actual] = [await play('js'), await play(language)];
        expect(actual).toEqual(expected);
      },
    );
  }
});
