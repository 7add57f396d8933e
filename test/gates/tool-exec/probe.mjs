// A tool for tests: says as JSON what it was started with, or does what its last argument asks for.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';

const argv = process.argv.slice(2);
const [behaviour, detail] = (argv[0] ?? '').startsWith('do:') ? argv[0].slice(3).split('=') : [];

function descriptors() {
  const open = [];
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      open.push(`${name} ${readlinkSync(`/proc/self/fd/${name}`)}`);
    } catch {
      // the descriptor of the listing itself
    }
  }
  return open.filter((line) => !/anon_inode|\/proc\/|^\d+ pipe:\[/.test(line) || /^[012] /.test(line));
}

switch (behaviour) {
  case undefined:
    process.stdout.write(
      JSON.stringify({
        argv,
        env: process.env,
        cwd: process.cwd(),
        descriptors: descriptors(),
        terminal: process.stdin.isTTY === true,
        session: Number(readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[3]) === process.pid,
        stdin: readFileSync(0, 'utf8'),
      }),
    );
    break;
  case 'exit':
    process.exit(Number(detail));
  case 'flood':
    for (;;) writeFileSync(1, 'x'.repeat(65536));
  case 'sleep':
    writeFileSync(1, `${process.pid}\n`);
    setTimeout(() => undefined, 60_000);
    break;
  case 'orphans':
    // Children that ignore the end of their parent, in the same group; one keeps the output open.
    for (const stdio of ['inherit', 'ignore']) {
      const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM",()=>{});setTimeout(()=>{},60000)'], { stdio });
      writeFileSync(1, `${child.pid}\n`);
      child.unref();
    }
    if (detail === 'stay') setTimeout(() => undefined, 60_000);
    else process.exit(0);
    break;
  case 'bytes':
    process.stdout.write(
      detail === undefined ? Buffer.from([0x61, 0xff, 0x62, 0xc3]) : Buffer.alloc(Number(detail), 0xff),
    );
    break;
}
