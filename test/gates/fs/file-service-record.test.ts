import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OpenHow } from '../../../host/contracts/file-service.ts';
import type { Access } from '../../../host/contracts/request.ts';
import { BOTH, CREATE, errorOf, HOW, READ, unsettled, valueOf, WRITE } from './file-answers.ts';
import { bytes, fsFixture } from './fs-fixture.ts';

const HOWS: readonly (readonly [string, OpenHow, readonly string[]])[] = [
  ['looking', HOW, ['fs:stat']],
  ['reading', READ, ['fs:read']],
  ['writing', WRITE, ['fs:write']],
  ['creating', { ...HOW, create: true }, ['fs:write']],
  ['creating what is read', { ...READ, create: true }, ['fs:read', 'fs:write']],
  ['truncating', { ...WRITE, truncate: true }, ['fs:write']],
  ['reading and writing', BOTH, ['fs:read', 'fs:write']],
];

describe('an open file is one effect', () => {
  it.each(HOWS)('is decided, for %s, as what it is opened for', (_, how, actions) => {
    const decided: Access[] = [];
    using fixture = fsFixture({ allow: (access) => decided.push(access) > 0 });
    writeFileSync(join(fixture.root, 'f'), 'x');
    valueOf(fixture.gate.files.open('/workspace/f', how)).close();
    expect(decided.map(({ action, resource }) => [action, resource])).toEqual(
      actions.map((action) => [action, '/workspace/f']),
    );
    for (const denied of actions) {
      using other = fsFixture({ allow: ({ action }) => action !== denied });
      expect(errorOf(other.gate.files.open('/workspace/f', how))).toBe('access');
      expect(existsSync(join(other.root, 'f'))).toBe(false);
    }
  });

  it('has one intent at its opening and one outcome at its closing, with all that was done between', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    const file = valueOf(files.open('/workspace/f', { ...CREATE, read: true }));
    valueOf(file.write(0n, bytes('12345')));
    valueOf(file.append(bytes('67')));
    valueOf(file.read(1n, 3));
    valueOf(file.setSize(4n));
    expect(errorOf(file.setSize(-1n))).toBe('invalid');
    expect(fixture.records.map(({ type }) => type)).toEqual(['effect.intended']);
    file.close();
    file.close();
    const [intent, outcome, ...more] = fixture.records;
    expect(more).toEqual([]);
    expect(intent).toMatchObject({
      accesses: [{ action: 'fs:read' }, { action: 'fs:write' }],
      request: { how: ['read', 'write', 'create', 'follow'] },
    });
    expect(outcome).toMatchObject({
      type: 'effect.settled',
      intent: 0,
      outcome: { status: 'ok', bytesIn: 3, bytesOut: 7, detail: { created: true, size: 4 } },
    });
  });

  it('records truncation, and does it only after its intent', () => {
    using fixture = fsFixture({ auditFailsAt: 0 });
    writeFileSync(join(fixture.root, 'f'), 'kept');
    expect(errorOf(fixture.gate.files.open('/workspace/f', { ...WRITE, truncate: true }))).toBe('access');
    expect(errorOf(fixture.gate.files.open('/workspace/g', CREATE))).toBe('access');
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('kept');
    expect(existsSync(join(fixture.root, 'g'))).toBe(false);
    using other = fsFixture();
    writeFileSync(join(other.root, 'f'), 'gone');
    valueOf(other.gate.files.open('/workspace/f', { ...WRITE, truncate: true })).close();
    expect(other.records[1]?.outcome).toMatchObject({ detail: { truncated: true } });
  });

  it('ends with its run: what is still open is closed, settled and said to have been left', async () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    const open = [1, 2, 3].map((n) => valueOf(files.open(`/workspace/f${n}`, CREATE)));
    valueOf(open[0]!.write(0n, bytes('abc')));
    open[1]!.close();
    expect(unsettled(fixture.records)).toHaveLength(2);
    await fixture.gate.close();
    expect(unsettled(fixture.records)).toEqual([]);
    const outcomes = fixture.records.flatMap(({ outcome }) => outcome ?? []);
    expect(outcomes.map(({ bytesOut, detail }) => [bytesOut, detail?.['left'] ?? false])).toEqual([
      [0, false],
      [3, true],
      [0, true],
    ]);
    expect(errorOf(open[0]!.write(0n, bytes('x')))).toBe('bad-descriptor');
    expect(readFileSync(join(fixture.root, 'f1'), 'utf8')).toBe('abc');
  });

  it('is of no use any more once a record could not be written', () => {
    using fixture = fsFixture({ auditFailsAt: 1 });
    const { files } = fixture.gate;
    const file = valueOf(files.open('/workspace/f', CREATE));
    valueOf(file.write(0n, bytes('a')));
    expect(errorOf(files.status('/workspace/f', true))).toBe('access');
    expect(errorOf(file.write(0n, bytes('b')))).toBe('access');
    expect(readFileSync(join(fixture.root, 'f'), 'utf8')).toBe('a');
  });

  it('waits for the disk at its closing where the mount says so', () => {
    using fixture = fsFixture({ mount: { sync: true } });
    const file = valueOf(fixture.gate.files.open('/workspace/f', CREATE));
    valueOf(file.write(0n, bytes('a')));
    file.close();
    expect(fixture.records.at(-1)?.outcome).toMatchObject({ status: 'ok', bytesOut: 1 });
  });

  it('records every other call as an effect of its own, and the denial of a hard link', () => {
    using fixture = fsFixture();
    const { files } = fixture.gate;
    valueOf(files.open('/workspace/f', CREATE)).close();
    valueOf(files.status('/workspace/f', true));
    void valueOf(files.list('/workspace')).next();
    valueOf(files.makeDirectory('/workspace/d'));
    valueOf(files.removeDirectory('/workspace/d'));
    valueOf(files.setTimes('/workspace/f', true, 'keep', 'now'));
    valueOf(files.rename('/workspace/f', '/workspace/g'));
    valueOf(files.removeFile('/workspace/g'));
    expect(errorOf(files.hardLink('/workspace/g', '/workspace/h'))).toBe('access');
    expect(fixture.records.flatMap(({ type, action }) => (type === 'effect.intended' ? [action] : []))).toEqual([
      'fs:write',
      'fs:stat',
      'fs:list',
      'fs:create',
      'fs:remove',
      'fs:write',
      'fs:rename',
      'fs:remove',
    ]);
    expect(unsettled(fixture.records)).toEqual([]);
    expect(fixture.records.at(-1)).toMatchObject({
      type: 'effect.denied',
      action: 'fs:create',
      resource: '/workspace/h',
      decision: { reason: 'protected-resource' },
    });
  });
});
