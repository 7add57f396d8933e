import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LabelRef } from '../../host/contracts/decision.ts';
import type { CarriedLabels, LabelledResource } from '../../host/contracts/label.ts';
import type { Access } from '../../host/contracts/request.ts';
import { createLabelPlaces, labelBelow, type PlacesOptions } from '../../host/labels/label-places.ts';
import { createResourceLabels } from '../../host/labels/resource-labels.ts';
import { createRunLabels } from '../../host/labels/run-labels.ts';
import { matchPattern } from '../../host/configuration/match-pattern.ts';

const ORDER = ['public', 'internal', 'confidential', 'secret'] as const;
const label = (name: (typeof ORDER)[number]): LabelRef => ({ name, rank: ORDER.indexOf(name) });
const access = (action: string, resource: string, columns?: readonly string[]): Access => ({
  action,
  resource,
  attributes: new Map(columns === undefined ? [] : [['columns', columns]]),
});

const CLASSIFIED: readonly LabelledResource[] = [
  { pattern: '/hr/**', label: label('confidential') },
  { pattern: '/hr/board/**', label: label('secret') },
  { pattern: '/notes/**', label: label('internal') },
  { pattern: 'db:main/orders', columns: ['email', 'phone'], label: label('confidential') },
  { pattern: 'db:main/orders', label: label('internal') },
  { pattern: 'https://crm.test/**', label: label('confidential') },
  { pattern: 'tool:crm/*', label: label('confidential') },
];

/** What is carried along, in memory. */
function memory(): CarriedLabels & { readonly ranks: Map<string, number> } {
  const ranks = new Map<string, number>();
  return {
    ranks,
    rankOf: (resource) => ranks.get(resource),
    rankBelow: (directory) => {
      const found = [...ranks].filter(([name]) => name === directory || name.startsWith(`${directory}/`));
      return found.length === 0 ? undefined : Math.max(...found.map(([, rank]) => rank));
    },
    raise: (resource, rank) => void ranks.set(resource, Math.max(rank, ranks.get(resource) ?? 0)),
    close: () => undefined,
  };
}

function runLabels(carried: CarriedLabels = memory(), initialRank = 0, places: Partial<PlacesOptions> = {}) {
  const grown: string[] = [];
  const labels = createRunLabels({
    order: ORDER,
    resources: createResourceLabels(CLASSIFIED, matchPattern),
    below: (directory) => labelBelow(CLASSIFIED, directory),
    places: createLabelPlaces({ sameDatabases: new Map(), tools: new Map(), ...places }),
    carried,
    initialRank,
    grown: ({ name }) => grown.push(name),
  });
  return { labels, grown, of: (...asked: [Access, ...Access[]]) => labels.labelled(asked).map((one) => one.label) };
}

describe('the label of an access', () => {
  it('is that of the resource where something is read, the highest of all that fit', () => {
    const { of } = runLabels();
    expect(of(access('fs:read', '/hr/a'), access('fs:read', '/hr/board/a'), access('fs:read', '/w/a'))).toEqual([
      'confidential',
      'secret',
      undefined,
    ]);
  });

  it('of a table follows the columns; where they are not known, all of them count', () => {
    const { of } = runLabels();
    expect(of(access('db:select', 'db:main/orders', ['id']))).toEqual(['internal']);
    expect(of(access('db:select', 'db:main/orders', ['id', 'email']))).toEqual(['confidential']);
    expect(of(access('db:select', 'db:main/orders'))).toEqual(['confidential']);
  });

  it('is that of what would flow out where something is written or sent', () => {
    const { labels, of } = runLabels();
    const post = access('http:POST', 'https://partner.test/in');
    expect(of(post, access('fs:write', '/w/a'), access('log:write', 'log:info'))).toEqual([
      'public',
      'public',
      'public',
    ]);
    labels.admit([access('fs:read', '/hr/a')], undefined);
    expect(of(post, access('fs:write', '/w/a'), access('log:write', 'log:info'))).toEqual([
      'confidential',
      'confidential',
      'confidential',
    ]);
    // What is read stays what it is.
    expect(of(access('fs:read', '/notes/a'))).toEqual(['internal']);
  });

  it('of a request takes both: what the host has, and what the run would tell it', () => {
    const { labels, of } = runLabels();
    expect(of(access('http:GET', 'https://crm.test/x'))).toEqual(['confidential']);
    labels.admit([access('fs:read', '/hr/board/a')], undefined);
    expect(of(access('http:GET', 'https://crm.test/x'))).toEqual(['secret']);
  });
});

