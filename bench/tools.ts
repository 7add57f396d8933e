/**
 * Measures what starting a program costs, five ways by turns: Python's `subprocess`, Node's `spawn`, a tool without
 * isolation, a tool in a sandbox that is made for the call, and one in a sandbox that stood ready. A sandbox gets ready
 * again between two calls, as it does while an agent thinks. Usage: `node bench/tools.ts [--json]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessRequest } from '../host/gates/tool-exec/process-request.ts';
import { fileIdentity } from '../host/powers/file-identity.ts';
import { createProcessSpawner } from '../host/powers/process-spawner.ts';
import { probeSandbox } from '../host/powers/sandbox-probe.ts';
import { figuresOf, printResult, round, type Row } from './measurement.ts';

const TURNS = 200;
const WARM_UP = 20;
const PAUSE_MS = 40;
const PROGRAM = '/bin/true';
const NO_LIMITS = {
  memoryBytes: undefined,
  processes: undefined,
  fileBytes: undefined,
  cpuSeconds: undefined,
  openFiles: undefined,
};
const BARE: ProcessRequest = {
  file: PROGRAM,
  name: PROGRAM,
  argv: [],
  environment: [],
  directory: '/',
  stdin: undefined,
  takesInput: false,
  umask: 0o077,
  limits: NO_LIMITS,
  sandbox: undefined,
  timeoutMs: 10_000,
  mostOutputBytes: 65_536,
  identity: fileIdentity(PROGRAM),
  sha256: undefined,
};
const SANDBOXED: ProcessRequest = {
  ...BARE,
  limits: { memoryBytes: 2 ** 31, processes: 256, fileBytes: 2 ** 30, cpuSeconds: 600, openFiles: 1024 },
  sandbox: { mounts: [], readOnly: [], scripts: [], network: false },
};

const spawner = createProcessSpawner({ started: () => undefined, ended: () => undefined });
const python = spawn('python3', [join(import.meta.dirname, 'tools.py'), PROGRAM], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface({ input: python.stdout })[Symbol.asyncIterator]();

async function inPython(): Promise<number> {
  python.stdin.write('\n');
  return Number((await answers.next()).value);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return (performance.now() - started) * 1000;
}

async function inNode(): Promise<void> {
  const child = spawn(PROGRAM, [], { stdio: ['ignore', 'pipe', 'pipe'] });
  await once(child, 'close');
}

async function ours(request: ProcessRequest): Promise<void> {
  const result = await spawner.run(request);
  if (result.status !== 'exited' || result.exitCode !== 0) throw new Error(JSON.stringify(result));
}

/** A kind of its own for each call: no sandbox can stand ready for it. */
const unlike = (turn: number): ProcessRequest => ({ ...SANDBOXED, environment: [['TURN', String(turn)]] });

const sandboxProblem = probeSandbox();
const ways: readonly (readonly [string, (turn: number) => Promise<number>])[] = [
  ['python subprocess', inPython],
  ['node spawn', () => timed(inNode)],
  ['isolation none', () => timed(() => ours(BARE))],
  ...(sandboxProblem === undefined
    ? ([
        ['bubblewrap, warm', () => timed(() => ours(SANDBOXED))],
        ['bubblewrap, cold', (turn: number) => timed(() => ours(unlike(turn)))],
      ] as const)
    : []),
];
if (sandboxProblem !== undefined) process.stderr.write(`left out the sandboxes: ${sandboxProblem}\n`);

const samples = new Map(ways.map(([way]) => [way, [] as number[]]));
for (let turn = -WARM_UP; turn < TURNS; turn += 1) {
  for (const [way, once] of ways) {
    await pause(PAUSE_MS);
    const taken = await once(turn);
    if (turn >= 0) samples.get(way)?.push(taken);
  }
}
python.stdin.end();
await spawner.close();

const figures = new Map([...samples].map(([way, taken]) => [way, figuresOf(taken)]));
const baseline = figures.get('python subprocess');
const rows: Row[] = [...figures].flatMap(([way, own]) =>
  baseline === undefined
    ? []
    : [
        {
          way,
          ...own,
          ratio: round(own.p50_us / baseline.p50_us),
          over_us: round(own.p50_us - baseline.p50_us),
          baseline,
        },
      ],
);
printResult('tools', rows, 'ratio and over_us: p50 beside that of Python in this run; the ways take turns');
