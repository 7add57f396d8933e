import { describe, expect, it } from 'vitest';
import { GUEST_LANGUAGES } from '../../src/build/language.ts';
import { guest, reasonToSkip } from '../support/guests.ts';
import { runComponent } from './component-run.ts';
import { createScriptedHost } from './scripted-host.ts';

const skips = new Map(await Promise.all(GUEST_LANGUAGES.map(async (one) => [one, await reasonToSkip(one)] as const)));

for (const language of GUEST_LANGUAGES) {
  const reason = skips.get(language);
  const name = reason === undefined ? language : `${language} (skipped: ${reason})`;
  describe.skipIf(reason !== undefined)(`the hello example in ${name}`, { timeout: 600_000 }, () => {
    it('reads one file, writes one line and greets', async () => {
      const host = createScriptedHost({ api: 'http://127.0.0.1:8787' });
      try {
        const component = await guest('hello', language);
        expect(await runComponent(component, host.imports, 'Zoë')).toBe('Grüße, Zoë!');
        expect(host.calls).toEqual([
          ['fs.read', '/workspace/greeting.txt', undefined],
          ['log.write', 'info', 'greeting Zoë'],
        ]);
      } finally {
        host.close();
      }
    });
  });
}