describe('the label of a run', () => {
  it('grows with what it reads and never sinks', () => {
    const { labels, grown } = runLabels();
    labels.admit([access('fs:read', '/notes/a')], undefined);
    labels.admit([access('fs:read', '/w/a')], undefined);
    labels.admit([access('http:GET', 'https://crm.test/x')], undefined);
    labels.admit([access('fs:list', '/notes')], undefined);
    expect(grown).toEqual(['internal', 'confidential']);
    expect(labels.current()).toEqual(label('confidential'));
  });

  it('takes the label that a rule adds to what is read, and not to what is written', () => {
    const { labels } = runLabels();
    labels.admit([access('fs:write', '/w/a')], label('secret'));
    expect(labels.current()).toEqual(label('public'));
    labels.admit([access('fs:read', '/w/a')], label('secret'));
    expect(labels.current()).toEqual(label('secret'));
  });

  it('begins with that of its caller', () => {
    expect(runLabels(memory(), 2).labels.current()).toEqual(label('confidential'));
  });

  it('is the highest where a rank is none of this configuration', () => {
    for (const rank of [99, -1, 1.5, Number.NaN])
      expect(runLabels(memory(), rank).labels.current().name).toBe('secret');
  });

  it('is the highest after reading what was written along under another configuration', () => {
    const carried = memory();
    carried.ranks.set('/w/a', 17);
    const { labels } = runLabels(carried);
    labels.admit([access('fs:read', '/w/a')], undefined);
    expect(labels.current()).toEqual(label('secret'));
  });
});

describe('what is written', () => {
  it('carries the label of the run to whoever reads it', () => {
    const carried = memory();
    const first = runLabels(carried).labels;
    first.admit([access('fs:read', '/hr/a')], undefined);
    first.admit([access('fs:write', '/w/a')], undefined);
    first.admit([access('db:insert', 'db:main/notes')], undefined);
    const second = runLabels(carried);
    expect(second.of(access('fs:read', '/w/a'), access('db:select', 'db:main/notes'))).toEqual([
      'confidential',
      'confidential',
    ]);
    second.labels.admit([access('fs:read', '/w/a')], undefined);
    expect(second.labels.current()).toEqual(label('confidential'));
  });

  it('carries nothing before anything was read', () => {
    const carried = memory();
    runLabels(carried).labels.admit([access('fs:write', '/w/a')], undefined);
    expect([...carried.ranks]).toEqual([]);
  });

  it('takes the label of what is moved there', () => {
    const carried = memory();
    const { labels } = runLabels(carried);
    labels.admit([access('fs:rename', '/hr/a'), access('fs:rename', '/w/b'), access('fs:write', '/w/b')], undefined);
    expect(carried.ranks.get('/w/b')).toBe(2);
  });

  it('in one statement takes the label of what is read by it', () => {
    const carried = memory();
    const { labels } = runLabels(carried);
    labels.admit([access('db:insert', 'db:main/copy'), access('db:select', 'db:main/orders', ['email'])], undefined);
    expect(carried.ranks.get('db:main/copy')).toBe(2);
  });

  it('through an effect that goes on carries what is read later', () => {
    const carried = memory();
    const { labels } = runLabels(carried);
    const open = [access('fs:write', '/w/stream')];
    labels.admit(open, undefined);
    const kept = labels.keep(open);
    expect(carried.ranks.has('/w/stream')).toBe(false);
    labels.admit([access('fs:read', '/hr/board/a')], undefined);
    expect(carried.ranks.get('/w/stream')).toBe(3);
    kept.ended();
    expect(labels.current().name).toBe('secret');
  });

  it('stays open for as long as the last of several effects on it', () => {
    const carried = memory();
    const { labels } = runLabels(carried);
    const [one, other] = [labels.keep([access('fs:write', '/w/x')]), labels.keep([access('fs:write', '/w/x')])];
    one.ended();
    labels.raise(label('internal'));
    expect(carried.ranks.get('/w/x')).toBe(1);
    other.ended();
    labels.raise(label('secret'));
    expect(carried.ranks.get('/w/x')).toBe(1);
  });

  it('is an error where the label cannot be kept', () => {
    const broken: CarriedLabels = {
      ...memory(),
      raise: () => {
        throw new Error('the disk is full');
      },
    };
    const { labels } = runLabels(broken, 1);
    expect(() => labels.admit([access('fs:write', '/w/a')], undefined)).toThrow('the disk is full');
  });
});

