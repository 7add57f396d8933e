import { afterEach, describe, expect, it } from 'vitest';
import { openHost } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { bytesOf } from '../support/wasi-programs.ts';

let world: AgentWorld | undefined;
afterEach(() => world?.remove());

/** `path_open` bits: rights to read and to write, and to make the file. */
const READ = { call: 'fd_read', rights: 2, make: 0 };
const WRITE = { call: 'fd_write', rights: 64, make: 1 };

/** Opens `file.txt` of the mount, moves four bytes at a time until that fails or for the 50th time, and exits with the count. */
const mover = ({ call, rights, make }: typeof READ): string => `(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "${call}" (func $move (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 100) "file.txt")
  (data (i32.const 200) "\\2c\\01\\00\\00\\04\\00\\00\\00")
  (func (export "_start") (local $count i32)
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 8) (i32.const ${make})
          (i64.const ${rights}) (i64.const 0) (i32.const 0) (i32.const 16))
      (then (call $exit (i32.const 99))))
    (block $over (loop $again
      (br_if $over (call $move (i32.load (i32.const 16)) (i32.const 200) (i32.const 1) (i32.const 24)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $count) (i32.const 50)))))
    (call $exit (local.get $count))))`;

async function moved(how: typeof READ, then: string, cell: string, runs = 1): Promise<readonly unknown[]> {
  const text = '0123456789'.repeat(30);
  world = makeAgentWorld({
    configuration: `version: 1
agents: { tester: { component: agent.wasm, cell: ${cell} } }
mounts: { /workspace: { directory: workspace, access: rw } }
`,
    rows: ['', '/**'].map((below) => `p, agent:tester, fs:*, /workspace${below}, -, allow, ${then}`),
  });
  world.write('agent.wasm', await bytesOf(mover(how)));
  world.write('workspace/file.txt', text);
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  const counts: unknown[] = [];
  for (let run = 0; run < runs; run += 1) counts.push((await host.run({})).exitCode);
  await host.close();
  return counts;
}

describe.each(['thread', 'process'])('bytes of a file that a WASI program has open, in a %s cell', (cell) => {
  it.each([
    ['read', READ],
    ['written', WRITE],
  ])('are counted as they are %s, to the last one that the budget has', async (_, how) => {
    // Opened is a call of its own; of ten bytes, two times four are there, and in the next run nothing.
    expect(await moved(how, 'bytes=10B/d', cell, 2)).toEqual([2, 0]);
    world?.remove();
    expect(await moved(how, 'bytes=12B', cell, 2)).toEqual([3, 3]);
    world?.remove();
    expect(await moved(how, 'bytes=1KB/d', cell)).toEqual([50]);
  });
});
