import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Programs of the machine that the script itself is written with. */
const PLAIN = [
  'mktemp',
  'rm',
  'sed',
  'grep',
  'tail',
  'head',
  'cut',
  'tr',
  'dirname',
  'timeout',
  'mkdir',
  'env',
  'cat',
  'chmod',
  'cp',
];

const RUSTC = `case "$*" in
  *target-libdir*) echo "$FAKE/rust/lib" ;;
  *--version*) echo 'rustc 9.9.9 (fake)' ;;
  *) exit 1 ;;
esac`;
const PYTHON = `[ -e "$FAKE/has-venv" ] || { echo 'ensurepip is not available'; exit 1; }
mkdir -p "$3/bin" && cp "$FAKE/pip" "$3/bin/pip"`;
const PIP = `printf '#!/bin/sh\\necho "componentize-py %s"\\n' "$(cat "$FAKE/version")" >"\${0%/pip}/componentize-py"
chmod +x "\${0%/pip}/componentize-py"`;
/** Notes how it was called and with which front end, and brings what it was asked for. */
const APT = `echo "\${DEBIAN_FRONTEND:-none} $*" >>"$FAKE/apt.log"
case "$*" in
  *update) [ ! -e "$FAKE/update-fails" ] || { echo 'E: a source does not answer'; exit 100; } ;;
  *rustc-web*) [ ! -e "$FAKE/install-fails" ] || { echo 'E: Packages need to be removed but remove is disabled.'; exit 100; }
    for name in cc rustc cargo; do cp "$FAKE/later/$name" "$FAKE/bin/$name"; done ;;
  *gcc*) cp "$FAKE/later/cc" "$FAKE/bin/cc" ;;
  *python3-venv*) : >"$FAKE/has-venv"; cp "$FAKE/later/python3" "$FAKE/bin/python3" ;;
esac`;

