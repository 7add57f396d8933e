import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunLimits } from '../../../host/contracts/limits.ts';
import type { Artefact } from '../../../host/sandbox/artefact.ts';
import { bedOf, CELLS, GRACE_MS, LIMITS, prepared, temporaryFolder, type CellRun } from '../../sandbox/support/cell.ts';
import { takenOver } from '../../sandbox/support/taken-over.ts';
import { agentText, calling, componentOf } from '../../sandbox/support/wat.ts';

const MIB = 1_048_576;

/** Imports two resources and a text; it calls nothing by itself. */
const AGENT = agentText({
  before: `
    (import "test:host/probe@1.0.0" (instance $probe
      (export "thing" (type $thing (sub resource)))
      (export "box" (type $box (sub resource)))
      (export "make" (func (result (own $thing))))
      (export "[method]thing.poke" (func (param "self" (borrow $thing)) (result u32)))
      (export "[method]box.value" (func (param "self" (borrow $box)) (result u32)))
      (export "echo" (func (param "text" string) (result string)))))
    (core module $heap
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
    (core instance $heap (instantiate $heap))
    (core func $make (canon lower (func $probe "make")))
    (core func $poke (canon lower (func $probe "[method]thing.poke")))
    (core func $value (canon lower (func $probe "[method]box.value")))
    (core func $echo (canon lower (func $probe "echo")
      (memory (core memory $heap "memory")) (realloc (core func $heap "realloc"))))`,
  imports: `
    (import "host" "make" (func $make (result i32)))
    (import "host" "poke" (func $poke (param i32) (result i32)))
    (import "host" "value" (func $value (param i32) (result i32)))
    (import "host" "echo" (func $echo (param i32 i32 i32)))`,
  with: `(with "host" (instance (export "make" (func $make)) (export "poke" (func $poke))
    (export "value" (func $value)) (export "echo" (func $echo))))`,
});

describe('a process that was taken over', () => {
  let agent: Artefact;
  let names: string;
  beforeAll(async () => {
    const cache = await mkdtemp(join(tmpdir(), 'sallyport-sandbox-'));
    agent = await prepared(await componentOf(AGENT), cache);
    const { functions = [] } = agent.imports['test:host/probe'] ?? {};
    const places = ['make', '[method]thing.poke', '[method]box.value', 'echo'].map((name) => functions.indexOf(name));
    names = `const [make, poke, value, echo] = [${places.join(', ')}];`;
    return () => rm(cache, { recursive: true });
  });

  const run = (body: string, limits: Partial<RunLimits> = {}): Promise<CellRun> =>
    takenOver(agent, `${names} ${body}`, limits);

  it('uses what it was given (the allowed twin)', async () => {
    const { guest, messages } = await run(`
      call(1, make); wait(); call(2, poke, ...u32(1)); wait();
      callWith(3, echo, text(Buffer.from('hello'))); wait(); send(3, ...u32(1));
      return { run: () => 'done' };`);
    expect(guest).toEqual({ kind: 'ok', output: 'done' });
    expect(messages).toEqual([{ event: 'dropped', value: 1 }]);
  });

  it.each([
    ['one that nobody gave', 'call(1, poke, ...u32(1)); wait();', /does not have/],
    ['one of another kind', 'call(1, make); wait(); call(2, value, ...u32(1)); wait();', /one of another kind/],
    ['one that it dropped', 'call(1, make); wait(); send(3, ...u32(1)); call(2, poke, ...u32(1)); wait();', /not have/],
    ['one, dropped twice', 'call(1, make); wait(); send(3, ...u32(1)); send(3, ...u32(1)); wait();', /does not have/],
    ['the one after its own', 'call(1, make); wait(); call(2, poke, ...u32(2)); wait();', /does not have/],
    ['number zero', 'call(1, make); wait(); call(2, poke, ...u32(0)); wait();', /does not have/],
  ])('is ended for the handle that it names: %s', async (_, body, message) => {
    const { guest, closed } = await run(body);
    expect(guest).toMatchObject({ kind: 'trap', message: expect.stringMatching(message) as string });
    expect(closed).toBe(true);
  });

  it.each([
    ['a text that is longer than its frame', `callWith(1, echo, text(Buffer.from('short'), 0x7fffffff)); wait();`],
    ['a text that is not UTF-8', 'callWith(1, echo, text(Buffer.from([0xff, 0xfe]))); wait();'],
    ['bytes behind its text', `callWith(1, echo, text(Buffer.from('longer'), 3)); wait();`],
    ['a frame that is longer than any call may be', `all(Buffer.from([...u32(${5 * MIB}), 2])); wait();`],
    ['half a handle', 'call(1, poke, 1, 0); wait();'],
  ])('is ended for its bytes: %s', async (_, body) => {
    const { guest, closed } = await run(body);
    expect(guest).toMatchObject({ kind: 'trap', message: expect.stringMatching(/broke the protocol/) as string });
    expect(closed).toBe(true);
  });

  it.each([
    ['handles', 'for (let id = 1; ; id++) { call(id, make); wait(); }', { handles: 20 }],
    ['callBytes', `callWith(1, echo, text(Buffer.alloc(${4 * MIB}, 120))); wait();`, {}],
    ['bytesOut', `for (let id = 1; ; id++) { callWith(id, echo, text(Buffer.alloc(10_000, 120))); for (let n = 0; n < 10_000;) n += wait(); }`, { bytesOut: 100_000 }], // prettier-ignore
    ['bytesIn', `for (let id = 1; ; id++) callWith(id, echo, text(Buffer.alloc(1000, 120)));`, { bytesIn: 20_000 }],
  ] as const)('that counts nothing itself ends at the limit `%s` of its broker', async (limit, body, limits) => {
    const { guest } = await run(body, limits);
    expect(guest).toMatchObject({ kind: 'limit', limit });
  });

  it('that reads none of its answers holds its broker, and ends at the wall clock', async () => {
    const body = `for (let id = 1; ; id++) callWith(id, echo, text(Buffer.alloc(${MIB}, 120)));`;
    const { guest, usage } = await run(body, { wallMs: 3000 });
    expect(guest).toMatchObject({ kind: 'limit', limit: 'wallMs' });
    expect(usage.wallMs).toBeLessThan(3000 + GRACE_MS);
  });

  it('that tells more memory than there can be is believed what its modules may have', async () => {
    const { usage } = await run(`callWith(1, make, Buffer.alloc(0), 0xffffffff); wait(); return { run: () => '' };`);
    expect(usage.peakLinearMemoryBytes).toBe(LIMITS.memoryBytes);
  });
});

describe.each(CELLS)('where the thread with the gates dies in the middle of a call, in a %s cell,', (cell) => {
  it('the run ends as a fault of the host, and no process is left', async () => {
    const children = (): string => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
    const { prepared: prepare, runCell } = bedOf(cell);
    const text = agentText(calling('die', '(call $call (i32.const 64)) (loop $spin (br $spin)) (unreachable)'));
    const agent = await prepare(await componentOf(text), await temporaryFolder());
    const before = children();
    const { guest, closed, usage } = await runCell(agent);
    expect(guest).toEqual({ kind: 'fault', message: 'the cell ended without a word' });
    expect(closed).toBe(false);
    expect(usage.wallMs).toBeLessThan(LIMITS.wallMs / 2);
    await vi.waitFor(() => expect(children()).toBe(before), { timeout: 5000 });
  });
});
