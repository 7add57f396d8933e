import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readConfiguration } from '../../host/configuration/configuration.ts';
import { createHostPowers } from '../../host/host-powers.ts';
import { createLivePolicy, type LivePolicy } from '../../host/live-policy/live-policy.ts';
import type { PolicyEvent } from '../../host/live-policy/policy-event.ts';
import { policyStoreOf } from '../../host/live-policy/policy-store.ts';
import type { PackedSlice } from '../../host/policy/packed-slice.ts';
import { unpackSlice } from '../../host/policy/packed-slice.ts';
import { readFeed } from '../../host/sandbox/live-feed.ts';

const ROWS = 200;
/** A policy whose last row says which one it is. */
const policyOf = (name: string, rows = ROWS): string =>
  [
    ...Array.from({ length: rows }, (_, n) => `p, agent:a, fs:read, /w/${n}/**, -, allow, -`),
    `p, agent:a, fs:read, /is/${name}, -, allow, -`,
    'p, agent:a, fs:write, /w/*, purpose=work, allow, rate=1/m',
    '',
  ].join('\n');

interface Bed {
  readonly live: LivePolicy;
  readonly events: PolicyEvent[];
  readonly write: (text: string) => void;
  /** Which policy is in force. */
  readonly now: () => string;
  /** What was in force, in order. */
  readonly seen: string[];
  /** Called in each pause; its number from 1. */
  inPause: (count: number) => void;
  readonly pauses: () => number;
  readonly directory: string;
}

const nameIn = (text: string): string => /\/is\/(\w+)/.exec(text)?.[1] ?? '';

/** A policy of a host by whose clock every look at it takes long: work pauses after each step. */
function makeBed(): Bed {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-reload-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'policy', 'policy.csv');
  const write = (text: string): void => writeFileSync(file, text);
  mkdirSync(join(directory, 'policy'));
  write(policyOf('first'));
  const agents = 'agents: { a: { component: agent.wasm } }';
  writeFileSync(join(directory, 'sallyport.yaml'), `version: 1\npurposes: [work]\n${agents}\n`);
  const real = createHostPowers();
  let [us, pauses] = [0, 0];
  const powers = {
    ...real,
    clock: { nowMs: () => real.clock.nowMs(), monotonicUs: () => (us += 6_000) },
    pause: async () => {
      pauses += 1;
      bed.inPause(pauses);
      await Promise.resolve();
    },
  };
  const first = readConfiguration('sallyport.yaml', directory, powers);
  const store = policyStoreOf(first.manifest, powers);
  const live = createLivePolicy({ file: 'sallyport.yaml', workingDirectory: directory, first, store, powers });
  onTestFinished(() => live.close());
  const events: PolicyEvent[] = [];
  const now = (): string => nameIn(live.current().texts.policy.text);
  const seen = [now()];
  live.listen((event) => {
    events.push(event);
    seen.push(now());
  });
  const bed: Bed = { live, events, write, now, seen, directory, inPause: () => undefined, pauses: () => pauses };
  return bed;
}

/** How many pauses there are while a policy is exchanged for another one. */
async function countPauses(): Promise<number> {
  const bed = makeBed();
  bed.write(policyOf('second'));
  await bed.live.reload();
  return bed.pauses();
}

/** At the beginning, at the end, and many times in between. */
async function moments(count: number): Promise<readonly number[]> {
  const pauses = await countPauses();
  expect(pauses).toBeGreaterThan(count);
  return Array.from({ length: count }, (_, index) => 1 + Math.round((index * (pauses - 1)) / (count - 1)));
}