describe('data that lies under more than its own name', () => {
  const confidential = (places: Partial<PlacesOptions> = {}, carried = memory()) => {
    const one = runLabels(carried, 0, places).labels;
    one.admit([access('fs:read', '/hr/a')], undefined);
    return { one, carried, other: runLabels(carried, 0, places) };
  };

  it.each(['fs:write', 'fs:create', 'fs:remove', 'fs:rename'])(
    'is also the name of a file, which %s tells whoever lists its directory',
    (action) => {
      const { one, other } = confidential();
      one.admit([access(action, '/w/what-was-read')], undefined);
      expect(other.of(access('fs:list', '/w'), access('fs:stat', '/w'), access('fs:list', '/'))).toEqual([
        'confidential',
        'confidential',
        undefined,
      ]);
      expect(other.of(access('fs:read', '/w/beside'))).toEqual([undefined]);
    },
  );

  it('is also the name of a table, for whoever reads the schema', () => {
    const { one, other } = confidential();
    one.admit([access('db:schema', 'db:main/what_was_read')], undefined);
    expect(other.of(access('db:select', 'db:main/sqlite_schema'))).toEqual(['confidential']);
  });

  it('has the label of each name of its database, by configuration and as it was written', () => {
    const { one, other } = confidential({
      sameDatabases: new Map([
        ['copy', ['main', 'copy']],
        ['main', ['main', 'copy']],
      ]),
    });
    expect(other.of(access('db:select', 'db:copy/orders', ['email']))).toEqual(['confidential']);
    one.admit([access('db:insert', 'db:copy/notes')], undefined);
    expect(other.of(access('db:select', 'db:main/notes'), access('db:select', 'db:other/notes'))).toEqual([
      'confidential',
      undefined,
    ]);
  });

  it('is whatever a program reads that is shown a mount', () => {
    const tools = new Map([
      ['grep', [{ path: '/hr', access: 'ro' } as const]],
      ['look', [{ path: '/w', access: 'ro' } as const]],
    ]);
    const { one, other } = confidential({ tools });
    expect(other.of(access('tool:call', 'tool:grep'), access('tool:call', 'tool:look'))).toEqual(['secret', 'public']);
    one.admit([access('fs:write', '/w/deep/note')], undefined);
    expect(other.of(access('tool:call', 'tool:look'))).toEqual(['confidential']);
    other.labels.admit([access('tool:call', 'tool:look')], undefined);
    expect(other.labels.current().name).toBe('confidential');
  });

  it('is whatever a program may have written that is shown a mount', () => {
    const { one, other } = confidential({ tools: new Map([['sort', [{ path: '/w', access: 'rw' } as const]]]) });
    expect(other.of(access('fs:read', '/w/any'))).toEqual([undefined]);
    one.admit([access('tool:call', 'tool:sort')], undefined);
    expect(other.of(access('fs:read', '/w/any'), access('fs:list', '/w'), access('fs:read', '/w2/a'))).toEqual([
      'confidential',
      'confidential',
      undefined,
    ]);
  });

  it.each([
    ['/hr', 'secret'],
    ['/hr/board', 'secret'],
    ['/hr/other', 'confidential'],
    ['/', 'secret'],
    ['/w', undefined],
    ['/h', undefined],
  ])('below %s has at most the label %s by configuration', (directory, expected) => {
    expect(labelBelow(CLASSIFIED, directory)?.name).toBe(expected);
  });
});

describe('no sequence of effects', () => {
  const resources = ['/hr/a', '/hr/board/a', '/notes/a', '/w/a', '/w/b', 'db:main/orders', 'db:main/notes'];
  const step = fc.record({
    run: fc.nat(2),
    action: fc.constantFrom('fs:read', 'fs:write', 'fs:rename', 'db:select', 'db:insert'),
    from: fc.constantFrom(...resources),
    to: fc.constantFrom(...resources),
  });

  it('lets what came from a labelled resource out under a lower label', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const carried = memory();
        const runs = [0, 1, 2].map(() => runLabels(carried));
        // The truth: what each place and each run holds at most, kept beside by hand.
        const held = new Map<string, number>();
        const has = (resource: string) =>
          Math.max(
            held.get(resource) ?? 0,
            ...CLASSIFIED.filter(({ pattern }) => matchPattern(pattern)(resource)).map(({ label: { rank } }) => rank),
          );
        const read = [0, 0, 0];
        for (const { run, action, from, to } of steps) {
          const labels = runs[run]?.labels;
          if (labels === undefined) throw new Error('no such run');
          const mine = (): number => read[run] ?? 0;
          if (action === 'fs:rename') {
            labels.admit([access(action, from), access(action, to), access('fs:write', to)], undefined);
            read[run] = Math.max(mine(), has(from), has(to));
            held.set(to, Math.max(has(to), mine()));
          } else if (action === 'fs:read' || action === 'db:select') {
            labels.admit([access(action, from)], undefined);
            read[run] = Math.max(mine(), has(from));
          } else {
            labels.admit([access(action, to)], undefined);
            held.set(to, Math.max(has(to), mine()));
          }
          const [sent] = labels.labelled([access('http:POST', 'https://partner.test/')]);
          expect(ORDER.indexOf(sent.label as 'public')).toBeGreaterThanOrEqual(mine());
        }
      }),
    );
  });
});
