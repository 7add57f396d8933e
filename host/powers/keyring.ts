import { extname } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { KEYRING_EXIT, KEYRING_PACKAGE } from './keyring-exit.ts';
import { runForValue } from './value-program.ts';

/** An entry of the keyring of the system. */
export interface KeyringEntry {
  readonly service: string;
  readonly account: string;
}

/** Reads an entry, or says why there is none. The text holds nothing of a value. */
export async function readKeyring(
  { service, account }: KeyringEntry,
  bounds: { readonly mostBytes: number; readonly timeoutMs: number },
): Promise<Uint8Array | string> {
  const child = fileURLToPath(new URL(`./keyring-child${extname(import.meta.url)}`, import.meta.url));
  const end = await runForValue([process.execPath, '--no-warnings', child, service, account], bounds);
  switch (end.kind) {
    case 'value':
      return end.bytes;
    case 'failed':
      return problemOf(end.code, `service \`${service}\` and account \`${account}\``);
    case 'late':
      return `the keyring did not answer within ${bounds.timeoutMs} ms: is it locked, and waiting for somebody?`;
    case 'large':
      return `the value in the keyring has more than ${bounds.mostBytes} bytes`;
    case 'not-run':
      return `the keyring cannot be asked: ${end.code}`;
  }
}

function problemOf(code: number | string, entry: string): string {
  switch (code) {
    case KEYRING_EXIT.noLibrary:
      return `reading the keyring needs the package \`${KEYRING_PACKAGE}\`, for this system: \`npm install --save-optional ${KEYRING_PACKAGE}\``;
    case KEYRING_EXIT.noEntry:
      return `the keyring has no entry of ${entry}`;
    case KEYRING_EXIT.several:
      return `the keyring has several entries of ${entry}`;
    case KEYRING_EXIT.locked:
      return 'the keyring is locked, and was not unlocked';
    case KEYRING_EXIT.notText:
      return `the value in the keyring, of ${entry}, is not UTF-8`;
    case KEYRING_EXIT.unreachable:
      return 'no keyring can be reached: on Linux, a Secret Service on the session bus (`DBUS_SESSION_BUS_ADDRESS`)';
    default:
      return `the process that asks the keyring failed (${String(code)})`;
  }
}
