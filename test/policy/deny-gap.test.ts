import { describe, expect, it } from 'vitest';
import { lintPolicy, type LintWarning } from '../../host/policy/policy-lint.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { NOON, row, VOCABULARY } from './fixture.ts';

const FOLDERS = { ...VOCABULARY, actions: [...VOCABULARY.actions, 'fs:list', 'fs:rename'] };
const lint = (text: string): readonly LintWarning[] =>
  lintPolicy(loadPolicy({ policy: { file: 'policy.csv', text } }, FOLDERS, 1), NOON);
const http = (resource: string, cells: Parameters<typeof row>[0] = {}) =>
  row({ action: 'http:GET', resource, ...cells });
const denied = (resource: string, cells: Parameters<typeof row>[0] = {}) =>
  http(resource, { effect: 'deny', ...cells });

/** Adds the rows that the warnings name, until none names one that is not there. */
function mended(text: string): string {
  const more = lint(text)
    .flatMap(({ mend = [] }) => mend)
    .filter((line) => !text.includes(`${line}\n`));
  return more.length === 0 ? text : mended(`${[...new Set(more)].join('\n')}\n${text}`);
}

describe('a deny row over a path of a URL', () => {
  it('is warned of the spellings that a broader allow row lets through', () => {
    const [folder, spellings, ...more] = lint(denied('https://h.test/admin/**') + http('https://h.test/**'));
    expect(folder).toMatchObject({
      line: 1,
      message: 'this row does not deny `https://h.test/admin` itself, and line 2 allows that',
      mend: ['p, role:any, http:GET, https://h.test/admin, -, deny, -'],
    });
    expect(spellings?.message).toContain('`https://h.test//admin/x` `https://h.test/Admin/x`');
    expect(spellings?.mend).toEqual(['p, role:any, http:GET, https://h.test/**/admin/**, -, deny, -']);
    expect(more).toEqual([]);
  });

  it('is warned of the slash at the end, with and without', () => {
    const of = (resource: string) => lint(denied(resource) + http('https://h.test/**')).map(({ message }) => message);
    expect(of('https://h.test/1/2')[0]).toContain('`https://h.test//1/2` `https://h.test/1/2/`');
    expect(of('https://h.test/1/2/')[0]).toContain('`https://h.test//1/2/` `https://h.test/1/2`');
  });

  it('is left with the case of letters, which no pattern can name, once the rows are added', () => {
    const text = denied('https://h.test/admin/**') + http('https://h.test/**');
    const left = lint(mended(text)).filter(({ message }) => !message.includes('already'));
    expect(left.length).toBeGreaterThan(0);
    expect(left.flatMap(({ mend = [] }) => mend)).toEqual([]);
    for (const { message } of left) expect(message).toContain('Admin');
    expect(lint(mended(denied('https://h.test/1/**') + http('https://h.test/**'))).filter(({ mend }) => mend)).toEqual(
      [],
    );
  });

  it('is not warned of where no row allows the spellings, or where another row denies them', () => {
    expect(lint(denied('https://h.test/admin/**') + http('https://h.test/public/**'))).toEqual([]);
    expect(lint(denied('https://h.test/admin/**') + http('https://g.test/**'))).toEqual([]);
    expect(
      lint(denied('https://h.test/admin/**') + row({ action: 'http:POST', resource: 'https://h.test/**' })),
    ).toEqual([]);
    expect(lint(denied('https://h.test/**') + http('https://h.test/a/**'))).toMatchObject([{ line: 2 }]);
    const other = 'g, agent:a, role:x\ng, agent:b, role:y\n';
    expect(
      lint(other + denied('https://h.test/1/**', { who: 'role:x' }) + http('https://h.test/**', { who: 'role:y' })),
    ).toEqual([]);
  });

  it('knows the agents that have two roles', () => {
    const both = 'g, agent:a, role:x\ng, agent:a, role:y\n';
    expect(
      lint(both + denied('https://h.test/1/2', { who: 'role:x' }) + http('https://h.test/**', { who: 'role:y' })),
    ).toMatchObject([{ line: 3 }]);
  });
});

describe('a deny row over what is in a folder', () => {
  it('is warned of the folder itself where it may be listed or renamed', () => {
    const text =
      row({ action: 'fs:*', resource: '/w/closed/**', effect: 'deny' }) + row({ action: 'fs:*', resource: '/w/**' });
    const [warning, ...more] = lint(text);
    expect(more).toEqual([]);
    expect(warning).toMatchObject({ line: 1, mend: ['p, role:any, fs:*, /w/closed, -, deny, -'] });
    expect(lint(mended(text))).toEqual([]);
  });

  it('is not warned of where the folder may only be read, which no folder can be', () => {
    expect(lint(row({ resource: '/w/closed/**', effect: 'deny' }) + row())).toEqual([]);
  });

  it('is warned of a tool of that very name', () => {
    const text =
      row({ action: 'tool:call', resource: 'tool:git/**', effect: 'deny' }) +
      row({ action: 'tool:call', resource: 'tool:**' });
    expect(lint(text)).toMatchObject([{ line: 1, mend: ['p, role:any, tool:call, tool:git, -, deny, -'] }]);
    expect(lint(mended(text))).toEqual([]);
  });
});
