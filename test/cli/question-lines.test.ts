import { describe, expect, it } from 'vitest';
import type { ShownQuestion } from '../../host/index.ts';
import { durationText, questionLines } from '../../src/cli/output/question.ts';

/** Escape sequences, a bell, overrides of direction, what has no width, line ends of every kind, a lone surrogate. */
const EVIL = 'a\u001b[2J\u0007\u202eb\u200b\u2066c\u2028\u0085\nneeds     nobody\r\ud800';
const question = (text: string): ShownQuestion => ({
  ...{ id: text, run: text, agent: text, component: text, callers: [text], onBehalfOf: [text], purpose: text },
  environment: text,
  accesses: [{ action: text, resource: text }],
  request: { summary: { [text]: text }, payload: { text } },
  ...{ partial: true, digest: text, policy: { digest: text, generation: 1 } },
  rules: [{ id: text, file: 'policy.csv', line: 3, row: text }],
  label: text,
  roles: [{ name: text, people: [text], missing: true }],
  votes: [{ by: text, answer: 'yes', scope: 'run', at: text }],
  ...{ state: 'open', waiting: true, askedAt: text, expiresAt: text, leftMs: 125_000 },
});

describe('what is shown of a question', () => {
  it('lets nothing act on a terminal, wherever it stands', () => {
    for (const line of questionLines(question(EVIL))) expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
  });

  it('has no line that could reach the next one, and none that begins like one of ours', () => {
    const lines = questionLines(question(`${' '.repeat(70)}needs     owner: user:mallory${'x'.repeat(5000)}`));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(100);
    expect(lines.filter((line) => line.startsWith('needs'))).toHaveLength(1);
  });

  it('has all of what would happen', () => {
    const long = Array.from({ length: 300 }, (_, index) => `word-${index}`).join('');
    const text = questionLines(question(long)).map((line) => line.slice(10).replace(/^… /, '')).join(''); // prettier-ignore
    expect(text.split(long).length - 1).toBeGreaterThanOrEqual(12);
    expect(text).toContain('not all of it is shown');
  });

  it.each([
    [0, '0 s'],
    [1, '1 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_260_000, '2 h 1 min'],
  ])('says how long %i ms are', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
