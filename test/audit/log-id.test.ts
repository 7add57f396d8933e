import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { logIdOf } from '../../host/audit/log-id.ts';
import { createAuditFiles } from '../../host/powers/audit-file.ts';
import { createRandom } from '../../host/powers/random.ts';
import { fullDisk, scratch } from './run-fixture.ts';

const [files, random] = [createAuditFiles(), createRandom()];

describe('the id of a log', () => {
  it('is made with the first run and stays', () => {
    using folder = scratch();
    const directory = join(folder.directory, 'audit');
    const id = logIdOf(directory, files, random);
    expect(id).toMatch(/^log-[0-9a-f]{32}$/);
    expect(logIdOf(directory, files, random)).toBe(id);
    expect(statSync(join(directory, 'log-id')).mode & 0o777).toBe(0o600);
    expect(logIdOf(join(folder.directory, 'other'), files, random)).not.toBe(id);
  });

  it('is that of the host that was faster', () => {
    using folder = scratch();
    const path = join(folder.directory, 'log-id');
    const other = `log-${'1'.repeat(32)}`;
    const slow = {
      ...files,
      create(created: string) {
        writeFileSync(path, other);
        return files.create(created);
      },
    };
    expect(logIdOf(folder.directory, slow, random)).toBe(other);
  });

  it('is refused where the file holds none, or cannot be made', () => {
    using folder = scratch();
    const refused: unknown = expect.objectContaining({ code: 'ERR_AUDIT_APPEND' });
    expect(() => logIdOf(folder.directory, fullDisk(10), random)).toThrow(refused);
    expect(existsSync(join(folder.directory, 'log-id'))).toBe(false);
    writeFileSync(join(folder.directory, 'log-id'), 'log-1');
    expect(() => logIdOf(folder.directory, files, random)).toThrow(refused);
    expect(readFileSync(join(folder.directory, 'log-id'), 'utf8')).toBe('log-1');
  });
});
