import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import { load, problemOf, problemsOf, row } from './fixture.ts';

describe('the rows of a policy file', () => {
  it('have their cells trimmed, and runs of spaces counted as one', () => {
    const aligned = load('p,  role:any ,fs:read,\t/w/** , purpose=triage   env=prod,allow,-\n');
    const plain = load('p, role:any, fs:read, /w/**, purpose=triage env=prod, allow, -\n');
    expect(aligned.rules[0]?.cells).toEqual(plain.rules[0]?.cells);
    expect(aligned.ref).toEqual(plain.ref);
  });

  it('stand between comments, blank lines and mixed line ends, after a byte order mark', () => {
    const { rules } = load(`\uFEFF# comment\r\n\r\n${row().trimEnd()}\r\n  # indented\n${row({ action: 'fs:write' })}`);
    expect(rules.map(({ line, cells }) => [line, cells[1]])).toEqual([
      [3, 'fs:read'],
      [5, 'fs:write'],
    ]);
  });

  it('may be none: then nothing is allowed', () => {
    expect(load('').rules).toEqual([]);
    expect(load('# nothing\n').rules).toEqual([]);
  });

  it.each([
    [
      'p, role:any, fs:read, /w/**, -, allow\n',
      'policy.csv:1:38: a `p` row has 6 cells after `p`, this one has 5; expected `p, who, action, resource, when, effect, then`',
    ],
    [
      'p, role:any, fs:read, /w/**, -, allow, -, -\n',
      'policy.csv:1:43: a `p` row has 6 cells after `p`, this one has 7; expected `p, who, action, resource, when, effect, then`',
    ],
    ['p, role:any, fs:read, /w/**, -, , -\n', 'policy.csv:1:33: an empty cell; write `-` where a cell says nothing'],
    ['p, role:any, fs:read, /w/**, -, allow,\n', 'policy.csv:1:39: an empty cell; write `-` where a cell says nothing'],
    [
      'p, role:any, fs:read, /w/**, -, dney, -\n',
      'policy.csv:1:33: `dney` is not an effect; expected `allow` or `deny`; did you mean `deny`',
    ],
    [
      'p, role:any, fs:read, /w/**, -, ask, -\n',
      'policy.csv:1:33: `ask` is not an effect; expected `allow` or `deny`; known: `allow` `deny`',
    ],
    [
      'p, role:any, fs:read, /w/**, -, Allow, -\n',
      'policy.csv:1:33: `Allow` is not an effect; expected `allow` or `deny`; did you mean `allow`',
    ],
    ['q, role:any, fs:read, /w/**, -, allow, -\n', 'policy.csv:1:1: unknown kind of row `q`; did you mean `p`'],
    ['  p2, role:any\n', 'policy.csv:1:3: unknown kind of row `p2`; did you mean `p`'],
    ['p, role:any, fs:read, "/w/**", -, allow, -\n', 'policy.csv:1:23: cells are never quoted, and have no quotes'],
    [
      'p, role:any, fs:read, /w/\u0000, -, allow, -\n',
      'policy.csv:1:26: a character that no cell may hold: U+0000; expected `/w/`',
    ],
    [
      'p, role:any, fs:read, /w\u2028, -, allow, -\n',
      'policy.csv:1:25: a character that no cell may hold: U+2028; expected `/w`',
    ],
    [
      'p, role:any, fs:read, /w, -, allow, -\rp, role:any, fs:write, /w, -, allow, -\n',
      'policy.csv:1:38: a character that no cell may hold: U+000D; expected lines that end with LF or CRLF',
    ],
    [
      'p, *, fs:read, /w/**, -, allow, -\n',
      'policy.csv:1:4: `*` is not a subject here; expected `agent:NAME` or `role:NAME`; `role:any` is every agent',
    ],
    [
      'p, admin, fs:read, /w/**, -, allow, -\n',
      'policy.csv:1:4: `admin` is not a subject here; expected `agent:NAME` or `role:NAME`',
    ],
    [
      'p, user:ada, fs:read, /w/**, -, allow, -\n',
      'policy.csv:1:4: `user:ada` is not a subject here; expected `agent:NAME` or `role:NAME`',
    ],
    [
      'p, agent:, fs:read, /w/**, -, allow, -\n',
      'policy.csv:1:10: `` is not a name; expected letters, digits, `.` `_` `-`',
    ],
    [
      'p, agent:a b, fs:read, /w/**, -, allow, -\n',
      'policy.csv:1:10: `a b` is not a name; expected letters, digits, `.` `_` `-`',
    ],
    ['p, role:any, fs:reed, /w/**, -, allow, -\n', 'policy.csv:1:14: unknown action `fs:reed`; did you mean `fs:read`'],
    [
      'p, role:any, *, /w/**, -, allow, -\n',
      'policy.csv:1:14: `*` alone is not an action; expected for instance `http:*`, one row for each capability',
    ],
    [
      'p, role:any, net:*, /w/**, -, allow, -\n',
      'policy.csv:1:14: unknown action `net:*`; known: `http:` `fs:` `db:` `tool:` `log:` `policy:`',
    ],
    [
      'p, role:any, http:get, https://h/, -, allow, -\n',
      'policy.csv:1:14: unknown action `http:get`; did you mean `http:GET`',
    ],
    [
      'p, role:any, fs:read,   /w/a?b  , -, allow, -\n',
      'policy.csv:1:29: `?` has no meaning in a pattern; expected literal text, `*` or `**`',
    ],
    [
      'p, role:any, fs:read, /w, purpose=triage   env=stage, allow, -\n',
      'policy.csv:1:48: unknown environment `stage`; known: `prod` `test`',
    ],
    [
      'p, role:any, fs:read, /w, -, allow, -',
      'policy.csv:1:38: the last line has no line end, so the file may be cut short; end it with a newline',
    ],
  ])('are refused: %j', (text, expected) => {
    expect(problemOf(text)).toBe(expected);
  });

  it('are refused with the position of the first problem', () => {
    try {
      load(`# one\n${row({ effect: 'dney' })}`);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(HostError);
      if (!(error instanceof HostError)) throw error;
      expect(error.message).toBe('the policy has one problem');
      expect(error.position).toEqual({ file: 'policy.csv', line: 2, column: 33 });
      expect(error.exit).toBe(3);
    }
  });

  it('are refused with all their problems, in the order of the file', () => {
    const problems = problemsOf(
      `${row({ who: 'role:none' })}${row({ when: 'risk<5' })}g, agent:a, role:a\n${row({ then: 'nosuch=1', effect: 'perhaps' })}p, x\n`,
    );
    expect(problems.map((problem) => problem.split(': ')[0])).toEqual([
      'policy.csv:1:4',
      'policy.csv:2:30',
      'policy.csv:4:33',
      'policy.csv:5:5',
    ]);
  });

  it('are refused with at most 50 problems, and the count of all', () => {
    const problems = problemsOf(Array.from({ length: 1_000 }, (_, n) => row({ resource: `/w/${n}?` })).join(''));
    expect(problems).toHaveLength(51);
    expect(problems[0]).toMatch(/^policy\.csv:1:/);
    expect(problems[49]).toMatch(/^policy\.csv:50:/);
    expect(problems[50]).toBe('and 950 more');
  });

  it('are refused when the same rule stands twice', () => {
    expect(problemOf(`${row()}${row({ action: 'fs:write' })}${row().replaceAll(', ', ' ,  ')}`)).toBe(
      'policy.csv:3:6: the same rule stands in line 1',
    );
  });

  it('hold a bounded line', () => {
    expect(problemOf(row({ resource: `/${'a'.repeat(9_000)}` }))).toBe(
      'policy.csv:1:1: a line has at most 8192 characters',
    );
  });
});

