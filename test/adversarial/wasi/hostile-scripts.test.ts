import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeInterpreterBed, type BedOptions, type InterpreterBed } from '../../e2e/interpreter-bed.ts';

let bed: InterpreterBed;
let before = '';
const use = (options: BedOptions = {}): void => {
  bed = makeInterpreterBed(options);
  before = outside();
};

/** Everything of the folder that no mount shows, but the records and the script of PHP. */
function outside(): string {
  const { directory } = bed.world;
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !name.startsWith('.sallyport') && (!name.startsWith('shared') || name.startsWith('shared/private')),
  );
  return names
    .sort()
    .map((name) => {
      const path = join(directory, name);
      return `${name} ${statSync(path).isFile() ? readFileSync(path, 'utf8') : ''}`;
    })
    .join('\n');
}

beforeEach(() => use());
afterEach(() => {
  expect(outside()).toBe(before);
  bed.world.remove();
});

/** Tries each expression, and says by which exception it ended. */
const ATTEMPTS = (tries: readonly string[]): string => `
import os, sys
for code in ${JSON.stringify(tries)}:
    try: print(code, '->', eval(code))
    except BaseException as error: print(type(error).__name__)
`;
const errors = (output: string | undefined): string[] => (output ?? '').trimEnd().split('\n');

