import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openHost } from '../../../host/index.ts';
import { MAX_ROWS } from '../../../host/policy/policy-file.ts';

/** Opens a host under a policy file that `write` makes. */
function open(write: (file: string) => void): ReturnType<typeof openHost> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-large-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'sallyport.yaml'), 'version: 1\nagents: { a: { component: agent.wasm } }\n');
  write(join(directory, 'policy', 'policy.csv'));
  return openHost({ configuration: 'sallyport.yaml', workingDirectory: directory });
}

const links = (count: number): string =>
  Array.from({ length: count }, (_, n) => `g, agent:a${n}, role:r${n % 500}\n`).join('');

it('a policy of two gigabytes on one line is refused with the number, before any of it is read', async () => {
  const before = process.memoryUsage().rss;
  const opening = open((file) => {
    writeFileSync(file, '');
    truncateSync(file, 2 ** 31);
  });
  await expect(opening).rejects.toMatchObject({ code: 'ERR_POLICY_READ', message: expect.stringContaining('2147483648 bytes; the limit is 268435456') as unknown }); // prettier-ignore
  expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
});

it('a policy may have as many roles to give as rows, and not one more', async () => {
  const host = await open((file) => writeFileSync(file, links(MAX_ROWS)));
  expect(host.policyStatus().policy.generation).toBe(1);
  await host.close();
  const opening = open((file) => writeFileSync(file, links(MAX_ROWS + 1)));
  await expect(opening).rejects.toMatchObject({
    code: 'ERR_POLICY_INVALID',
    hints: [expect.stringMatching(/:250001:1: a policy has at most 250000 rows, and this one has 250001$/)],
  });
}, 60_000);