describe('the setup of the toolchains', { timeout: 60_000 }, () => {
  let folder = '';

  const program = (path: string, text: string): void => {
    writeFileSync(join(folder, path), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, path), 0o755);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-setup-test-'));
    for (const name of ['bin', 'later', 'rust/lib', 'scripts', 'guest-examples'])
      mkdirSync(join(folder, name), { recursive: true });
    for (const name of PLAIN) {
      const found = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
      symlinkSync(found, join(folder, 'bin', name));
    }
    copyFileSync(join(root, 'scripts/setup-toolchains.sh'), join(folder, 'scripts/setup-toolchains.sh'));
    const requirements = readFileSync(join(root, 'guest-examples/python-requirements.txt'), 'utf8');
    writeFileSync(join(folder, 'guest-examples/python-requirements.txt'), requirements);
    writeFileSync(join(folder, 'version'), /^componentize-py==(.+)$/m.exec(requirements)?.[1] ?? '');
    writeFileSync(join(folder, 'rust/lib/libstd-1.rlib'), '');
    program('pip', PIP);
    for (const [name, text] of [
      ['cc', ''],
      ['rustc', RUSTC],
      ['cargo', ''],
      ['python3', PYTHON],
    ] as const)
      program(`later/${name}`, text);
    program('bin/id', 'echo "${FAKE_ID:-0}"');
    program('bin/apt-get', APT);
    // What the script would write as root outside its own folder: never in a test.
    program('bin/sh', 'echo "sh $*" >>"$FAKE/sh.log"');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Everything is there already. */
  const complete = (): void => {
    for (const name of ['cc', 'rustc', 'cargo', 'python3'])
      copyFileSync(join(folder, 'later', name), join(folder, 'bin', name));
    writeFileSync(join(folder, 'has-venv'), '');
  };

  function setUp(id = 0): { said: string; apt: readonly string[] } {
    const { stdout, stderr, status } = spawnSync('/bin/sh', [join(folder, 'scripts/setup-toolchains.sh')], {
      encoding: 'utf8',
      env: { PATH: join(folder, 'bin'), FAKE: folder, FAKE_ID: String(id), TMPDIR: folder },
    });
    expect([status, stderr]).toEqual([0, '']);
    let log = '';
    try {
      log = readFileSync(join(folder, 'apt.log'), 'utf8');
    } catch {
      // nobody called it
    }
    // Other parts of the setup may install packages of their own.
    const apt = log.split('\n').filter((line) => /update$|rustc-web|gcc|python3/.test(line));
    return { said: stdout, apt };
  }
  const VERSION =
    /componentize-py==(.+)/.exec(readFileSync(join(root, 'guest-examples/python-requirements.txt'), 'utf8'))?.[1] ?? '';

  it('installs nothing where everything is there', () => {
    complete();
    const { said, apt } = setUp();
    expect(said).toMatch(/^rust +ready: rustc 9\.9\.9, ready std$/m);
    expect(said).toContain(`ready: componentize-py ${VERSION}`);
    expect(apt.filter((line) => !line.endsWith('update'))).toEqual([]);
  });

  it('installs what is missing, after one update, removes nothing and asks nothing', () => {
    const { said, apt } = setUp();
    expect(said).toMatch(/^rust +ready: rustc 9\.9\.9, ready std$/m);
    expect(said).toMatch(/^python +ready: componentize-py \S+ \(installed into build\/python-venv\)$/m);
    // A Rust of this machine counts as well, and is given the C compiler that the path here lacks.
    const calls = apt.filter((line) => !line.includes(' gcc ')).map((line) => line.replace(/-o \S+ /g, ''));
    expect(calls).toEqual([
      'noninteractive update',
      'noninteractive install -y --no-install-recommends --no-remove rustc-web cargo-web rust-web-src lld-22',
      'noninteractive install -y --no-install-recommends --no-remove python3 python3-venv',
    ]);
    expect(apt.every((line) => line.includes('-o DPkg::Lock::Timeout='))).toBe(true);
    const again = setUp();
    const installs = (lines: readonly string[]) => lines.filter((line) => !line.endsWith('update'));
    expect(installs(again.apt)).toEqual(installs(apt));
    expect(again.said).toContain(`ready: componentize-py ${VERSION}\n`);
  });

  it('asks for nothing as another user either: sudo is told not to, and hands on the front end', () => {
    program('bin/sudo', '[ "$1" = -n ] || exit 1\nshift\nunset DEBIAN_FRONTEND\nexec "$@"');
    program('bin/true', '');
    const { said, apt } = setUp(1000);
    expect(said).toMatch(/^rust +ready/m);
    expect(apt.length).toBeGreaterThan(1);
    expect(apt.every((line) => line.startsWith('noninteractive '))).toBe(true);
  });

  it.each([
    ['there is no sudo', ''],
    ['sudo wants a password', 'exit 1'],
  ])('installs nothing where it may not, and says what is missing: %s', (_, sudo) => {
    if (sudo !== '') program('bin/sudo', sudo);
    const { said, apt } = setUp(1000);
    expect(apt).toEqual([]);
    expect(said).toMatch(/^rust +missing: .*rustup target add wasm32-unknown-unknown/m);
    expect(said).toMatch(/^python +missing: .*python3 -m venv/m);
  });

  it('goes on where a source of packages does not answer, and waits for it once', () => {
    writeFileSync(join(folder, 'update-fails'), '');
    const { said, apt } = setUp();
    expect(said).toMatch(/^rust +ready/m);
    expect(apt.filter((line) => line.endsWith('update'))).toHaveLength(1);
  });

  it('says why where a package cannot be installed, and goes on with the next language', () => {
    writeFileSync(join(folder, 'install-fails'), '');
    const { said } = setUp();
    expect(said).toMatch(/^rust +missing: /m);
    expect(said).toContain('E: Packages need to be removed but remove is disabled.');
    expect(said).toMatch(/^python +ready/m);
  });

  it('brings a C compiler to a Rust that lacks one, and not a second Rust', () => {
    complete();
    rmSync(join(folder, 'bin/cc'));
    const { said, apt } = setUp();
    expect(said).toMatch(/^rust +ready/m);
    expect(apt.filter((line) => line.includes('rustc-web'))).toEqual([]);
    expect(apt.filter((line) => line.includes(' gcc '))).toHaveLength(1);
  });
});