describe('roles', () => {
  it('reach through other roles', () => {
    const snapshot = load('g, agent:a, role:x\ng, role:x, role:y\ng, agent:b, role:y\n');
    expect(snapshot.rolesOf('agent:a')).toEqual(['role:any', 'role:x', 'role:y']);
    expect(snapshot.rolesOf('agent:b')).toEqual(['role:any', 'role:y']);
    expect(snapshot.rolesOf('agent:unknown')).toEqual(['role:any']);
  });

  it('of every agent are those of role:any', () => {
    expect(load('g, role:any, role:reader\n').rolesOf('agent:a')).toEqual(['role:any', 'role:reader']);
  });

  const chain = (length: number) =>
    Array.from({ length }, (_, n) => `g, ${n === 0 ? 'agent:a' : `role:r${n}`}, role:r${n + 1}\n`).join('');

  it('are refused beyond ten links, where Casbin would lose them', () => {
    expect(problemsOf(chain(10))).toEqual([]);
    expect(problemOf(chain(11))).toBe('policy.csv:1:13: a chain of roles is longer than 10 links');
    expect(problemOf(chain(12))).toBe('policy.csv:2:13: a chain of roles is longer than 10 links');
    expect(problemOf(chain(10).replace('agent:a', 'role:any'))).toContain('longer than 10 links');
  });

  it('do not hide a long chain behind a short one', () => {
    expect(problemOf(`g, agent:b, role:r11\n${chain(11)}`)).toContain('longer than 10 links');
  });

  it.each([
    [
      'g, role:x, role:y\ng, role:y, role:x\n',
      'policy.csv:2:12: this row closes a cycle: `role:x` already leads to `role:y`',
    ],
    ['g, role:x, role:x\n', 'policy.csv:1:12: `role:x` is given to itself'],
    ['g, agent:a, role:x\ng, agent:a, role:x\n', 'policy.csv:2:4: the same role is given in line 1'],
    [
      'g, agent:a, role:x, 2026-12-31\n',
      'policy.csv:1:21: a `g` row has 2 cells after `g`, this one has 3; expected `g, member, role`',
    ],
    ['g, agent:a\n', 'policy.csv:1:11: a `g` row has 2 cells after `g`, this one has 1; expected `g, member, role`'],
    ['g, agent:a, agent:b\n', 'policy.csv:1:13: `agent:b` is not a subject here; expected `role:NAME`'],
    ['g, user:ada, role:x\n', 'policy.csv:1:4: `user:ada` is not a subject here; expected `agent:NAME` or `role:NAME`'],
    ['g, admin, role:admin\n', 'policy.csv:1:4: `admin` is not a subject here; expected `agent:NAME` or `role:NAME`'],
  ])('are refused: %j', (text, expected) => {
    expect(problemOf(text)).toBe(expected);
  });

  it('that nobody has are refused in a rule', () => {
    expect(problemOf(`g, agent:a, role:triage\n${row({ who: 'role:trige' })}`)).toBe(
      'policy.csv:2:4: unknown role `role:trige`: no `g` row gives it to anybody; did you mean `role:triage`',
    );
    expect(problemOf(row({ who: 'role:triage' }))).toContain('unknown role `role:triage`');
  });

  it('are searched without recursion', () => {
    const long = Array.from({ length: 50_000 }, (_, n) => `g, role:r${n}, role:r${n + 1}\n`).join('');
    expect(problemOf(long)).toContain('longer than 10 links');
  });
});
