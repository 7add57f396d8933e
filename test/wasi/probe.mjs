// A guest that calls the interfaces of WASI directly and says what it got. The world is `wit/probe.wit`.
import { getArguments, getEnvironment, initialCwd } from 'wasi:cli/environment@0.2.4';
import { exit } from 'wasi:cli/exit@0.2.4';
import { getStdin } from 'wasi:cli/stdin@0.2.4';
import { getStdout } from 'wasi:cli/stdout@0.2.4';
import { getStderr } from 'wasi:cli/stderr@0.2.4';
import { getTerminalStdout } from 'wasi:cli/terminal-stdout@0.2.4';
import { now, subscribeDuration } from 'wasi:clocks/monotonic-clock@0.2.4';
import { now as wallNow } from 'wasi:clocks/wall-clock@0.2.4';
import { getDirectories } from 'wasi:filesystem/preopens@0.2.4';
import { filesystemErrorCode } from 'wasi:filesystem/types@0.2.4';
import { poll } from 'wasi:io/poll@0.2.4';
import { getRandomBytes, getRandomU64 } from 'wasi:random/random@0.2.4';
import { insecureSeed } from 'wasi:random/insecure-seed@0.2.4';
import { instanceNetwork } from 'wasi:sockets/instance-network@0.2.4';
import { resolveAddresses } from 'wasi:sockets/ip-name-lookup@0.2.4';
import { createTcpSocket } from 'wasi:sockets/tcp-create-socket@0.2.4';
import { createUdpSocket } from 'wasi:sockets/udp-create-socket@0.2.4';

// In this runtime a u64 is a number.
const bytes = (text) => new Uint8Array([...text].map((character) => character.charCodeAt(0)));
const text = (list) => String.fromCharCode(...list);

function caught(call) {
  try {
    return { value: call() };
  } catch (error) {
    return { payload: error.payload ?? String(error) };
  }
}

const steps = {
  tour() {
    const stdout = getStdout();
    const before = stdout.checkWrite();
    stdout.blockingWriteAndFlush(bytes('to stdout\n'));
    stdout.write(bytes('more\n'));
    stdout.flush();
    getStderr().blockingWriteAndFlush(bytes('to stderr\n'));
    const { seconds, nanoseconds } = wallNow();
    return {
      arguments: getArguments(),
      environment: getEnvironment(),
      cwd: initialCwd() ?? null,
      terminal: getTerminalStdout() ?? null,
      directories: getDirectories(),
      stdin: text(getStdin().blockingRead(100)),
      end: caught(() => getStdin().read(1)),
      room: String(before),
      wall: `${seconds}.${nanoseconds}`,
      date: Date.now(),
      random: [...getRandomBytes(4)],
      u64: String(getRandomU64()),
      seed: insecureSeed().map(String),
    };
  },
  poll() {
    const start = now();
    const timers = [subscribeDuration(600_000_000_000), subscribeDuration(20_000_000)];
    const ready = [...poll(timers)];
    return { ready, states: timers.map((timer) => timer.ready()), waited: Number(now() - start) / 1e6 };
  },
  block() {
    const start = now();
    subscribeDuration(30_000_000).block();
    getStdout().subscribe().block();
    return { waited: Number(now() - start) / 1e6 };
  },
  network() {
    const network = instanceNetwork();
    return [
      caught(() => createTcpSocket('ipv4')),
      caught(() => createUdpSocket('ipv6')),
      caught(() => resolveAddresses(network, 'example.test')),
    ];
  },
  flood() {
    const stdout = getStdout();
    for (let written = 0; ; written += 1) {
      const outcome = caught(() => stdout.blockingWriteAndFlush(bytes('x'.repeat(100))));
      if (outcome.payload) return { written, payload: outcome.payload };
    }
  },
  files() {
    const [[root, path]] = getDirectories();
    const follow = { symlinkFollow: true };
    root.createDirectoryAt('made');
    const made = root.openAt(follow, 'made', { directory: true }, { read: true });
    const file = made.openAt(follow, 'a.txt', { create: true }, { read: true, write: true });
    const written = file.write(bytes('hello'), 0);
    const output = file.appendViaStream();
    output.blockingWriteAndFlush(bytes(' world'));
    const [contents, ended] = file.read(100, 6);
    file.setTimes({ tag: 'no-change' }, { tag: 'timestamp', val: { seconds: 5, nanoseconds: 6000 } });
    const { type, size, linkCount, dataModificationTimestamp } = file.stat();
    made.renameAt('a.txt', root, 'b.txt');
    const entries = [];
    const stream = root.readDirectory();
    for (let entry = stream.readDirectoryEntry(); entry; entry = stream.readDirectoryEntry()) {
      entries.push(entry);
    }
    const far = caught(() => output.blockingWriteAndFlush(bytes('x'.repeat(2000)))).payload;
    return {
      path,
      flags: made.getFlags(),
      written: Number(written),
      contents: text(contents),
      ended,
      stream: text(file.readViaStream(0).blockingRead(100)),
      stat: {
        type,
        size: Number(size),
        linkCount: Number(linkCount),
        modified: Math.floor(dataModificationTimestamp.nanoseconds / 1000),
      },
      entries,
      same: file.isSameObject(root.openAt(follow, 'b.txt', {}, { read: true })),
      absent: caught(() => root.statAt(follow, 'absent')).payload,
      out: caught(() => made.statAt(follow, '../b.txt')).payload,
      denied: caught(() => root.statAt(follow, 'secret')).payload,
      failed: [far.tag, filesystemErrorCode(far.val) ?? null],
    };
  },
  pollNothing: () => poll([]),
  random: () => getRandomBytes(1_000_000).length,
  exit: () => exit({ tag: 'err' }),
};

export function run(input) {
  return JSON.stringify(steps[input]());
}
