import { hash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeControl } from '../../host/contracts/escape.ts';
import type { Access } from '../../host/contracts/request.ts';
import type { FileService } from '../../host/contracts/file-service.ts';
import type { FileTree } from '../../host/gates/fs/files.ts';
import type { PosixFiles } from '../../host/gates/fs/posix-files.ts';
import { createLogGate } from '../../host/gates/log/index.ts';
import { createPolicyGate, POLICY_INTERFACE } from '../../host/gates/policy/index.ts';
import { createToolGate } from '../../host/gates/tool-exec/index.ts';
import type { ProcessRequest } from '../../host/gates/tool-exec/process-request.ts';
import { int, text, workbench } from '../gates/db/workbench.ts';
import { BOTH, CREATE, HOW, READ, WRITE } from '../gates/fs/file-answers.ts';
import { fsFixture, type GuestFs } from '../gates/fs/fs-fixture.ts';
import { httpGate, request } from '../gates/http/http-gate.ts';
import { NO_SUPERVISOR, resolveTools, type GuestTools } from '../gates/tool-exec/tool-fixture.ts';
import { testPipeline } from '../support/pipeline.ts';

/** Decisions that are noted as they are made: everything is allowed. */
function recorder() {
  const decided: Access[] = [];
  const allow = (access: Access) => decided.push(access) > 0;
  return { decided, allow, take: () => decided.splice(0) };
}

/** Whatever a refused call throws is none of this test's business. */
const quietly = (call: () => unknown): Promise<unknown> => Promise.try(call).catch(() => undefined);
const weird = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[ -~]{0,12}$/) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('..', '.', '%2e%2E', '%2f', 'a%00', 'é', 'e\u0301', '\u202e', 'A', '-x', '@y', ''),
  },
);

const HOWS = [HOW, READ, WRITE, CREATE, BOTH];

/** What URL leaves as it is: the dot at the end of a name, and an IPv4 address in the dress of the other family. */
const plainHost = (host: string): string => host.replace(/\.$/, '').replace('[::ffff:7f00:2]', '127.0.0.2');

const capitals = (url: string): string => url.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase());

