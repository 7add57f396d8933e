import type { Toolchain } from './builder.ts';
import { detectJavaScript } from './javascript.ts';
import type { GuestLanguage } from './language.ts';
import { defaultWorkDirectory } from './layout.ts';
import { detectPython } from './python.ts';
import { detectRust } from './rust-toolchain.ts';

/** What this machine can build, and how to get the rest. Nothing is downloaded or changed. */
export async function detectToolchains(
  workDirectory: string = defaultWorkDirectory(),
): Promise<Record<GuestLanguage, Toolchain>> {
  const [rust, python] = await Promise.all([detectRust(), detectPython(workDirectory)]);
  return { js: detectJavaScript(), rust, python };
}
