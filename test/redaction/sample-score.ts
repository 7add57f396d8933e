import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILT_IN_NAMES } from '../../host/redaction/builtin.ts';
import { markOf } from '../../host/redaction/mask-stream.ts';
import { found } from './finding.ts';

const folder = join(import.meta.dirname, 'samples');
const EXPECTED = /⟦([a-z-]+):(.*?)⟧/gu;

/** How well one detector does on the samples. */
export interface Score {
  readonly detector: string;
  readonly expected: number;
  /** Found just where it is, over what there is. */
  readonly recall: number;
  /** The same, over what was found. */
  readonly precision: number;
  /** Lines that came out otherwise. */
  readonly wrong: readonly string[];
}

const lines = readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .flatMap((name) => readFileSync(join(folder, name), 'utf8').replaceAll('~', '').trimEnd().split('\n'));

const times = (text: string, part: string): number => text.split(part).length - 1;

function scoreOf(detector: string): Score {
  const mark = markOf(detector);
  const wrong: string[] = [];
  let [expected, hits, all] = [0, 0, 0];
  for (const line of lines) {
    const wanted = line.replace(EXPECTED, (_, name: string, text: string) => (name === detector ? mark : text));
    const got = found(line.replace(EXPECTED, '$2'), detector);
    const [due, seen] = [times(wanted, mark), times(got, mark)];
    expected += due;
    all += seen;
    // A line that has as many, but not the same ones, has none of them right.
    if (got === wanted) hits += due;
    else {
      if (due !== seen) hits += Math.min(due, seen);
      wrong.push(got);
    }
  }
  return { detector, expected, recall: hits / expected, precision: hits / all, wrong };
}

/** The scores of all detectors. */
export const scores = (): readonly Score[] => BUILT_IN_NAMES.map(scoreOf);
