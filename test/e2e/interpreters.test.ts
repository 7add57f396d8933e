import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fsFixture, mountOf, type FsFixtureOptions } from '../gates/fs/fs-fixture.ts';
import { createProgram } from '../sandbox/preview1/program.ts';
import { interpreterFile } from '../support/interpreters.ts';
import { createWasiRun } from '../wasi/run.ts';

const binary = (name: string): string => interpreterFile(name) ?? '';

/** Unpacks the regular files of an archive (POSIX `ustar`). */
function unpack(archive: string, directory: string): void {
  const bytes = gunzipSync(readFileSync(archive));
  for (let at = 0; at + 512 <= bytes.length;) {
    const field = (from: number, length: number): string =>
      bytes.toString('utf8', at + from, at + from + length).replace(/\0.*$/s, '');
    const [name, size] = [`${field(345, 155)}/${field(0, 100)}`, Number.parseInt(field(124, 12), 8) || 0];
    if (field(156, 1) === '0') {
      const path = join(directory, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes.subarray(at + 512, at + 512 + size));
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

interface Ran {
  readonly out: string;
  readonly errors: string;
  readonly denied: readonly string[];
  readonly root: string;
}

interface Script {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly library?: string;
  readonly allow?: FsFixtureOptions['allow'];
  readonly before?: (root: string) => void;
  readonly after?: (ran: Ran) => void;
}

/** Runs an interpreter over a real `/workspace` and the policy of the test. */
async function interpret(script: Script): Promise<Ran> {
  const denied: string[] = [];
  const allow = script.allow ?? (() => true);
  using fixture = fsFixture({
    allow(access) {
      const granted = access.resource.startsWith('/usr') || allow(access);
      if (!granted) denied.push(`${access.action} ${access.resource}`);
      return granted;
    },
    more(folder) {
      if (script.library === undefined) return [];
      unpack(script.library, join(folder, 'library'));
      return [mountOf('/usr', join(folder, 'library', 'usr'), { access: 'ro' })];
    },
  });
  script.before?.(fixture.root);
  const run = createWasiRun({
    services: { files: fixture.gate.files },
    arguments: script.arguments,
    environment: [],
    clock: { nowMs: Date.now, monotonicUs: () => performance.now() * 1000 }, // Ruby sleeps by looking at it
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    outputBytes: 1_000_000,
  });
  const module = await WebAssembly.compile(readFileSync(binary(script.program)));
  const wanted = WebAssembly.Module.imports(module).map(({ name }) => name);
  const program = createProgram({
    imports: run.imports,
    wanted,
    memory: () => instance.exports['memory'] as WebAssembly.Memory,
  });
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: program.imports });
  const wasm = WebAssembly as unknown as { promising(own: unknown): () => Promise<undefined> }; // the type library lacks it
  const returned = wasm.promising(instance.exports['_start'])();
  returned.catch(() => undefined); // a run that ends unwinds its program
  const end = await Promise.race([returned, program.whenEnded]);
  if (end !== undefined && end.kind !== 'exit') throw new Error(`the run ended: ${JSON.stringify(end)}`);
  expect(fixture.faults).toEqual([]);
  const ran = { out: run.text('stdout'), errors: run.text('stderr'), denied, root: fixture.root };
  script.after?.(ran);
  return ran;
}

const contents = (root: string, name: string): string => readFileSync(join(root, name), 'utf8');
const noWriting: FsFixtureOptions['allow'] = ({ action }) => action === 'fs:read' || action === 'fs:stat';

describe.skipIf(interpreterFile('python-3.11.3.wasm') === undefined)('an unmodified interpreter', () => {
  const python = (code: string) => ({
    program: 'python-3.11.3.wasm',
    library: binary('python-3.11.3.tar.gz'),
    arguments: ['python', '-c', code],
  });
  const ruby = (code: string) => ({ program: 'ruby-3.2.0.wasm', arguments: ['ruby', '-e', code] });
  const php = { program: 'php-cgi-8.2.0.wasm', arguments: ['php', '-q', '/workspace/main.php'] };

  it('runs Python: files of the workspace, and denials as its own exceptions', async () => {
    const code = `
import json, os
print(1 + 1)
rows = json.load(open('/workspace/in.json'))
with open('/workspace/out.txt', 'w') as out: out.write(str(sum(rows)))
with open('/workspace/out.txt', 'a') as out: out.write('!')
os.makedirs('/workspace/a/b')
print(sorted(os.listdir('/workspace')), os.path.getsize('/workspace/out.txt'))
try: open('/workspace/../etc/passwd')
except OSError as error: print(type(error).__name__)
`;
    await interpret({
      ...python(code),
      before: (root) => writeFileSync(join(root, 'in.json'), '[1, 2, 39]'),
      after({ out, errors, root }) {
        expect(errors).toBe('');
        expect(out).toBe("2\n['a', 'in.json', 'out.txt'] 3\nPermissionError\n");
        expect(contents(root, 'out.txt')).toBe('42!');
      },
    });
  });

  it('runs Python where the policy denies: the script may catch it', async () => {
    const code = `
print(open('/workspace/in.txt').read())
try: open('/workspace/out.txt', 'w')
except PermissionError as error: print('denied', error.errno)
`;
    const { out, denied } = await interpret({
      ...python(code),
      allow: noWriting,
      before: (root) => writeFileSync(join(root, 'in.txt'), 'read'),
    });
    expect(out).toBe('read\ndenied 2\n');
    expect(denied).toContainEqual(expect.stringContaining('/workspace/out.txt'));
  });

  it('runs Ruby', async () => {
    const code = `
puts 1 + 1
File.write('/workspace/out.txt', File.read('/workspace/in.txt').upcase)
p Dir.children('/workspace').sort
sleep 0.01
`;
    await interpret({
      ...ruby(code),
      before: (root) => writeFileSync(join(root, 'in.txt'), 'text'),
      after({ out, errors, root }) {
        expect(errors).toBe('');
        expect(out).toBe('2\n["in.txt", "out.txt"]\n');
        expect(contents(root, 'out.txt')).toBe('TEXT');
      },
    });
    const denied = await interpret({
      ...ruby("begin; File.write('/workspace/x', 'y'); rescue => error; p error.class; end"),
      allow: noWriting,
    });
    expect(denied.out).toBe('Errno::EACCES\n');
    expect(denied.denied).toContainEqual(expect.stringContaining('/workspace/x'));
  });

  it('runs PHP', async () => {
    const script = `<?php
echo 1 + 1, "\\n";
file_put_contents('/workspace/out.txt', strrev(file_get_contents('/workspace/in.txt')));
echo implode(' ', array_diff(scandir('/workspace'), ['.', '..'])), "\\n";
`;
    const before = (root: string): void => {
      writeFileSync(join(root, 'main.php'), script);
      writeFileSync(join(root, 'in.txt'), 'text');
    };
    await interpret({
      ...php,
      before,
      after({ out, root }) {
        expect(out).toBe('2\nin.txt main.php out.txt\n');
        expect(contents(root, 'out.txt')).toBe('txet');
      },
    });
    const denied = await interpret({ ...php, before, allow: noWriting });
    expect(denied.out).toContain('Permission denied');
    expect(denied.denied).toContainEqual(expect.stringContaining('/workspace/out.txt'));
  });
});
