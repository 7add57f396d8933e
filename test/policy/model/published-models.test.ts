import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../host/policy/policy-snapshot.ts';
import { problemsOf, VOCABULARY } from '../fixture.ts';

const page = readFileSync(new URL('../../../policies/default-deny/MODELS.md', import.meta.url), 'utf8');
/** Each model of the page, with the rows that follow it. */
const examples = [...page.matchAll(/```ini\n([^]*?)```\n\n((?: {4}.*\n)+)/g)].map(([, model = '', rows = '']) => ({
  model,
  rows: rows.replaceAll(/^ {4}/gm, ''),
}));

describe('the page about models', () => {
  it('shows models that a host takes, with rows that fit them', () => {
    expect(examples).toHaveLength(2);
    for (const { model, rows } of examples) expect(problemsOf(rows, model)).toEqual([]);
  });

  it('says how a row is read', () => {
    const [{ model, rows } = { model: '', rows: '' }] = examples;
    const source = { policy: { file: 'policy.csv', text: rows }, model: { file: 'model.conf', text: model } };
    const [rule] = loadPolicy(source, VOCABULARY, 1).rules;
    expect(page).toContain(`is read as \`${rule?.row ?? ''}\``);
  });
});
