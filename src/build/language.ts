import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HostError } from '../../host/index.ts';

/** The languages that guests can be written in. */
export const GUEST_LANGUAGES = ['js', 'rust', 'python'] as const;
export type GuestLanguage = (typeof GUEST_LANGUAGES)[number];

/** Tells the language of a guest from what is in its folder. */
export function languageOf(directory: string): GuestLanguage {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new HostError('ERR_USAGE', `\`${directory}\` is not a folder`);
  }
  const names = readdirSync(directory);
  const found: GuestLanguage[] = [];
  if (existsSync(join(directory, 'Cargo.toml'))) found.push('rust');
  if (names.includes('package.json') || names.some((name) => /\.m?js$/.test(name))) found.push('js');
  if (names.some((name) => name.endsWith('.py'))) found.push('python');
  const [language, ...others] = found;
  if (language === undefined) {
    throw new HostError('ERR_USAGE', `\`${directory}\` holds no guest`, {
      hints: ['a guest is a folder with a `*.js` file, a `Cargo.toml`, or an `app.py`'],
    });
  }
  if (others.length > 0) {
    throw new HostError('ERR_USAGE', `\`${directory}\` could be ${found.join(' or ')}`, {
      hints: ['say which with `--language`'],
    });
  }
  return language;
}