describe('what is decided is what is performed', () => {
  it('by the http gate: method, origin, path and header fields', async () => {
    const host = fc.constantFrom(
      'h.test',
      'H.Test.',
      '0x7f.1',
      '127.0.0.2',
      'xn--4ca.test',
      'é.test',
      '[::ffff:7f00:2]',
      'a.h.test:8080',
    );
    const url = fc
      .tuple(
        fc.constantFrom('http://', 'HTTPS://', 'http:\\\\', 'http:'),
        host,
        fc.array(weird, { maxLength: 4 }),
        fc.option(weird),
      )
      .map(([scheme, name, path, query]) => `${scheme}${name}/${path.join('/')}${query === null ? '' : `?${query}`}`);
    const field = fc.tuple(fc.constantFrom('Accept', 'X-Note', 'x-note', 'Cookie', 'Host', 'bad name'), weird);
    const { take, allow } = recorder();
    const gate = httpGate({
      allow,
      resolver: { resolve: () => Promise.resolve({ kind: 'addresses', addresses: ['127.0.0.2'] }) },
      dialer: { dial: (_, receiver) => receiver.fail('connection-failed', true), close: () => Promise.resolve() },
    });
    let performed = 0;
    const attempt = async (given: string, headers: readonly (readonly [string, string])[] = []) => {
      await quietly(() => gate.http.fetch(request(given, { headers, method: 'post', body: new Uint8Array([1]) })));
      return { decided: take(), dials: gate.dials.splice(0) };
    };
    await fc.assert(
      fc.asyncProperty(url, fc.array(field, { maxLength: 3 }), async (given, headers) => {
        const { decided, dials } = await attempt(given, headers);
        const [dial] = dials;
        if (dial === undefined) return;
        performed++;
        expect(dials).toHaveLength(1);
        expect(decided).toHaveLength(1);
        expect(decided[0]).toMatchObject({
          action: `http:${dial.method}`,
          resource: dial.origin + (dial.path.split('?')[0] ?? ''),
        });
        expect(decided[0]?.attributes.get('body-bytes')).toBe(1);
        // The one parser that everybody shares reads the same out of what the guest gave and out of what is sent.
        const [sent, meant] = [new URL(dial.origin + dial.path), new URL(given)];
        const wanted = Object.assign(meant, { hash: '', search: meant.search, hostname: plainHost(meant.hostname) });
        // RFC 3986, section 6.2.2.1: the gate writes the digits of an escape as capitals.
        expect(capitals(sent.href)).toBe(capitals(wanted.href));
        const fields = headers.map(([name, value]) => [name.toLowerCase(), value.replace(/^[\t ]+|[\t ]+$/g, '')]);
        expect(dial.headers.slice(0, fields.length * 2)).toEqual(fields.flat());
        // In canonical form already, it stays as it is.
        const again = await attempt(dial.origin + dial.path, fields as [string, string][]);
        expect(again.decided[0]?.resource).toBe(decided[0]?.resource);
        expect([again.dials[0]?.path, again.dials[0]?.headers]).toEqual([dial.path, dial.headers]);
      }),
      { numRuns: 500 },
    );
    expect(performed).toBeGreaterThan(50);
  });

  it('by the fs gate: every name that an action touches', async () => {
    const touched: string[] = [];
    // A tree in which nothing is there, and every function notes the names that it was given.
    const tree = new Proxy({} as FileTree, {
      get: (_, name) => (names: unknown, more: unknown) => {
        for (const list of [names, name === 'rename' ? more : undefined])
          if (Array.isArray(list)) touched.push(['/workspace', ...(list as string[])].join('/'));
        return { ok: false, failure: 'not-found' };
      },
    });
    const { take, allow } = recorder();
    using fixture = fsFixture({ allow, files: () => ({ open: () => tree }) });
    const calls: readonly ((fs: GuestFs, path: string, other: string) => Promise<unknown>)[] = [
      (fs, path) => fs.read(path),
      (fs, path) => fs.read(path, { offset: 1n, length: 2n }),
      (fs, path) => fs.write(path, new Uint8Array(3)),
      (fs, path) => fs.append(path, new Uint8Array(3)),
      (fs, path) => fs.list(path),
      (fs, path) => fs.stat(path),
      (fs, path) => fs.makeDirectory(path),
      (fs, path) => fs.remove(path),
      (fs, path, other) => fs.rename(path, other),
    ];
    const path = fc.array(weird, { maxLength: 4 }).map((names) => ['/workspace', ...names].join('/'));
    let performed = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...calls), path, path, async (call, given, other) => {
        touched.length = 0;
        await quietly(() => call(fixture.fs, given, other));
        const decided = take().map(({ resource }) => resource);
        if (touched.length === 0) return;
        performed++;
        expect(new Set(decided)).toEqual(new Set(touched));
        for (const resource of decided) expect([given, other]).toContain(resource);
      }),
      { numRuns: 500 },
    );
    expect(performed).toBeGreaterThan(50);
  });

  it('by the files of the fs gate: every name that an action touches', () => {
    const touched: string[] = [];
    // Files of which none is there, and every function notes the names that it was given.
    const posix = new Proxy({} as PosixFiles, {
      get: (_, name) => (names: unknown, more: unknown) => {
        for (const list of [names, name === 'rename' ? more : undefined])
          if (Array.isArray(list)) touched.push(['/workspace', ...(list as string[])].join('/'));
        return { ok: false, failure: 'no-entry' };
      },
    });
    const { take, allow } = recorder();
    using fixture = fsFixture({
      allow,
      mount: { symlinks: 'inside' },
      files: () => ({ open: () => ({ posix, close: () => undefined }) as unknown as FileTree }), // nothing else is used
    });
    const calls: readonly ((files: FileService, path: string, other: string) => unknown)[] = [
      ...HOWS.map((how) => (files: FileService, path: string) => files.open(path, how)),
      (files, path) => files.status(path, true),
      (files, path) => files.status(path, false),
      (files, path) => files.list(path),
      (files, path) => files.makeDirectory(path),
      (files, path) => files.removeFile(path),
      (files, path) => files.removeDirectory(path),
      (files, path) => files.readLink(path),
      (files, path) => files.setTimes(path, true, 'now', 'keep'),
      (files, path, other) => files.rename(path, other),
      (files, path, other) => files.hardLink(path, other),
    ];
    const path = fc.array(weird, { maxLength: 4 }).map((names) => ['/workspace', ...names].join('/'));
    let performed = 0;
    fc.assert(
      fc.property(fc.constantFrom(...calls), path, path, (call, given, other) => {
        touched.length = 0;
        call(fixture.gate.files, given, other);
        const decided = take().map(({ resource }) => resource);
        if (touched.length === 0) return;
        performed++;
        expect(new Set(decided)).toEqual(new Set(touched));
        for (const resource of decided) expect([given, other]).toContain(resource);
      }),
      { numRuns: 500 },
    );
    expect(performed).toBeGreaterThan(50);
    expect(fixture.faults).toEqual([]);
  });

  it('by the db gate: the table that is named is the table that is read, whatever it is called', async () => {
    const names = ['orders', 'Orders2', 'with space', 'a"b', 'p%/x', 'é', '-', 'select'];
    const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
    const schema = names.map(
      (name, n) =>
        `create table ${quoted(name)} (id integer, ${quoted(`${name} c`)}); insert into ${quoted(name)} values (${n}, 'in ${n}');`,
    );
    const { take, allow } = recorder();
    const { db } = workbench({ allow, schema: schema.join('\n') });
    const resources = new Map<string, string>();
    const spelled = (name: string, upper: boolean) => quoted(upper ? name.toUpperCase().replace('É', 'é') : name);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.boolean(),
        fc.constantFrom('', ' -- tail', ' /* ; */ ;'),
        async (name, upper, tail) => {
          const statement = `select id, ${spelled(`${name} c`, upper)} from ${spelled(name, upper)} where id >= ?${tail}`;
          const { rows } = await db.query('main', statement, [int(0)]);
          expect(rows).toEqual([[int(names.indexOf(name)), text(`in ${names.indexOf(name)}`)]]);
          const [access, ...more] = take();
          expect(more).toEqual([]);
          expect(access?.attributes.get('columns')).toHaveLength(2);
          // One name for one table, however it is spelled, and no two tables with one name.
          const known = resources.get(name) ?? access?.resource ?? '';
          expect(access?.resource).toBe(known);
          expect([...resources].filter(([other, resource]) => other !== name && resource === known)).toEqual([]);
          resources.set(name, known);
        },
      ),
      { numRuns: 60 },
    );
    expect(resources.size).toBe(names.length);
  }, 60_000);

  it('by the db gate: parameters arrive as they were given', async () => {
    const value = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((val) => ({ tag: 'integer' as const, val })),
      fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((val) => ({ tag: 'real' as const, val: Object.is(val, -0) ? 0 : val })),
      fc
        .stringMatching(/^[^\0]{0,20}$/u)
        .filter((val) => val.isWellFormed())
        .map(text),
      fc.uint8Array({ maxLength: 40 }).map((val) => ({ tag: 'blob' as const, val })),
      fc.constant({ tag: 'null' as const }),
    );
    const { allow } = recorder();
    const { db, records } = workbench({ allow, schema: 'create table t (n integer primary key, a, b)' });
    let n = 0;
    await fc.assert(
      fc.asyncProperty(value, value, async (a, b) => {
        n++;
        await db.execute('main', 'insert into t values (?, ?, ?)', [int(n), a, b]);
        const { rows } = await db.query('main', 'select a, b from t where n = ?', [int(n)]);
        expect(rows).toEqual([[a, b]]);
      }),
      { numRuns: 150 },
    );
    expect(records.every(({ outcome }) => outcome === undefined || outcome.status === 'ok')).toBe(true);
  }, 60_000);

  it('by the tool gate: every argument is one item of the argument list, as it was decided', async () => {
    const { config, problems } = resolveTools({
      probe: {
        description: 'takes arguments',
        isolation: 'none',
        command: '/bin/echo',
        arguments: ['--name={name}', '--', '{list}', '{count}'],
        stdin: 'input',
        schema: {
          type: 'object',
          additionalProperties: false,
          properties: {
            name: { type: 'string' },
            list: { type: 'array', items: { type: 'string' } },
            count: { type: 'integer' },
            input: { type: 'string' },
          },
        },
      },
    });
    expect(problems).toEqual([]);
    const started: ProcessRequest[] = [];
    const { take, allow } = recorder();
    const { pipeline } = testPipeline({ allow });
    const gate = createToolGate({
      pipeline,
      config,
      spawner: {
        identify: () => undefined,
        prepare: () => undefined,
        run: (process) => (started.push(process), Promise.resolve({ status: 'timed-out' })),
        close: () => undefined,
      },
      supervisor: NO_SUPERVISOR,
      mounts: [],
      callBytes: 1 << 20,
      mayCall: () => true,
    });
    const tools = gate.imports.get('sallyport:agent/tool-exec') as unknown as GuestTools; // the functions of the WIT
    const argument = fc.record(
      { name: weird, list: fc.array(weird, { maxLength: 3 }), count: fc.integer(), input: weird },
      { requiredKeys: [] },
    );
    // Other spellings of the same JSON: spaces, and characters as escapes.
    const spelling = (object: object, spaced: boolean) =>
      (spaced ? JSON.stringify(object, undefined, 2) : JSON.stringify(object)).replace(
        /[é\u202eA]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
    let performed = 0;
    await fc.assert(
      fc.asyncProperty(argument, fc.boolean(), async (given, spaced) => {
        started.length = 0;
        await quietly(() => tools.call('probe', spelling(given, spaced)));
        const [access, ...more] = take();
        const [process] = started;
        if (process === undefined || access === undefined) return;
        performed++;
        expect(more).toEqual([]);
        expect([access.action, access.resource]).toEqual(['tool:call', 'tool:probe']);
        const { attributes } = access;
        expect(Object.fromEntries([...attributes].sort())).toEqual(Object.fromEntries(Object.entries(given).sort()));
        expect(process.argv).toEqual([
          ...(given.name === undefined ? [] : [`--name=${String(attributes.get('name'))}`]),
          '--',
          ...((attributes.get('list') as readonly string[] | undefined) ?? []),
          ...(given.count === undefined ? [] : [String(attributes.get('count'))]),
        ]);
        expect(new TextDecoder().decode(process.stdin)).toBe(given.input ?? '');
        expect(process.file).toMatch(/\/echo$|coreutils/);
      }),
      { numRuns: 500 },
    );
    expect(performed).toBeGreaterThan(50);
    await gate.close();
  });

  it('by the log gate: the line that is written is the line whose digest was decided on, and says what was meant', async () => {
    const lines: string[] = [];
    const { take, allow } = recorder();
    const { pipeline, records } = testPipeline({ allow });
    const gate = createLogGate({
      pipeline,
      config: { maxLineBytes: 4_096 },
      limits: { logBytes: 1 << 20 },
      sink: { line: (level, line) => lines.push(`${level} ${line}`) },
    });
    const { write } = gate.imports.get('sallyport:agent/log') as unknown as Record<
      'write',
      (level: string, line: string) => Promise<void>
    >;
    const message = fc.oneof(
      weird,
      fc.array(fc.constantFrom('\\', 'u{', '41}', '\n', '\u202e', 'x')).map((parts) => parts.join('')),
    );
    const meant = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('info', 'warn', 'error'), message, async (level, given) => {
        lines.length = 0;
        await write(level, given);
        expect(lines).toEqual([`${level} ${escapeControl(given)}`]);
        expect(take().map(({ resource }) => resource)).toEqual([`log:${level}`]);
        const line = escapeControl(given);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        const intent = records.findLast(({ type }) => type === 'effect.intended');
        expect(intent?.request?.['digest'] === undefined ? '' : JSON.stringify(intent.request)).toContain(
          hash('sha256', line, 'hex'),
        );
        // No two messages make one line.
        expect(meant.get(line) ?? given).toBe(given);
        meant.set(line, given);
      }),
      { numRuns: 500 },
    );
    await gate.close();
  });

  it('by the policy gate: each question reaches its gate as it was asked, and none is answered for another', async () => {
    const asked: string[] = [];
    const { pipeline } = testPipeline({
      allow: ({ resource }) => resource === 'policy:self' || resource.startsWith('/yes'),
    });
    const gate = createPolicyGate({
      pipeline,
      config: { maxIntentions: 16 },
      canonicalise({ action, resource, attributes }) {
        asked.push(JSON.stringify([action, resource, [...attributes]]));
        const parsed = {
          capability: 'fs',
          accesses: [{ action, resource, attributes }],
          target: undefined,
          summary: {},
        } as const;
        return { parsed, discharges: new Set() };
      },
    });
    const { check } = gate.imports.get(POLICY_INTERFACE.name) as unknown as Record<
      'check',
      (intentions: object[]) => Promise<string[]>
    >;
    const question = fc.record({
      action: fc.constantFrom('fs:read', 'fs:write'),
      resource: weird.chain((end) => fc.constantFrom(`/yes${end}`, `/no${end}`)),
      arguments: fc.constantFrom(undefined, '{"a":1}', '{ "a" : 1.0 }', '{"a":1,"a":2}', '[', '{"b":{"c":"x"}}'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(question, { maxLength: 6 }), async (questions) => {
        asked.length = 0;
        const verdicts = await check(questions);
        const sound = questions.filter(({ arguments: json }) => json !== '[' && json !== '{"a":1,"a":2}');
        const attributes = (json: string | undefined) =>
          json === undefined ? [] : json.includes('b') ? [['b.c', 'x']] : [['a', 1]];
        expect(asked).toEqual(
          sound.map(({ action, resource, arguments: json }) => JSON.stringify([action, resource, attributes(json)])),
        );
        expect(verdicts).toEqual(
          questions.map((one) => (sound.includes(one) && one.resource.startsWith('/yes') ? 'allow' : 'deny')),
        );
      }),
      { numRuns: 200 },
    );
    await gate.close();
  });
});
