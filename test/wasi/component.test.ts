import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { buildProbe, type BuiltGuest } from './component.ts';
import { fsFixture } from '../gates/fs/fs-fixture.ts';
import { createWasiRun, START_MS, type WasiRun } from './run.ts';

let guest: BuiltGuest;
beforeAll(async () => {
  guest = await buildProbe();
});
afterAll(() => guest.remove());

async function inGuest(step: string, run: WasiRun): Promise<unknown> {
  const { run: call } = await guest.instantiate(run.imports);
  return JSON.parse(await call(step)) as unknown;
}

/** A host whose clock and sleep are real. */
const realTime = () =>
  createWasiRun({
    clock: { nowMs: Date.now, monotonicUs: () => performance.now() * 1000 },
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  });

describe('a component', () => {
  it('gets time, random bytes, arguments and input from the host, and its output goes there', async () => {
    const run = createWasiRun({ stdin: new TextEncoder().encode('from stdin') });
    expect(await inGuest('tour', run)).toMatchObject({
      arguments: ['agent', 'one'],
      environment: [['LANG', 'C']],
      cwd: null,
      terminal: null,
      directories: [],
      stdin: 'from stdin',
      end: { payload: { tag: 'closed' } },
      room: '1000',
      wall: `${Math.floor(START_MS / 1000)}.678000000`,
      date: START_MS,
    });
    expect(run.text('stdout')).toBe('to stdout\nmore\n');
    expect(run.text('stderr')).toBe('to stderr\n');
    expect(run.denied).toEqual([]);
  });

  it('gets the same run again from the same clock and the same random bytes', async () => {
    const again = () => inGuest('tour', createWasiRun({ stdin: new Uint8Array([65]) }));
    expect(await again()).toEqual(await again());
  });

  it('waits in poll until the first timer, for as long as it asked', async () => {
    const answer = (await inGuest('poll', realTime())) as { ready: number[]; states: boolean[]; waited: number };
    expect(answer).toMatchObject({ ready: [1], states: [false, true] });
    expect(answer.waited).toBeGreaterThanOrEqual(20);
  });

  it('waits in block', async () => {
    const { waited } = (await inGuest('block', realTime())) as { waited: number };
    expect(waited).toBeGreaterThanOrEqual(30);
  });

  it('is denied every way into the network, with a record of each', async () => {
    const run = createWasiRun();
    expect(await inGuest('network', run)).toEqual([
      { payload: 'access-denied' },
      { payload: 'access-denied' },
      { payload: 'access-denied' },
    ]);
    expect(run.denied).toEqual([
      { action: 'net:connect', resource: 'tcp:ipv4' },
      { action: 'net:connect', resource: 'udp:ipv6' },
      { action: 'net:resolve', resource: 'dns:example.test' },
    ]);
  });

  it('works with the files of a mount, and gets the codes of what it may not', async () => {
    using fixture = fsFixture({
      allow: ({ resource }) => resource !== '/workspace/secret',
      mount: { maxFileBytes: 1000 },
    });
    const answer = await inGuest('files', createWasiRun({ services: { files: fixture.gate.files } }));
    expect(answer).toEqual({
      path: '/workspace',
      flags: expect.objectContaining({ read: true, write: false, mutateDirectory: true }) as unknown,
      written: 5,
      contents: 'world',
      ended: false,
      stream: 'hello world',
      stat: { type: 'regular-file', size: 11, linkCount: 1, modified: 6 },
      entries: [
        { type: 'regular-file', name: 'b.txt' },
        { type: 'directory', name: 'made' },
      ],
      same: true,
      absent: 'no-entry',
      out: 'not-permitted',
      denied: 'access',
      failed: ['last-operation-failed', 'file-too-large'],
    });
    expect(fixture.faults).toEqual([]);
  });

  it('that floods its output is stopped after what fits', async () => {
    const run = createWasiRun({ outputBytes: 1050 });
    await expect(inGuest('flood', run)).rejects.toMatchObject({ end: { kind: 'limit', limit: 'outputBytes' } });
    expect(run.text('stdout')).toHaveLength(1050);
  });

  it.each([
    ['exit', { kind: 'exit', code: 1 }],
    ['random', { kind: 'trap', message: 'more random bytes than one call may ask for' }],
  ])('that calls for its end by %s ends', async (step, end) => {
    const run = createWasiRun();
    await expect(inGuest(step, run)).rejects.toBeInstanceOf(RunStop);
    expect(run.ends).toEqual([end]);
  });

  it('that waits for nothing is given its end, whether or not the glue can deliver it', async () => {
    const run = createWasiRun();
    const outcome = inGuest('pollNothing', run).then(
      () => 'answered',
      () => 'ended',
    );
    const later = new Promise((resolve) => setTimeout(resolve, 1000, 'pending'));
    expect(['ended', 'pending']).toContain(await Promise.race([outcome, later]));
    expect(run.ends).toEqual([{ kind: 'trap', message: 'poll needs at least one pollable' }]);
  });
});
