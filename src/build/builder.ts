import { readFileSync, statSync } from 'node:fs';
import { HostError } from '../../host/index.ts';
import { lastLines, type CommandResult } from './subprocess.ts';

/** What a builder is given. All paths are absolute. */
export interface BuildJob {
  /** The guest's folder. */
  readonly directory: string;
  /** Where the component is to be written. The caller moves it to its final name. */
  readonly output: string;
  readonly witDirectory: string;
  /** Kept from build to build. */
  readonly workDirectory: string;
  /** Thrown away after this build. */
  readonly scratchDirectory: string;
  readonly timeoutMs: number;
}

/** Builds one language; answers with the name and version of what built. */
export type Builder = (job: BuildJob) => Promise<string>;

/** Whether a language can be built here. */
export interface Toolchain {
  readonly available: boolean;
  /** What was found, or what is missing. */
  readonly detail: string;
  /** The exact command that brings it. */
  readonly howToGet: string;
}

export function toolchainMissing(language: string, { detail, howToGet }: Toolchain): HostError {
  return new HostError('ERR_TOOLCHAIN_MISSING', `cannot build ${language} guests: ${detail}`, {
    hints: howToGet.split('\n'),
  });
}

/** Throws if the command did not succeed, with what the compiler said last. */
export function expectSuccess(step: string, { code, stderr, timedOut }: CommandResult, timeoutMs: number): void {
  if (timedOut) {
    throw new HostError('ERR_BUILD_FAILED', `${step} did not end within ${Math.round(timeoutMs / 1000)} s`, {
      hints: lastLines(stderr),
    });
  }
  if (code !== 0) throw new HostError('ERR_BUILD_FAILED', `${step} failed`, { hints: lastLines(stderr) });
}

/** Throws unless a component has been written. Builders other than ours may succeed and leave something else. */
export function expectComponent(path: string): number {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 8 && readFileSync(path).subarray(0, 8).equals(COMPONENT_START)) return size;
  throw new HostError('ERR_BUILD_FAILED', 'the build ended without a component');
}
const COMPONENT_START = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
