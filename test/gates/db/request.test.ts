import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../../host/contracts/request.ts';
import { createDbParser } from '../../../host/gates/db/request.ts';
import { resourceOf } from '../../../host/gates/db/table-resource.ts';

const settings = {
  target: { kind: 'sqlite', path: '/none', writable: false, recursive: false, maxBytes: 1024, maxFileBytes: 1024 },
  statements: new Map<string, string>(),
  maxRows: 1,
  timeoutMs: 1,
} as const;
const parser = createDbParser({ databases: new Map([['main', settings]]) });

const intend = (resource: string, action = 'db:select', columns?: readonly string[]) =>
  parser.intention({ action, resource, attributes: new Map(columns === undefined ? [] : [['columns', columns]]) });

describe('an intention', () => {
  it('has the form that an attempt has', () => {
    const parsed = intend('db:main/Orders', 'db:select', ['Total', 'id']);
    expect(parsed).toMatchObject({
      accesses: [
        { action: 'db:select', resource: 'db:main/orders', attributes: new Map([['columns', ['id', 'total']]]) },
      ],
    });
  });

  it('may name the schema in both ways', () => {
    expect(intend('db:main/sqlite_master')).toMatchObject({ accesses: [{ resource: 'db:main/sqlite_schema' }] });
  });

  it.each(['db:nowhere/orders', 'db:main', 'db:main/', 'db:main/a/b', 'main/orders', 'db:main/%'])(
    'is refused as %s',
    (resource) => {
      expect(isRefusal(intend(resource))).toBe(true);
    },
  );

  it('of another action is refused', () => {
    expect(isRefusal(intend('db:main/orders', 'db:attach'))).toBe(true);
  });
});

describe('the resource of a table', () => {
  const table = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
  it('is one segment of safe characters', () => {
    fc.assert(fc.property(table, (name) => /^db:main\/(?:[a-z0-9_-]|%[0-9A-F]{2})+$/.test(resourceOf('main', name))));
  });
  it('differs for different tables, and from having no table', () => {
    fc.assert(
      fc.property(
        table,
        table,
        (one, other) => (one === other) === (resourceOf('main', one) === resourceOf('main', other)),
      ),
    );
    fc.assert(fc.property(table, (name) => resourceOf('main', name) !== resourceOf('main', undefined)));
  });
  it('stays the same when it is brought into canonical form again', () => {
    fc.assert(
      fc.property(table, (name) => {
        const resource = resourceOf('main', name.replace(/[A-Z]/g, 'x'));
        const again = intend(resource);
        return resource.length > 256 ? isRefusal(again) : !isRefusal(again) && again.accesses[0].resource === resource;
      }),
    );
  });
});
