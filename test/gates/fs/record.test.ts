import { createHash } from 'node:crypto';
import { writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../../host/contracts/request.ts';
import { bytes, fsErrorOf, fsFixture, fsTagOf } from './fs-fixture.ts';

describe('the record of the fs gate', () => {
  it('shows intent and outcome with sizes and digests, never contents', async () => {
    using fixture = fsFixture();
    await fixture.fs.write('/workspace/f', bytes('a secret'));
    await fixture.fs.read('/workspace/f', { offset: 2n, length: 3n });
    expect(fixture.records.map(({ type, action, resource }) => [type, action, resource])).toEqual([
      ['effect.intended', 'fs:write', '/workspace/f'],
      ['effect.settled', undefined, undefined],
      ['effect.intended', 'fs:read', '/workspace/f'],
      ['effect.settled', undefined, undefined],
    ]);
    expect(fixture.records[0]?.request).toMatchObject({ bytes: 8 });
    expect(fixture.records[3]?.outcome).toMatchObject({ status: 'ok', bytesIn: 3 });
    expect(JSON.stringify(fixture.records)).not.toContain('secret');
  });

  it('holds the digest of what was written, unless the mount goes without', async () => {
    for (const digests of [true, false]) {
      using fixture = fsFixture({ mount: { digests } });
      await fixture.fs.append('/workspace/f', bytes('a'));
      const written = digests ? { sha256: createHash('sha256').update('a').digest('hex') } : {};
      const { digest, ...request } = fixture.records[0]?.request ?? {};
      expect(request).toEqual({ bytes: 1, append: true, ...written });
      expect(digest).not.toBe(request['sha256']);
    }
  });

  it('denies by default, with the path as the resource and no effect', async () => {
    using fixture = fsFixture({ allow: () => false });
    const error = await fsErrorOf(fixture.fs.write('/workspace/f', bytes('x')));
    expect(error).toMatchObject({ tag: 'denied', val: { reason: 'no-rule', retryAfterMs: undefined } });
    expect(existsSync(join(fixture.root, 'f'))).toBe(false);
    expect(fixture.records.map(({ type }) => type)).toEqual(['effect.denied']);
  });

  it('stops the effect when the record cannot be written', async () => {
    using fixture = fsFixture({ auditFailsAt: 0 });
    expect(await fsTagOf(fixture.fs.write('/workspace/f', bytes('x')))).toBe('denied:audit-unavailable');
    expect(existsSync(join(fixture.root, 'f'))).toBe(false);
  });

  it('decides a rename on both names, and on writing the second', async () => {
    for (const missing of ['fs:rename /workspace/a', 'fs:rename /workspace/b', 'fs:write /workspace/b']) {
      using fixture = fsFixture({ allow: ({ action, resource }) => `${action} ${resource}` !== missing });
      writeFileSync(join(fixture.root, 'a'), 'x');
      expect(await fsTagOf(fixture.fs.rename('/workspace/a', '/workspace/b'))).toBe('denied:no-rule');
      expect(existsSync(join(fixture.root, 'a'))).toBe(true);
    }
    using fixture = fsFixture();
    writeFileSync(join(fixture.root, 'a'), 'x');
    await fixture.fs.rename('/workspace/a', '/workspace/b');
    expect(fixture.records[0]?.accesses).toHaveLength(3);
  });

  it('gives rules the size of a write and the part of a read', async () => {
    const seen: unknown[] = [];
    using fixture = fsFixture({ allow: ({ attributes }) => seen.push(Object.fromEntries(attributes)) > 0 });
    await fixture.fs.write('/workspace/f', bytes('12345'));
    await fixture.fs.read('/workspace/f', { offset: 1n, length: 2n });
    expect(seen).toEqual([{ bytes: 5 }, { offset: 1, length: 2 }]);
  });

  it('brings an intention into the form that the attempt has', () => {
    using fixture = fsFixture();
    const intend = (action: string, resource: string, attributes: [string, string | number][] = []) =>
      fixture.gate.intention({ action, resource, attributes: new Map(attributes) });
    const write = intend('fs:write', '/workspace/f', [
      ['bytes', 3],
      ['foreign', 'x'],
    ]);
    expect(write).toMatchObject({ accesses: [{ action: 'fs:write', resource: '/workspace/f' }] });
    expect(!isRefusal(write) && [...write.accesses[0].attributes]).toEqual([['bytes', 3]]);
    expect(intend('fs:rename', '/workspace/f', [['target', '/workspace/g']])).toHaveProperty('accesses.length', 3);
    expect(isRefusal(intend('fs:open', '/workspace/f'))).toBe(true);
    expect(isRefusal(intend('fs:read', '/workspace/../f'))).toBe(true);
    expect(intend('fs:write', '/workspace/.bashrc')).toMatchObject({ accesses: [{ protection: 'always' }] });
    expect(intend('fs:read', '/workspace/.env')).toMatchObject({ accesses: [{ protection: 'unless-named' }] });
  });
});
