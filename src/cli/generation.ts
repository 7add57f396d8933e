import { HostError, type PolicySide } from '../../host/index.ts';

/** Reads the number of a version as it stands on a command line. */
export function generationOf(text: string): number {
  const generation = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
  if (generation !== undefined) return generation;
  throw new HostError('ERR_USAGE', `\`${text.slice(0, 80)}\` is not the number of a version`, {
    hints: ['`policy history` lists the versions with their numbers'],
  });
}

/** The same, where the files may be meant as well. */
export const sideOf = (text: string): PolicySide => (text === 'files' ? 'files' : generationOf(text));
