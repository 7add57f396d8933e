import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { KEYRING_EXIT } from '../../host/powers/keyring-exit.ts';
import { createSecretPowers } from '../../host/powers/secret-source.ts';
import { readSecret } from '../../host/secrets/reading.ts';
import { httpServer } from '../gates/http/loopback.ts';
import { makeAgentWorld } from '../support/agent-world.ts';
import { runCommand } from '../support/command-line.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { noSecretService, startSecretService, type SecretService } from '../support/secret-service.ts';

const VALUE = 'canary-7Qx9-keyring-value';
const powers = createSecretPowers();
const entry = (service: string, account: string) => ({ kind: 'keyring', service, account }) as const;

/** The value of an entry, or why there is none. */
async function read(service: string, account: string): Promise<string> {
  const answer = await readSecret('token', entry(service, account), new Set(['http']), powers);
  if (!('unavailable' in answer)) return answer.reveal();
  expect(answer.unavailable).not.toMatch(/canary|7Qx9/);
  return `none: ${answer.unavailable}`;
}

const why = noSecretService();
describe.skipIf(why !== undefined)(`the keyring of the system${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let service: SecretService;
  beforeAll(async () => {
    service = await startSecretService();
    service.store(['service', 'api.example.com', 'username', 'me'], VALUE);
    service.store(['service', 'api.example.com', 'username', 'lines'], `${VALUE}\n`);
    service.store(['service', 'api.example.com', 'username', 'short'], 'canary');
    service.store(['service', 'api.example.com', 'username', 'large'], VALUE.repeat(300));
    service.store(['service', 'twice', 'username', 'me', 'more', '1'], VALUE);
    service.store(['service', 'twice', 'username', 'me', 'more', '2'], VALUE);
  }, 60_000);
  afterAll(() => service.stop());
  beforeEach(() => {
    for (const [name, value] of Object.entries(service.env)) vi.stubEnv(name, value);
  });
  afterEach(() => vi.unstubAllEnvs());

  it('gives the value of an entry, by service and account', async () => {
    expect(await read('api.example.com', 'me')).toBe(VALUE);
    expect(await read('api.example.com', 'lines')).toBe(VALUE);
  });

  it('gives none for what is not there, is there twice, or cannot be used', async () => {
    expect(await read('api.example.com', 'you')).toBe(
      'none: the keyring has no entry of service `api.example.com` and account `you`',
    );
    expect(await read('twice', 'me')).toBe('none: the keyring has several entries of service `twice` and account `me`');
    expect(await read('api.example.com', 'short')).toContain('has fewer than 8 bytes');
    expect(await read('api.example.com', 'large')).toContain('has more than 4098 bytes');
    // Texts that mean something elsewhere are names of entries here.
    expect(await read('--help', '$(id)')).toContain('the keyring has no entry');
  });

  it('that does not answer in time is left', async () => {
    const late = await powers.keyring(entry('api.example.com', 'me'), { mostBytes: 100, timeoutMs: 1 });
    expect(late).toBe('the keyring did not answer within 1 ms: is it locked, and waiting for somebody?');
  });

  it('is read for a run, sent where it is bound to, and told nobody', async () => {
    const server = await httpServer((response, _request, { headers }) => response.end(headers.authorization));
    const world = makeAgentWorld({
      configuration: `version: 1
agents: { tester: { component: agent.wasm } }
secrets:
  token:
    from: { keyring: { service: api.example.com, account: me } }
    for: [{ http: { hosts: ["${server.origin}"], header: Authorization } }]
`,
      rows: [`p, agent:tester, http:GET, ${server.origin}/**, -, allow, log=full`],
    });
    try {
      const component = await inlineGuest(`
import { fetch } from 'sallyport:agent/http@0.1.0';
export const run = (url) => String.fromCharCode(...fetch({ method: 'get', url, headers: [], body: undefined, maxRedirects: undefined }).body);
`);
      const options = { cwd: world.directory, env: service.env };
      const { code, stdout, stderr } = await runCommand(['run', component, '--input', `${server.origin}/`], options);
      expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: '[secret]' });
      expect(server.requests[0]?.headers.authorization).toBe(VALUE);
      expect(stderr + readFileSync(world.records().at(-1) ?? '', 'utf8')).not.toContain('canary');
      const listed = await runCommand(['secrets', 'check'], options);
      expect(listed.stdout).toMatch(/^token +keyring api\.example\.com\/me .* yes/m);
      expect(listed.stdout).not.toContain('canary');
    } finally {
      world.remove();
    }
  }, 120_000);

  it('that is locked is an error, and so is one that cannot be reached', async () => {
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/not/there');
    expect(await read('api.example.com', 'me')).toContain('none: no keyring can be reached');
    vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', service.env['DBUS_SESSION_BUS_ADDRESS']);
    await service.lock();
    expect(await read('api.example.com', 'me')).toBe('none: the keyring is locked, and was not unlocked');
  }, 60_000);
});

describe('without the package of the keyring', () => {
  it('the process that asks says so, and nothing else', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sallyport-keyring-'));
    try {
      for (const name of ['keyring-child.ts', 'keyring-exit.ts'])
        copyFileSync(join(import.meta.dirname, '../../host/powers', name), join(folder, name));
      const end = spawnSync(process.execPath, ['--no-warnings', join(folder, 'keyring-child.ts'), 's', 'a'], {
        encoding: 'utf8',
      });
      expect(end).toMatchObject({ status: KEYRING_EXIT.noLibrary, stdout: '', stderr: '' });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
