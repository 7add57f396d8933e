import { describe, expect, it } from 'vitest';
import type { Declared } from '../../host/policy/breadth.ts';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import { load, NOON, row } from './fixture.ts';

const DECLARED: Declared = {
  tools: [
    { name: 'git', program: '/usr/bin/git', takesArguments: true },
    { name: 'git/status', program: '/usr/bin/git', takesArguments: false },
    { name: 'grep', program: '/usr/bin/grep', takesArguments: true },
    { name: 'script', program: '/usr/bin/python3.11', takesArguments: true },
    { name: 'inner', takesArguments: true },
  ],
  databases: ['Main'],
  mounts: ['/w', '/data/set'],
};
const lint = (text: string, declared?: Declared) =>
  lintPolicy(load(text), NOON, declared).map(({ line, message }) => `${line}: ${message}`);
const http = (resource: string) => row({ action: 'http:GET', resource });
const db = (resource: string, when = '-') => row({ action: 'db:select', resource, when });
const tool = (resource: string, when = '-') => row({ action: 'tool:call', resource, when });

describe('an allow row for every host', () => {
  it.each(['https://**/**', 'https://**:8443/api/*', 'https://*.com/**', 'https://**.org/x', 'https://*.co.uk/**'])(
    'is warned of: %s',
    (resource) => {
      expect(lint(http(resource))).toHaveLength(1);
      expect(lint(row({ action: 'http:GET', resource, effect: 'deny' }))).toEqual([]);
    },
  );

  it.each([
    'https://*.example.com/**',
    'https://**.corp/**',
    'https://*.internal/**',
    'https://h.com/**',
    'https://*.io.example/**',
  ])('is another one than %s', (resource) => expect(lint(http(resource))).toEqual([]));
});

describe('an allow row for every table', () => {
  it.each(['db:main/*', 'db:main/**', 'db:*/**'])('is warned of: %s', (resource) => {
    expect(lint(db(resource))).toEqual([
      `1: \`${resource}\` is every table, those that are made later and the schema among them; write a row for each table`,
    ]);
  });

  it('is another one than a table, a family of tables, or a declared statement', () => {
    expect(lint(db('db:main/orders') + db('db:main/order_*') + db('db:main/*', 'arg.statement=by-id'))).toEqual([]);
  });
});

describe('an allow row for a program that can run others', () => {
  it('is warned of where it tests no argument', () => {
    const [warning, ...more] = lintPolicy(load(tool('tool:git')), NOON, DECLARED);
    expect(more).toEqual([]);
    expect(warning).toMatchObject({
      line: 1,
      message: expect.stringContaining('`tool:git` runs `/usr/bin/git`') as string,
      mend: ['p, role:any, tool:call, tool:git, arg.NAME=value, allow, -'],
    });
    expect(lint(tool('tool:script'), DECLARED)).toHaveLength(1);
    expect(lint(tool('tool:**'), DECLARED)).toHaveLength(2);
  });

  it('is not warned of where an argument is tested, where there is none, or where the program does one thing', () => {
    for (const text of [
      tool('tool:git', 'arg.command=log'),
      tool('tool:git/status'),
      tool('tool:grep'),
      tool('tool:inner'),
    ])
      expect(lint(text, DECLARED)).toEqual([]);
  });
});

describe('a row for what the configuration does not declare', () => {
  it('is warned of, a deny row above all', () => {
    const deny = (action: string, resource: string) => row({ action, resource, effect: 'deny' });
    for (const [action, resource, kind] of [
      ['tool:call', 'tool:gti', 'tool'],
      ['db:select', 'db:mian/orders', 'database'],
      ['fs:read', '/workspace/a', 'mount'],
      ['fs:read', '/data/other/**', 'mount'],
      ['fs:read', '/data', 'mount'],
    ] as const)
      expect(lint(deny(action, resource), DECLARED)).toEqual([
        `1: the configuration declares no ${kind} that \`${resource}\` names: under it this row says nothing`,
      ]);
  });

  it('is another one than a pattern that meets something', () => {
    const rows = ['/w', '/w/a', '/data/set/x', '/data/*/x', '/**/.env', '/d*/set/**'].map((resource) =>
      row({ resource }),
    );
    const others = [tool('tool:g*'), db('db:main/orders'), db('db:m*/orders')];
    for (const text of [...rows, ...others])
      expect(lint(text, DECLARED).filter((said) => said.includes('declares'))).toEqual([]);
  });
});

describe('an allow row with an obligation that its gate cannot do', () => {
  it('is warned of, with the row that allows something', () => {
    const [warning] = lintPolicy(load(row({ then: 'rows=5 log=full' })), NOON);
    expect(warning).toMatchObject({
      message: 'no gate of `fs` can do `rows`: every request that this row allows is denied',
      mend: ['p, role:any, fs:read, /w/**, -, allow, log=full'],
    });
    expect(lint(row({ action: 'db:select', resource: 'db:main/a', then: 'rows=5 timeout=1s' }))).toEqual([]);
  });
});