describe('a hostile script', () => {
  it('walks upwards, and to what it knows by name: nothing of the machine is there', async () => {
    const { result, denied } = await bed.python(
      ATTEMPTS([
        ...[1, 2, 3, 8, 40].map((steps) => `os.listdir('/work${'/..'.repeat(steps)}')`),
        "os.listdir('/work/empty/../../outside')",
        "os.scandir('..')",
        "open('/work/../outside/secret')",
        "open('/work/private/key')",
        "os.rename('/work/private/key', '/work/key')",
        "os.remove('/work/private/key')",
        "open('/etc/passwd')",
        "open('/proc/self/environ')",
        "os.listdir('/proc')",
        "os.listdir('/')",
        "open('/dev/zero')",
        `open(${JSON.stringify(join(bed.world.directory, 'outside', 'secret'))})`,
        "open('/work/' + 'x' * 5000)",
        "open('/work/a\\\\b', 'w')",
        "open('/work/' + chr(0xdcff), 'w')",
      ]),
    );
    for (const line of errors(result.output))
      expect(line).toMatch(/^(?:PermissionError|FileNotFoundError|OSError|UnicodeEncodeError)$/);
    expect(result.status).toBe('ok');
    expect(denied).toContain('fs:read /work/private/key');
    expect(denied.length).toBeGreaterThan(8);
  });

  it.each(['refuse', 'inside'])('makes links that lead out of a mount whose links are `%s`', async (symlinks) => {
    bed.world.remove();
    use({ mount: `, symlinks: ${symlinks}` });
    const { result } = await bed.python(
      ATTEMPTS([
        "os.symlink('/etc/passwd', '/work/l1')",
        "os.symlink('../outside/secret', '/work/l2')",
        "os.symlink('empty/../../outside', '/work/l3')",
        "os.symlink('private/key', '/work/l4')",
        "os.link('/work/private/key', '/work/l5')",
        "open('/work/l4')",
      ]),
    );
    for (const line of errors(result.output)) expect(line).toMatch(/^(?:PermissionError|FileNotFoundError|OSError)$/);
    expect(readdirSync(join(bed.world.directory, 'shared'))).toEqual(['empty', 'private']);
  });

  it('looks for the environment, programs, sockets and threads: there are none', async () => {
    const { result } = await bed.python(
      `import os\nprint(dict(os.environ))${ATTEMPTS([
        'os.fork()',
        "os.system('id')",
        "os.execv('/bin/sh', ['sh'])",
        'os.kill(1, 9)',
        "__import__('subprocess').run(['id'])",
        "__import__('socket').create_connection(('127.0.0.1', 80))",
        "__import__('socket').socket()",
        "__import__('socket').getaddrinfo('localhost', 80)",
        "__import__('threading').Thread(target=print).start()",
        "__import__('multiprocessing').Process(target=print).start()",
        "__import__('ctypes').CDLL(None)",
        "__import__('mmap').mmap(-1, 4096)",
      ])}`,
    );
    const [environment, ...rest] = errors(result.output);
    expect(environment).toBe('{}');
    expect(rest).toHaveLength(12);
    for (const line of rest)
      expect(line).toMatch(/^(?:AttributeError|OSError|RuntimeError|ModuleNotFoundError|ImportError|gaierror)$/);
  });

  it('of Ruby and of PHP find no more', async () => {
    const ruby = await bed.ruby(`
[-> { File.read('/etc/passwd') }, -> { File.read('/work/../outside/secret') }, -> { Dir.children('/proc') },
 -> { fork }, -> { %x(id) }, -> { IO.popen('id') }, -> { exec('id') },
 -> { File.symlink('/etc/passwd', '/work/l') }, -> { require 'socket' }, -> { File.read('/work/private/key') }
].each { |try| begin; puts "got #{try.call}"; rescue Exception => error; puts error.class; end }
p ENV.to_h
`);
    expect(ruby.result.output).not.toContain('got');
    expect(errors(ruby.result.output)).toHaveLength(11);
    const php = await bed.php(`
foreach (['/etc/passwd', '/work/../outside/secret', '/proc/self/environ', '/work/private/key', 'http://127.0.0.1/'] as $path)
  echo @file_get_contents($path) === false ? 'no' : 'got', "\\n";
foreach (['exec', 'shell_exec', 'system', 'proc_open', 'pcntl_fork', 'fsockopen', 'stream_socket_client', 'symlink'] as $name) {
  try { echo @$name('id', 'r', $pipes) ? 'got' : 'no', "\\n"; } catch (Throwable $error) { echo "no\\n"; }
}
`);
    expect(php.result.output).toBe('no\n'.repeat(13));
  });

  it.each([
    ['cpu', 'cpu: 1s', 'while True: pass', 'CPU time'],
    ['wall', 'wall: 2s', 'while True: pass', 'the run took longer than 2000 ms'],
    ['calls', 'hostCalls: 5000', "import os\nwhile True: os.path.exists('/work/x')", 'more than 5000 calls'],
    ['output', 'outputBytes: 1000', "while True: print('x' * 100, flush=True)", 'output'],
  ])('without an end is ended by its limit: %s', async (_, limit, script, says) => {
    bed.world.remove();
    use({ limits: limit });
    const { result } = await bed.python(script);
    expect(result).toMatchObject({
      status: 'limit',
      error: { code: 'limit', message: expect.stringContaining(says) as string },
    });
  });

  it('takes memory without an end: its language says when there is no more', async () => {
    bed.world.remove();
    use({ limits: 'memory: 64MiB' });
    const { result } = await bed.python(`
held = []
try:
    while True: held.append(bytearray(1 << 20))
except MemoryError: print(len(held) < 64)
`);
    expect(result).toMatchObject({ status: 'ok', output: 'True\n' });
    expect(result.usage.peakLinearMemoryBytes).toBeLessThanOrEqual(64 << 20);
  });

  it('grows in one expression, recurses without an end: the interpreter refuses, or its run ends', async () => {
    const { result } = await bed.python(
      ATTEMPTS([
        "len(eval('\"' + 'a' * 20_000_000 + '\"'))",
        "eval('(' * 100000 + ')' * 100000)",
        '(lambda f: f(f))(lambda f: f(f))',
        "'a' * (1 << 31)",
        'bytearray(1 << 29)',
      ]),
    );
    expect(errors(result.output).slice(1)).toEqual(['MemoryError', 'RecursionError', 'OverflowError', 'MemoryError']);
  });

  it('opens 10,000 files and writes without an end: what it may hold is what its mount and its limits say', async () => {
    bed.world.remove();
    use({ mount: ', quota: { bytes: 2000000, files: 400 }, maxFileBytes: 1000000', limits: 'hostCalls: 100000' });
    const { result } = await bed.python(`
held = []
try:
    while len(held) < 10000: held.append(open('/work/x%d' % len(held), 'w'))
except OSError as error: print(type(error).__name__, len(held))
for file in held: file.close()
try:
    for index in range(10000): open('/work/y%d' % index, 'w').close()
except OSError as error: print(type(error).__name__)
try:
    with open('/work/x0', 'wb', buffering=0) as file:
        while file.write(bytes(100000)): pass
except OSError as error: print(type(error).__name__)
try:
    for index in range(1, 200): open('/work/x%d' % index, 'wb', buffering=0).write(bytes(500000))
except OSError as error: print(type(error).__name__)
`);
    expect(result.output).toBe('OSError 256\nOSError\nOSError\nOSError\n');
    const names = readdirSync(join(bed.world.directory, 'shared'), { recursive: true, encoding: 'utf8' });
    const sizes = names.map((name) => statSync(join(bed.world.directory, 'shared', name)));
    expect(names.length).toBeLessThanOrEqual(400);
    expect(sizes.reduce((sum, stats) => sum + (stats.isFile() ? stats.size : 0), 0)).toBeLessThanOrEqual(2_000_000);
  });
});
