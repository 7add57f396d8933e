import { afterEach, describe, expect, it } from 'vitest';
import { openHost } from '../../host/host.ts';
import { runCommand } from '../support/command-line.ts';
import { ask, answerOf, makeDelegationBed, mayAsk, type BedOptions, type DelegationBed } from './delegation-bed.ts';

let bed: DelegationBed;
afterEach(() => bed.world.remove());
const make = async (options: BedOptions): Promise<DelegationBed> => (bed = await makeDelegationBed(options));

const SECRET = 'classification: [{ resource: /workspace/secret.txt, label: confidential }]';
/** Everybody reads everything; nobody writes out what is more than internal. */
const ROWS = [
  'p, role:any, fs:read, /workspace/**, -, allow, -',
  'p, role:any, fs:write, /workspace/out/**, label<=internal, allow, -',
  'p, role:any, fs:write, /workspace/shared/**, -, allow, -',
  'p, role:any, fs:create, /workspace/**, -, allow, -',
];
const OUT = ['write', '/workspace/out/a.txt', 'told'] as const;
const reasonOf = (seen: { error?: { val?: { reason?: string } } } | undefined) => seen?.error?.val?.reason;

describe.each(['thread', 'process'] as const)('labels in a %s', (cell) => {
  const world = (options: BedOptions) =>
    make({
      ...options,
      sections: [`cell: ${cell}`, SECRET],
      rows: [...ROWS, ...(options.rows ?? [])],
    });

  it('let a run write out until it has read what may not leave', { timeout: 120_000 }, async () => {
    const { see, run, world: place, records } = await world({});
    place.write('workspace/out/.keep', '');
    const seen = await see('alpha', [
      OUT,
      ['read', '/workspace/open.txt'],
      OUT,
      ['read', '/workspace/secret.txt'],
      OUT,
    ]);
    expect(seen.map((one) => one.error === undefined)).toEqual([true, true, true, true, false]);
    expect(reasonOf(seen[4])).toBe('no-rule');
    const labels = records()[0]?.flatMap((record) => ('labels' in record ? [record['labels']] : []));
    expect(labels).toEqual([
      { effect: 'public', run: 'public' },
      { run: 'public' },
      { effect: 'public', run: 'public' },
      { effect: 'confidential', run: 'confidential' },
      { effect: 'confidential', run: 'confidential' },
    ]);
    const script = { steps: [['read', '/workspace/secret.txt']] as const };
    expect((await run('alpha', script)).label).toBe('confidential');
    expect((await run('alpha', { steps: [] })).label).toBe('public');
  });

  it('go with what is written to whoever reads it, in another run of another host', { timeout: 120_000 }, async () => {
    const { see, world: place } = await world({});
    place.write('workspace/out/.keep', '');
    place.write('workspace/shared/.keep', '');
    await see('alpha', [
      ['read', '/workspace/secret.txt'],
      ['write', '/workspace/shared/note.txt', 'told'],
    ]);
    const other = await openHost({
      configuration: `${place.directory}/sallyport.yaml`,
      workingDirectory: place.directory,
    });
    const steps = [['read', '/workspace/shared/note.txt'], OUT];
    const { output = '', label } = await other.run({ agent: 'beta', input: JSON.stringify({ steps }) });
    await other.close();
    expect(label).toBe('confidential');
    expect(reasonOf((JSON.parse(output) as Parameters<typeof reasonOf>[0][])[1])).toBe('no-rule');
  });

  it('go with the answer of a called agent, and with what it is asked', { timeout: 120_000 }, async () => {
    const { see, world: place } = await world({ rows: [mayAsk('alpha', 'beta')] });
    place.write('workspace/out/.keep', '');
    const before = await see('alpha', [ask('beta', ['read', '/workspace/open.txt']), OUT]);
    expect(reasonOf(before[1])).toBeUndefined();
    const after = await see('alpha', [ask('beta', ['read', '/workspace/secret.txt']), OUT]);
    expect(reasonOf(after[1])).toBe('no-rule');
    // What the caller has read before, the called agent cannot write out either.
    const below = await see('alpha', [['read', '/workspace/secret.txt'], ask('beta', [...OUT])]);
    expect(reasonOf(answerOf(below[1])[0])).toBe('no-rule');
  });
});

describe('labels', () => {
  it('that the configuration does not have are named with their place', async () => {
    const made = make({ sections: ['classification: [{ resource: /workspace/**, label: confidental }]'] });
    await expect(made).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      hints: [expect.stringMatching(/classification\[0\]\.label: there is no label `confidental`.*`confidential`/)],
    });
  });

  it('are explained: of what is read, and of what a run would write that has read so much', async () => {
    await make({ sections: [SECRET], rows: ROWS });
    const explain = (...asked: string[]) =>
      runCommand(['policy', 'explain', ...asked, '--agent', 'alpha', '--json'], { cwd: bed.world.directory });
    const out = ['fs:write', '/workspace/out/a.txt'];
    expect((await explain(...out)).code).toBe(0);
    expect((await explain(...out, '--label', 'internal')).code).toBe(0);
    const { code, stdout } = await explain(...out, '--label', 'confidential');
    expect(code).toBe(2);
    expect(stdout).toContain('the label is `confidential`');
    expect((await explain(...out, '--label', 'cosmic')).stderr).toContain('there is no label `cosmic`');
  });
});
