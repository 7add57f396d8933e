import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../host/contracts/limits.ts';
import { boxConfig, folderWithPolicy, parse } from './manifest-fixture.ts';

const FULL = `
version: 1
policy: policy
audit: { directory: records, sync: fsync }
cache: { directory: /var/cache/sallyport, maxBytes: 500MB }
purposes: [triage, report]
environments: [staging]
labels: [open, closed]
wasi: { clock: '2026-01-02T01:00:00+01:00' }
limits: { wall: 2m, cpu: 500ms, memory: 64MB, hostCalls: 50, callBytes: 1MiB, outputBytes: 2Ki, logBytes: 10 }
box: { size: 3 }
agents:
  triage:
    component: build/triage.wasm
    digest: sha256:${'a'.repeat(64)}
    purpose: triage
    environment: staging
    onBehalfOf: user:ada
    env: { LANG: C, EMPTY: '' }
    args: [--fast, '']
    limits: { wall: 1h, cpu: 100 }
    wasi: { random: 'seed:00ff' }
`;

describe('a configuration', () => {
  it('is read with every key', () => {
    using folder = folderWithPolicy();
    const manifest = parse(FULL, folder.directory);
    const { agents, ...rest } = manifest;
    expect(rest).toMatchObject({
      file: folder.at('sallyport.yaml'),
      directory: folder.directory,
      policy: { directory: folder.at('policy'), rules: folder.at('policy', 'policy.csv'), model: undefined },
      audit: { directory: folder.at('records'), sync: 'fsync' },
      cache: { directory: '/var/cache/sallyport', maxBytes: 500e6 },
      purposes: ['triage', 'report'],
      environments: ['staging'],
      labels: ['open', 'closed'],
      limits: {
        wallMs: 120_000,
        cpuMs: 500,
        memoryBytes: 64e6,
        hostCalls: 50,
        callBytes: 1 << 20,
        outputBytes: 2048,
        logBytes: 10,
      },
    });
    expect(manifest.section(boxConfig)).toEqual({ size: 3, directory: folder.directory });
    expect([...agents]).toEqual([
      [
        'triage',
        {
          name: 'triage',
          component: folder.at('build', 'triage.wasm'),
          digest: `sha256:${'a'.repeat(64)}`,
          purpose: 'triage',
          environment: 'staging',
          onBehalfOf: 'user:ada',
          env: new Map([['LANG', 'C'], ['EMPTY', '']]), // prettier-ignore
          args: ['--fast', ''],
          imports: 'deny',
          cell: 'thread',
          wasi: { clock: { startMs: Date.UTC(2026, 0, 2) }, random: { seed: '00ff' } },
          limits: { ...rest.limits, cpuMs: 100 },
        },
      ],
    ]);
  });

  it.each([
    ['policy: policy', { engine: 'casbin' }],
    ['policy: {}', { engine: 'casbin' }],
    ['policy: { directory: policy, engine: casbin }', { engine: 'casbin' }],
    ['policy: { engine: compiled }', { engine: 'compiled', shadow: 1000 }],
    ['policy: { directory: policy, engine: compiled, shadow: 0 }', { engine: 'compiled', shadow: 0 }],
  ])('names the engine that decides: %s', (written, deciding) => {
    using folder = folderWithPolicy();
    const { policy } = parse(`version: 1\n${written}`, folder.directory);
    expect(policy).toMatchObject({ directory: folder.at('policy'), deciding });
  });

  it('has defaults for everything but its version and its policy', () => {
    using folder = folderWithPolicy();
    const manifest = parse('version: 1', folder.directory);
    expect(manifest).toMatchObject({
      policy: { directory: folder.at('policy') },
      audit: { directory: folder.at('.sallyport', 'audit'), sync: 'write' },
      cache: { directory: folder.at('.sallyport', 'cache'), maxBytes: 2 * 1024 ** 3 },
      purposes: [],
      environments: [],
      labels: ['public', 'internal', 'confidential', 'secret'],
      limits: DEFAULT_LIMITS,
      agents: new Map(),
    });
    expect(manifest.section(boxConfig)).toEqual({ size: 1, directory: folder.directory });
    expect(DEFAULT_LIMITS).toEqual({
      wallMs: 60_000,
      cpuMs: 30_000,
      memoryBytes: 268_435_456,
      tableEntries: 400_000,
      heapBytes: 268_435_456,
      stackBytes: 4_194_304,
      handles: 4096,
      pollables: 1024,
      hostCalls: 10_000,
      callBytes: 16_777_216,
      bytesIn: 1_073_741_824,
      bytesOut: 1_073_741_824,
      outputBytes: 1_048_576,
      logBytes: 262_144,
      randomBytes: 16_777_216,
    });
  });

  it('is read with a byte order mark and with any line ends', () => {
    using folder = folderWithPolicy();
    for (const source of ['\ufeffversion: 1\r\nlabels: [a]\r\n', Buffer.from('\ufeffversion: 1\nlabels: [a]\n')]) {
      expect(parse(source, folder.directory).labels).toEqual(['a']);
    }
  });

  it('finds the model of a policy set that has one', () => {
    using folder = folderWithPolicy();
    writeFileSync(folder.at('policy', 'model.conf'), '');
    expect(parse('version: 1', folder.directory).policy.model).toBe(folder.at('policy', 'model.conf'));
  });

  it('does not ask for a component that is not built yet', () => {
    using folder = folderWithPolicy();
    const { agents } = parse('version: 1\nagents: {a: {component: later.wasm}}', folder.directory);
    expect(agents.get('a')?.component).toBe(folder.at('later.wasm'));
  });

  it('gives an agent the lower of two limits, never the higher', () => {
    using folder = folderWithPolicy();
    const text = 'version: 1\nlimits: {wall: 10s}\nagents: {a: {component: a.wasm, limits: {wall: 20s, cpu: 1s}}}';
    expect(parse(text, folder.directory).agents.get('a')?.limits).toMatchObject({ wallMs: 10_000, cpuMs: 1000 });
  });

  it.for([
    { host: '', agent: '', cell: 'process' },
    { host: '', agent: `digest: sha256:${'a'.repeat(64)}`, cell: 'thread' },
    { host: 'cell: thread', agent: '', cell: 'thread' },
    { host: 'cell: process', agent: `digest: sha256:${'a'.repeat(64)}`, cell: 'process' },
    { host: 'cell: process', agent: 'cell: thread', cell: 'thread' },
    { host: '', agent: `digest: sha256:${'a'.repeat(64)}, cell: process`, cell: 'process' },
  ])('puts an agent into a $cell where the host says `$host` and the agent `$agent`', ({ host, agent, cell }) => {
    using folder = folderWithPolicy();
    const text = `version: 1\n${host}\nagents: {a: {component: a.wasm, ${agent}}}`;
    expect(parse(text, folder.directory).agents.get('a')?.cell).toBe(cell);
  });

  it('does not answer for a gate that it was read without', () => {
    using folder = folderWithPolicy();
    expect(() => parse('version: 1', folder.directory).section({ ...boxConfig, key: 'other' })).toThrow(
      'without `other`',
    );
  });
});
