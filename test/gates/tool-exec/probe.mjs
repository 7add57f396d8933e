// A tool for tests: says as JSON what it was started with, or does what its last argument asks for.
import { spawn, spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';

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
  case 'crash':
    process.kill(process.pid, 'SIGSEGV');
    setTimeout(() => undefined, 60_000);
    break;
  case 'daemons': {
    // A child in a session of its own that starts another one in a session of its own, and ends.
    const sleeper = 'setTimeout(()=>{},60000)';
    const again = `require("child_process").spawn(process.execPath,["-e",${JSON.stringify(sleeper)},process.argv[1]],{detached:true,stdio:"ignore"});setTimeout(()=>process.exit(),50)`;
    const child = spawn(process.execPath, ['-e', again, argv[1] ?? ''], { detached: true, stdio: 'ignore' });
    child.once('exit', () => {
      writeFileSync(1, 'daemons run\n');
      process.exit(0);
    });
    break;
  }
  case 'memory': {
    const held = [];
    for (let mebibytes = 0; mebibytes < Number(detail); mebibytes += 8) held.push(Buffer.alloc(8 << 20, 1));
    writeFileSync(1, `held ${held.length * 8}\n`);
    break;
  }
  case 'processes':
    // Processes that do nothing, as many as it can have.
    for (let count = 0; count < Number(detail); count += 1)
      spawn('/bin/sleep', ['60'], { stdio: 'ignore', detached: true }).unref();
    setTimeout(() => writeFileSync(1, 'they run\n'), 1000);
    break;
  case 'write':
    writeFileSync('big', Buffer.alloc(Number(detail)));
    writeFileSync(1, 'written\n');
    break;
  case 'spin':
    for (;;);
  case 'open': {
    const opened = [];
    for (let count = 0; count < Number(detail); count += 1) opened.push(openSync('/dev/null', 'r'));
    writeFileSync(1, `opened ${opened.length}\n`);
    break;
  }
  case 'try': {
    // What a program in a sandbox may try: says what each attempt came to.
    const attempt = (what) => {
      try {
        return String(what());
      } catch (error) {
        return error.code;
      }
    };
    const [read, write, port] = argv.slice(1);
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    const connected = await new Promise((resolve) => {
      socket.once('connect', () => resolve('connected'));
      socket.once('error', (error) => resolve(error.code));
    });
    socket.destroy();
    writeFileSync(
      1,
      JSON.stringify({
        read: attempt(() => readFileSync(read, 'utf8')),
        write: attempt(() => writeFileSync(write, 'from the tool')),
        temporary: attempt(() => readdirSync('/tmp').join()),
        keep: attempt(() => writeFileSync('/tmp/kept', 'x')),
        home: attempt(() => readdirSync('/root').join()),
        shadow: attempt(() => readFileSync('/etc/shadow', 'utf8').length),
        host: attempt(() => readdirSync('/etc').includes('hostname')),
        system: attempt(() => writeFileSync('/usr/bin/planted', 'x')),
        root: attempt(() => writeFileSync('/planted', 'x')),
        device: attempt(() => readdirSync('/dev').some((name) => /^(sd|vd|nvme|mem|kmsg)/.test(name))),
        others: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
        capabilities: /CapEff:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1],
        privileges: /NoNewPrivs:\s*(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1],
        namespaces: attempt(() => {
          const { status, error } = spawnSync('/usr/bin/unshare', ['--user', '/bin/true']);
          return error?.code ?? status;
        }),
        connected,
      }),
    );
    break;
  }
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
      const code = 'process.on("SIGTERM",()=>{});setTimeout(()=>{},60000)';
      const child = spawn(process.execPath, ['-e', code, argv[1] ?? ''], { stdio });
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