describe('a policy that changes while another one is being made', () => {
  it('is the one that is in force in the end, whenever it comes; the older one never follows it', async () => {
    for (const moment of await moments(24)) {
      const bed = makeBed();
      bed.write(policyOf('second'));
      bed.inPause = (count) => {
        if (count === moment) bed.write(policyOf('third'));
      };
      expect(await bed.live.reload()).toMatchObject({ status: 'changed' });
      expect(await bed.live.reload()).toMatchObject({ status: 'unchanged' });
      expect(bed.seen).toEqual(['first', 'third']);
      expect(bed.live.status()).toMatchObject({ changes: 1, rejections: 0, notKept: 0 });
    }
  });

  it('is in force in the end although the other one is refused', async () => {
    const bed = makeBed();
    bed.write(`${policyOf('second')}p, agent:a, nonsense\n`);
    bed.inPause = (count) => {
      if (count === 2) bed.write(policyOf('third'));
    };
    expect(await bed.live.reload()).toMatchObject({ status: 'changed' });
    expect(bed.seen).toEqual(['first', 'third']);
    expect(bed.events.map(({ kind }) => kind)).toEqual(['policy.changed']);
  });

  it('is refused where it is the one with the mistake: the other one is not in force either', async () => {
    const bed = makeBed();
    bed.write(policyOf('second'));
    bed.inPause = (count) => {
      if (count === 5) bed.write('p, agent:a, nonsense\n');
    };
    expect(await bed.live.reload()).toMatchObject({ status: 'rejected', code: 'ERR_POLICY_INVALID' });
    expect(bed.now()).toBe('first');
  });

  it('does not keep all others from coming into force where it changes all the time', async () => {
    const bed = makeBed();
    bed.write(policyOf('v0'));
    let version = 0;
    bed.inPause = (count) => {
      if (count % 3 === 0 && version < 200) bed.write(policyOf(`v${(version += 1)}`));
    };
    const reload = await bed.live.reload();
    expect(reload.status).toBe('changed');
    expect(version).toBeLessThan(200);
    bed.inPause = () => undefined;
    bed.write(policyOf('last'));
    await bed.live.reload();
    expect(bed.now()).toBe('last');
    const numbers = bed.seen.slice(1, -1).map((name) => Number(name.slice(1)));
    expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
  });

  it('is taken up once more where nobody asks for that, when it came too late', async () => {
    const bed = makeBed();
    bed.write(policyOf('v0'));
    let [written, version] = [true, 0];
    bed.inPause = (count) => {
      if (written && count % 3 === 0) bed.write(policyOf(`v${(version += 1)}`));
    };
    await bed.live.reload();
    written = false;
    await expect.poll(bed.now).toBe(`v${version}`);
  });

  it('is asked for by many at once: each hears of what was in force when its turn was over', async () => {
    const bed = makeBed();
    const all = ['a', 'b', 'c', 'd'].map((name) => {
      bed.write(policyOf(name));
      return bed.live.reload({ by: name });
    });
    const answers = await Promise.all(all);
    expect(answers.map(({ status }) => status)).toEqual(['changed', 'unchanged', 'unchanged', 'unchanged']);
    expect(bed.seen).toEqual(['first', 'd']);
  });
});

describe('a host that is closed while a policy is being made', () => {
  it('makes it no further, and leaves in force what was', async () => {
    const all = await moments(8);
    for (const moment of all.slice(0, -1)) {
      const bed = makeBed();
      let closing: Promise<void> | undefined;
      bed.write(policyOf('second'));
      bed.inPause = (count) => {
        if (count === moment) closing = bed.live.close();
      };
      expect(await bed.live.reload()).toMatchObject({ status: 'rejected', code: 'ERR_USAGE' });
      await closing;
      expect(bed.pauses()).toBeLessThanOrEqual(moment + 1);
      expect(bed.seen).toEqual(['first']);
      expect(await bed.live.reload()).toMatchObject({ status: 'rejected', code: 'ERR_USAGE' });
    }
  });
});

describe('a cell that is opened while a policy is being made', () => {
  it('gets that policy, whenever it was opened', async () => {
    for (const moment of await moments(12)) {
      const bed = makeBed();
      bed.write(policyOf('second'));
      let reader: ReturnType<typeof readFeed> | undefined;
      bed.inPause = (count) => {
        if (count === moment) reader = readFeed(bed.live.subscribe(['agent:a']).line);
      };
      await bed.live.reload();
      const edition = reader?.current();
      expect(edition?.generation).toBe(2);
      const [packed] = edition?.value as readonly PackedSlice[];
      const slice = packed && unpackSlice(packed);
      expect(slice?.ref).toEqual(bed.live.current().policy.ref);
      expect(slice?.rows).toEqual(bed.live.current().policy.sliceFor('agent:a').rows);
      reader?.close();
    }
  });
});

describe('the versions of a policy', () => {
  it('are kept while a run begins, whenever that is: no number is given twice, and none is lost', async () => {
    for (const moment of await moments(12)) {
      const bed = makeBed();
      bed.write(policyOf('second'));
      let keeping: Promise<void> | undefined;
      bed.inPause = (count) => {
        if (count === moment) keeping = bed.live.keep();
      };
      await bed.live.reload();
      await keeping;
      expect(bed.live.current().policy.ref.generation).toBe(2);
      expect(readdirSync(join(bed.directory, '.sallyport', 'state', 'policy', 'versions'))).toHaveLength(2);
    }
  });
});
