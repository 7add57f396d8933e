// Asks the keyring of the system for one entry and prints its value: arguments are the service and the account. A process
// of its own, because what it loads is native code, and waits in it cannot be ended: a locked keyring asks a person first.
import { createRequire } from 'node:module';
import process from 'node:process';
import type * as Keyring from '@napi-rs/keyring';
import { KEYRING_EXIT, KEYRING_PACKAGE } from './keyring-exit.ts';

function load(): typeof Keyring | undefined {
  try {
    return createRequire(import.meta.url)(KEYRING_PACKAGE) as typeof Keyring; // the types are those of this package
  } catch {
    return undefined;
  }
}

function ask(service: string, account: string): number {
  const keyring = load();
  if (keyring === undefined) return KEYRING_EXIT.noLibrary;
  try {
    // Without this it would fall back to a keyring of the kernel, into which any process of the session can write.
    const entry = new keyring.Entry(service, account, { linux: { store: 'secret-service' } });
    const value = entry.getPassword();
    if (value === null) return KEYRING_EXIT.noEntry;
    process.stdout.write(value);
    return 0;
  } catch (error) {
    return exitOf(error instanceof Error ? error.message : '');
  }
}

/** The library has one code for everything; its texts say what it is. */
function exitOf(message: string): number {
  if (/^Entry is matched by /.test(message)) return KEYRING_EXIT.several;
  if (/locked|unlock|dismissed/i.test(message)) return KEYRING_EXIT.locked;
  if (/utf-8/i.test(message)) return KEYRING_EXIT.notText;
  return KEYRING_EXIT.unreachable;
}

const [service = '', account = ''] = process.argv.slice(2);
process.exitCode = ask(service, account);
