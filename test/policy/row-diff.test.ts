import { describe, expect, it } from 'vitest';
import { diffPolicies } from '../../host/policy/row-diff.ts';

const source = (...rows: string[]) => ({
  policy: { file: 'policy.csv', text: rows.map((one) => `${one}\n`).join('') },
});
const READ = 'p, role:a, fs:read, /w/**, -, allow, -';
const DENY = 'p, role:any, fs:read, /w/.env, -, deny, -';
const CASES: readonly (readonly [string, readonly string[], readonly string[], readonly string[]])[] = [
  ['a new allow row widens', [], [READ], ['added widens']],
  ['an allow row that is gone narrows', [READ], [], ['removed narrows']],
  ['a new deny row narrows', [READ], [DENY, READ], ['added narrows']],
  ['a deny row that is gone widens', [DENY, READ], [READ], ['removed widens']],
  ['a wider resource widens', ['p, role:a, fs:read, /w/*, -, allow, -'], [READ], ['changed widens']],
  ['a narrower resource narrows', [READ], ['p, role:a, fs:read, /w/*, -, allow, -'], ['changed narrows']],
  ['a wider deny row narrows', [DENY], ['p, role:any, fs:read, /w/**, -, deny, -'], ['changed narrows']],
  ['another resource cannot be told', [READ], ['p, role:a, fs:read, /v/**, -, allow, -'], ['changed unclear']],
  ['every action instead of one widens', [READ], ['p, role:a, fs:*, /w/**, -, allow, -'], ['changed widens']],
  ['one condition more narrows', [READ], ['p, role:a, fs:read, /w/**, purpose=x, allow, -'], ['changed narrows']],
  ['one condition less widens', ['p, role:a, fs:read, /w/**, purpose=x, allow, -'], [READ], ['changed widens']],
  ['one condition more on a deny row widens', [DENY], ['p, role:any, fs:read, /w/.env, env=x, deny, -'], ['changed widens']],
  ['an obligation that is gone widens', ['p, role:a, fs:read, /w/**, -, allow, rate=1/m'], [READ], ['changed widens']],
  ['another rate cannot be told', ['p, role:a, fs:read, /w/**, -, allow, rate=1/m'], ['p, role:a, fs:read, /w/**, -, allow, rate=9/m'], ['changed unclear']],
  ['every agent instead of a role widens', ['p, agent:b, fs:read, /w/**, -, allow, -'], ['p, role:any, fs:read, /w/**, -, allow, -'], ['changed widens']],
  ['a row that asks for something, beside one that does not, cannot be told when it goes', [READ, 'p, role:a, fs:read, /w/x, -, allow, approve=owner'], [READ], ['removed unclear']],
  ['nor when it comes', [READ], [READ, 'p, role:a, fs:read, /w/x, -, allow, approve=owner'], ['added unclear']],
  ['a role with allow rows widens when it is given', [READ], [READ, 'g, agent:b, role:a'], ['added widens']],
  ['a role with allow rows narrows when it is taken', [READ, 'g, agent:b, role:a'], [READ], ['removed narrows']],
  ['a role with deny rows narrows when it is given', ['p, role:a, fs:read, /w, -, deny, -'], ['p, role:a, fs:read, /w, -, deny, -', 'g, agent:b, role:a'], ['added narrows']],
  ['a role with both cannot be told', [READ, 'p, role:a, fs:read, /w, -, deny, -'], [READ, 'p, role:a, fs:read, /w, -, deny, -', 'g, agent:b, role:a'], ['added unclear']],
  ['a role without rows is neutral', [], ['g, agent:b, role:c'], ['added neutral']],
  ['an effect that was turned round is two rows', [DENY], ['p, role:any, fs:read, /w/.env, -, allow, -'], ['added widens', 'removed widens']],
  ['order, comments and spaces are no change', [DENY, READ], ['# note', READ, 'p,role:any,  fs:read, /w/.env, -, deny, -'], []],
]; // prettier-ignore

describe('two policies compared row by row', () => {
  it.each(CASES)('%s', (_, before, after, expected) => {
    const changes = diffPolicies(source(...before), source(...after));
    expect(changes.map(({ kind, direction }) => `${kind} ${direction}`)).toEqual(expected);
  });
});
