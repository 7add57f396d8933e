import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { preparingFence } from './prepare-process.ts';

/** One thing that a fenced process tried, and whether it was denied. */
export interface FenceCheck {
  readonly name: string;
  readonly denied: boolean;
  readonly detail: string;
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ['readFile', 'reads no file of the machine'],
  ['writeFile', 'writes no file'],
  ['spawn', 'starts no process'],
  ['thread', 'starts no thread'],
  ['sqlite', 'opens no database'],
  ['network', 'reaches no network'],
  ['code', 'makes no code from text'],
  ['addon', 'loads no native code'],
]);

/** Starts a fresh process behind the fence of the preparing process and lets it try what it must not be able to do. */
export async function probeFence(): Promise<readonly FenceCheck[]> {
  const listener = createServer((socket) => socket.destroy());
  const port = await new Promise<number>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  try {
    const results = await runProbe(port);
    return [...NAMES].map(([key, name]) => {
      const outcome = results.get(key) ?? 'the probe gave no answer';
      return { name, denied: outcome === 'denied', detail: outcome === 'denied' ? 'tried, and denied' : outcome };
    });
  } finally {
    listener.close();
  }
}

async function runProbe(port: number): Promise<ReadonlyMap<string, string>> {
  const sibling = import.meta.url.endsWith('.ts') ? './fence-probe-child.ts' : './fence-probe-child.js';
  const child = fileURLToPath(new URL(sibling, import.meta.url));
  try {
    const args = [...preparingFence(), child, String(port)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: {}, cwd: '/', timeout: 15_000 });
    const answer: unknown = JSON.parse(stdout);
    const entries = typeof answer === 'object' && answer !== null ? Object.entries(answer) : [];
    return new Map(entries.map(([name, outcome]) => [name, String(outcome)]));
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return new Map([...NAMES.keys()].map((name) => [name, `the probe could not run: ${reason}`]));
  }
}
