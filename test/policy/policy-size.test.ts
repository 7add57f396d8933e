import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import { MAX_ROWS } from '../../host/policy/policy-file.ts';
import { lintPolicy, lintPolicyGradually } from '../../host/policy/policy-lint.ts';
import { loadPolicy, loadPolicyGradually, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import type { Pace } from '../../host/policy/steps.ts';
import { policyText, VOCABULARY as RANDOM_WORDS } from '../properties/policy-arbitrary.ts';
import { liveHeap } from '../support/live-heap.ts';
import { AGENT, load, NOON, problemsOf, row, VOCABULARY } from './fixture.ts';

/** A clock by which every look at it takes a millisecond: so work pauses after every few steps. */
function countingPace(): Pace & { readonly pauses: () => number } {
  let now = 0;
  let pauses = 0;
  return {
    clock: { monotonicUs: () => (now += 1_000) },
    pause: () => {
      pauses++;
      return Promise.resolve();
    },
    pauses: () => pauses,
  };
}

const source = (text: string) => ({ policy: { file: 'policy.csv', text } });
const gradually = (text: string, pace: Pace = countingPace()): Promise<PolicySnapshot> =>
  loadPolicyGradually(pace, source(text), VOCABULARY, 1);
const many = (count: number): string =>
  Array.from({ length: count }, (_, n) => row({ resource: `/w/${n}/**` })).join('');

describe('a policy that is loaded gradually', () => {
  it('is the one that is loaded at once', async () => {
    await fc.assert(
      fc.asyncProperty(policyText, async (text) => {
        const [one, other] = [
          loadPolicy(source(text), RANDOM_WORDS, 1),
          await loadPolicyGradually(countingPace(), source(text), RANDOM_WORDS, 1),
        ];
        expect(other.ref).toEqual(one.ref);
        expect(other.rules).toEqual(one.rules);
        for (const agent of ['agent:a', 'agent:b']) expect(other.sliceFor(agent)).toEqual(one.sliceFor(agent));
        expect(await lintPolicyGradually(countingPace(), other, NOON)).toEqual(lintPolicy(one, NOON));
      }),
      { numRuns: 50 },
    );
  });

  it('is refused with the same problems', async () => {
    const text = `${row({ who: 'role:none' })}g, role:a, role:a\nq, x\n${row({ effect: 'dney' })}${row()}${row()}p, cut`;
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(5);
    const refused: unknown = await gradually(text).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HostError);
    expect(refused).toMatchObject({ code: 'ERR_POLICY_INVALID', hints: problems });
  });

  it('lets others have their turn again and again, however large it is', async () => {
    const [small, large] = [countingPace(), countingPace()];
    await gradually(many(2_000), small);
    await gradually(many(8_000), large);
    // Reading, checking, the digest and the groups: at least one pause for a few hundred rows.
    expect(small.pauses()).toBeGreaterThan(2_000 / 500);
    expect(large.pauses() / small.pauses()).toBeGreaterThan(3);
    const linting = countingPace();
    await lintPolicyGradually(linting, load(many(2_000)), NOON);
    expect(linting.pauses()).toBeGreaterThan(2_000 / 500);
  });

  it('lets others have their turn while links are checked', async () => {
    const pace = countingPace();
    await gradually(Array.from({ length: 4_000 }, (_, n) => `g, agent:x${n}, role:r\n`).join(''), pace);
    expect(pace.pauses()).toBeGreaterThan(4_000 / 500);
  });
});

describe('a policy', () => {
  it('holds nothing of the text that it was read from', async () => {
    const textWith = (comments: number): string =>
      `g, agent:a, role:reader\n${`# ${'x'.repeat(1_000)}\n`.repeat(comments)}${row({ who: 'role:reader', when: 'purpose=triage env=prod' })}`;
    const before = liveHeap();
    const snapshot = load(textWith(16_000));
    expect('reset'.replace(/s/, '')).toBe('reet'); // the engine holds the text of the last match, whatever it was
    const slice = snapshot.sliceFor(AGENT);
    // While it compiles a function in the background, the engine holds what that function holds.
    await expect.poll(() => liveHeap() - before, { timeout: 10_000 }).toBeLessThan(8_000_000);
    expect(slice.rows).toHaveLength(1);
  });

  it('keeps less than 200 bytes of a rule beyond its text', () => {
    const count = 20_000;
    const text = many(count);
    const before = liveHeap();
    const snapshot = load(text);
    const kept = liveHeap() - before;
    expect(snapshot.rules).toHaveLength(count);
    expect((kept - text.length) / count).toBeLessThan(200);
  });

  it('has a row wherever `p` is the kind, whatever blanks stand before it', () => {
    const { rules } = load(
      `\t p , role:any, fs:read, /w/a, -, deny, -\n\u00a0p, role:any, fs:read, /w/b, -, deny, -\n`,
    );
    expect(rules.map(({ line, cells }) => [line, cells[2], cells[4]])).toEqual([
      [1, '/w/a', 'deny'],
      [2, '/w/b', 'deny'],
    ]);
  });

  it(`with more rows than it may have is refused with the number, before anything of it is kept`, async () => {
    // In a thread whose heap holds the text, and not a million rows beside it.
    const file = (name: string): string => JSON.stringify(new URL(`../../host/policy/${name}`, import.meta.url));
    const worker = new Worker(
      `import { parentPort, workerData } from 'node:worker_threads';
       import { loadPolicy } from ${file('policy-snapshot.ts')};
       const text = '# comment\\n\\n' + workerData.row.repeat(1_000_000);
       const words = { ...workerData.words, isArgument: () => true };
       try { loadPolicy({ policy: { file: 'policy.csv', text } }, words, 1); parentPort.postMessage('loaded'); }
       catch (error) { parentPort.postMessage(error.hints); }`,
      {
        eval: true,
        workerData: { row: row(), words: { ...VOCABULARY, isArgument: undefined } },
        resourceLimits: { maxOldGenerationSizeMb: 96 },
      },
    );
    const [hints] = (await once(worker, 'message')) as [unknown]; // the one message that it sends
    expect(hints).toEqual([
      `policy.csv:${MAX_ROWS + 3}:1: a policy has at most ${MAX_ROWS} rows, and this one has 1000000`,
    ]);
    await worker.terminate();
  });

  it('counts no comments and no blank lines among its rows', () => {
    expect(load(`${'# comment\n\r\n  # more\n'.repeat(100_000)}${row()}`).rules).toHaveLength(1);
  });
});
