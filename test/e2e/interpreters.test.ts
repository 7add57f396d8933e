import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { makeInterpreterBed, unpackLibrary, type InterpreterBed } from './interpreter-bed.ts';

let library = '';
let bed: InterpreterBed;
beforeAll(() => {
  library = unpackLibrary();
});
afterAll(() => rmSync(library, { recursive: true, force: true }));
afterEach(() => bed.world.remove());

const contents = (name: string): string => readFileSync(join(bed.world.directory, 'shared', name), 'utf8');

describe('an unmodified interpreter, started by `sallyport run`', () => {
  it('runs Python: files of the mount, and denials as its own exceptions', async () => {
    bed = makeInterpreterBed();
    bed.world.write('shared/in.json', '[1, 2, 39]');
    const { result, denied, code } = await bed.python(`
import json, os, sys
print(1 + 1)
rows = json.load(open('/work/in.json'))
with open('/work/out.txt', 'w') as out: out.write(str(sum(rows)))
with open('/work/out.txt', 'a') as out: out.write('!')
os.makedirs('/work/a/b')
os.rename('/work/a', '/work/c')
print(sorted(os.listdir('/work')), os.path.getsize('/work/out.txt'))
for path in ('/work/private/key', '/work/private/absent', '/work/../etc/passwd'):
    try: open(path)
    except PermissionError as error: print('denied', error.filename)
try: open('/work/private/new', 'w')
except PermissionError: print('denied')
sys.exit(7)
`);
    expect(result.output).toBe(`2
['c', 'empty', 'in.json', 'out.txt', 'private'] 3
denied /work/private/key
denied /work/private/absent
denied /work/../etc/passwd
denied
`);
    expect([result.exitCode, result.status, code]).toEqual([7, 'agent-error', 1]);
    expect(contents('out.txt')).toBe('42!');
    expect(denied).toEqual([
      'fs:read /work/private/key',
      'fs:read /work/private/absent',
      'fs:stat (not in canonical form)',
      'fs:write /work/private/new',
    ]);
  });

  it('runs Python with its library below a mount that is read only', async () => {
    bed = makeInterpreterBed({ library });
    const { result, denied } = await bed.python(`
import dataclasses, email.message, json, os, statistics, xml.dom.minidom
print(os.__file__, statistics.mean([1, 3]))
try: open('/python/lib/python3.11/os.py', 'a')
except OSError as error: print(type(error).__name__)
`);
    expect(result.output).toMatch(/^\/python\/lib\/\S+ 2\nOSError\n$/);
    expect(denied).toEqual([]); // the directory itself is one that nothing is changed in
    expect(result.usage.hostCalls).toBeGreaterThan(100); // it is not the copy that the module holds
  });

  it('runs Python over a mount at `/`', async () => {
    bed = makeInterpreterBed({
      at: '/',
      rows: ['p, role:any, fs:*, /**, -, allow, -', 'p, role:any, fs:*, /private/**, -, deny, -'],
    });
    const { result, denied } = await bed.python(`
import os
os.makedirs('/etc/app')
open('/etc/app/x', 'w').write('here')
print(sorted(os.listdir('/')), open('etc/app/x').read())
for path in ('/private/key', '/../outside/secret', '/etc/passwd'):
    try: open(path)
    except OSError as error: print(type(error).__name__)
`);
    expect(result.output).toBe(
      "['empty', 'etc', 'private'] here\nPermissionError\nPermissionError\nFileNotFoundError\n",
    );
    expect(denied).toContain('fs:read /private/key');
    expect(contents('etc/app/x')).toBe('here');
  });

  it('ends Python that does not catch a denial: a traceback and the exit code', async () => {
    bed = makeInterpreterBed();
    const { result } = await bed.python("open('/work/private/key')");
    expect(result).toMatchObject({ status: 'agent-error', exitCode: 1, error: { code: 'exit' }, output: '' });
  });

  it('runs Ruby', async () => {
    bed = makeInterpreterBed();
    bed.world.write('shared/in.txt', 'text');
    const { result, denied } = await bed.ruby(`
puts 1 + 1
File.write('/work/out.txt', File.read('/work/in.txt').upcase)
p Dir.children('/work').sort
sleep 0.01
begin; File.write('/work/private/x', 'y'); rescue => error; p error.class; end
exit 3
`);
    expect(result.output).toBe('2\n["empty", "in.txt", "out.txt", "private"]\nErrno::EACCES\n');
    expect(result.exitCode).toBe(3);
    expect(contents('out.txt')).toBe('TEXT');
    expect(denied).toContain('fs:write /work/private/x');
    expect(readdirSync(join(bed.world.directory, 'shared', 'private'))).toEqual(['key']);
  });

  it('runs PHP', async () => {
    bed = makeInterpreterBed();
    bed.world.write('shared/in.txt', 'text');
    const { result, denied } = await bed.php(`
echo 1 + 1, "\\n";
file_put_contents('/work/out.txt', strrev(file_get_contents('/work/in.txt')));
echo implode(' ', array_diff(scandir('/work'), ['.', '..'])), "\\n";
echo @file_get_contents('/work/private/key') === false ? 'denied' : 'read', "\\n";
exit(4);
`);
    expect(result.output).toBe('2\nempty in.txt index.php out.txt private\ndenied\n');
    expect(result.exitCode).toBe(4);
    expect(contents('out.txt')).toBe('txet');
    expect(denied).toContain('fs:read /work/private/key');
  });
});
