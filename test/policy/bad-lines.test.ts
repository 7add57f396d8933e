import { describe, expect, it } from 'vitest';
import { load, problemOf, problemsOf, row } from './fixture.ts';

const ROW = row().trimEnd();

describe('a line that looks like a row and is none is refused with its place', () => {
  it.each([
    ['a comment behind a row', `${ROW} # why\n`, '1:42: a comment has a line of its own, which begins with `#`'],
    ['a comment behind a link', 'g, agent:a, role:x # why\n', '1:20: a comment has a line of its own, which begins with `#`'],
    ['quotes of the other kind', row({ resource: "'/w'" }), "1:23: cells are never quoted; expected `/w`"],
    ['one quote', row({ resource: "/w/it's" }), "1:28: a resource pattern has no `'`; put `*` in its place"],
    ['a byte order mark inside', `${ROW}\n\uFEFF${ROW}\n`, '2:1: a character that no cell may hold: U+FEFF; expected `p`'],
    ['the next-line mark', row({ resource: '/w\u0085' }), '1:25: a character that no cell may hold: U+0085; expected `/w`'],
    ['a space of no width', row({ resource: '/w/\u200b', effect: 'deny' }), '1:26: a character that no cell may hold: U+200B; expected `/w/`'],
    ['text that is turned around', row({ resource: '/w/\u202eb' }), '1:26: a character that no cell may hold: U+202E; expected `/w/b`'],
    ['a soft hyphen in a name', row({ who: 'role:an\u00ady' }), '1:11: a character that no cell may hold: U+00AD; expected `role:any`'],
    ['a filler that is a letter', row({ when: 'arg.x=a\u3164' }), '1:37: a character that no cell may hold: U+3164; expected `arg.x=a`'],
    ['a mark that joins letters', row({ when: 'arg.x=a\u034fb' }), '1:37: a character that no cell may hold: U+034F; expected `arg.x=ab`'],
    ['a space that does not break', row({ when: 'arg.x=a\u00a0env=prod' }), '1:37: a character that no cell may hold: U+00A0; expected `arg.x=a env=prod`'],
    ['bytes that are not UTF-8', row({ resource: '/w/\ufffd' }), '1:26: a character that no cell may hold: U+FFFD, which stands for bytes that are not UTF-8; expected a file in UTF-8'],
    ['NUL alone in a cell', row({ then: '\0' }), '1:40: a character that no cell may hold: U+0000; leave it out'],
    ['semicolons', 'p;role:any;fs:read\n', '1:1: unknown kind of row `p;role:any;fs:read`; known: `p` `g`'],
    ['a large letter', `P${ROW.slice(1)}\n`, '1:1: unknown kind of row `P`; did you mean `p`'],
    ['a section', '[policy]\n', '1:1: unknown kind of row `[policy]`; known: `p` `g`'],
    ['a comma alone', ',\n', '1:1: unknown kind of row ``; did you mean `p`'],
    ['a cell that is missing at the end', `${ROW.slice(0, -1)}\n`, '1:40: an empty cell; write `-` where a cell says nothing'],
    ['a subject with a large letter', row({ who: 'Role:any' }), '1:4: `Role:any` is not a subject here; expected `agent:NAME` or `role:NAME`'],
  ])('%s', (_, text, problem) => {
    expect(problemOf(text)).toBe(`policy.csv:${problem}`);
  }); // prettier-ignore

  it('`p` alone', () => {
    expect(problemOf('p\n')).toContain(
      'policy.csv:1:2: a `p` row has 6 cells after `p`, this one has 0; expected `p, who',
    );
  });

  it('a role by a name that differs in its letters', () => {
    expect(problemOf(`g, agent:a, role:x\n${row({ who: 'role:X' })}`)).toMatch(
      /^policy\.csv:2:4: unknown role `role:X`.*did you mean `role:x`$/,
    );
  });
});

describe('lines are counted alike', () => {
  const broken = row({ effect: 'dney' });

  it.each([
    ['line feeds', `# x\n\n${broken}`],
    ['carriage returns before them', `# x\r\n\r\n${broken.replace('\n', '\r\n')}`],
    ['both in one file', `# x\r\n\n${broken}`],
    ['a byte order mark before them', `\uFEFF# x\n\n${broken}`],
    ['blanks on the lines between', `# x\n \t \r\n${broken}`],
  ])('with %s', (_, text) => {
    expect(problemOf(text)).toMatch(/^policy\.csv:3:\d+: `dney` is not an effect/);
  });

  it('and a rule is the same whatever ends its line', () => {
    expect(problemOf(`${ROW}\r\n${ROW}\n`)).toBe('policy.csv:2:4: the same rule stands in line 1');
    expect(load(`${ROW}\r\n`).ref).toEqual(load(`${ROW}\n`).ref);
  });
});

describe('roles in a circle are refused at the row that closes it', () => {
  it.each([
    ['of three', 'g, agent:a, role:x\ng, role:x, role:y\ng, role:y, role:z\ng, role:z, role:x\n', '4:12: this row closes a cycle: `role:x` already leads to `role:z`'],
    ['through the role of every agent', 'g, role:any, role:x\ng, role:x, role:any\n', '2:12: this row closes a cycle: `role:any` already leads to `role:x`'],
    ['of one', 'g, role:any, role:any\n', '1:14: `role:any` is given to itself'],
  ])('%s', (_, text, problem) => {
    expect(problemOf(text)).toBe(`policy.csv:${problem}`);
  }); // prettier-ignore

  it('each circle once', () => {
    const two = 'g, role:a, role:b\ng, role:b, role:a\ng, role:c, role:d\ng, role:d, role:c\n';
    expect(problemsOf(two).map((problem) => problem.split(': ')[0])).toEqual(['policy.csv:2:12', 'policy.csv:4:12']);
  });
});
