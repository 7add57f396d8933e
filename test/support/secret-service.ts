import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real keyring on a session bus of its own, in a temporary home. */
export interface SecretService {
  /** What a process needs to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Puts an entry in, as the tool of the system does. */
  store(attributes: readonly string[], value: string): void;
  /** Ends the keyring; the next one starts locked, and has nobody to ask. */
  lock(): Promise<void>;
  stop(): Promise<void>;
}

const PROGRAMS = ['dbus-daemon', 'gnome-keyring-daemon', 'secret-tool'];
const MISSING = 'no keyring can be run: `npm run toolchains` gets gnome-keyring';

/** Why no keyring can be run here, for the name of a skipped test. Where `CI` is `true` nothing is skipped. */
export function noSecretService(): string | undefined {
  if (process.env['CI'] === 'true') return undefined;
  if (!PROGRAMS.every(isThere)) return MISSING;
  try {
    createRequire(import.meta.url).resolve('@napi-rs/keyring');
    return undefined;
  } catch {
    return 'the optional package @napi-rs/keyring is not installed';
  }
}

const isThere = (program: string): boolean =>
  (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));

/** Starts one, unlocked. */
export async function startSecretService(): Promise<SecretService> {
  if (!PROGRAMS.every(isThere)) throw new Error(MISSING);
  const home = mkdtempSync(join(tmpdir(), 'sallyport-keyring-'));
  const runtime = join(home, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  const address = `unix:path=${join(runtime, 'bus')}`;
  const env = { HOME: home, XDG_RUNTIME_DIR: runtime, DBUS_SESSION_BUS_ADDRESS: address };
  const all = { PATH: process.env['PATH'] ?? '', ...env };
  const configuration = join(home, 'bus.conf');
  writeFileSync(configuration, busWithoutServices(address));
  const bus = spawn('dbus-daemon', [`--config-file=${configuration}`, '--nofork', '--nopidfile'], {
    env: all,
    stdio: 'ignore',
  });
  await until(() => existsSync(join(runtime, 'bus')));

  const ask = (args: readonly string[], input = '') =>
    spawnSync('secret-tool', args, { env: all, input, encoding: 'utf8', timeout: 10_000 });
  function startKeyring(password?: string): ChildProcess {
    const mode = password === undefined ? '--start' : '--unlock';
    const child = spawn('gnome-keyring-daemon', ['--foreground', mode, '--components=secrets'], {
      env: all,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.stdin.end(password ?? '');
    return child;
  }
  let keyring = startKeyring('the password of a test');
  const store = (attributes: readonly string[], value: string): boolean =>
    ask(['store', '--label=test', ...attributes], value).status === 0;
  await until(() => store(['service', 'start', 'username', 'start'], 'a value to start with'));

  return {
    env,
    store(attributes, value) {
      if (!store(attributes, value)) throw new Error('the keyring did not take a value');
    },
    async lock() {
      await ended(keyring);
      keyring = startKeyring();
    },
    async stop() {
      await ended(keyring);
      await ended(bus);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A bus that starts nothing by itself: a second keyring would be locked, and wait for somebody. */
const busWithoutServices = (address: string): string => `<busconfig>
  <type>session</type>
  <listen>${address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
`;

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if (holds()) return;
    await sleep(50);
  }
  throw new Error('the keyring did not start');
}
