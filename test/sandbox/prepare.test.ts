import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { guest } from '../support/guests.ts';
import { prepared, temporaryFolder } from './support/cell.ts';
import { agentText, calling, componentOf } from './support/wat.ts';

describe('prepareComponent', () => {
  let agent: Uint8Array;
  beforeAll(async () => {
    agent = await readFile(await guest('hostile/exhaustion', 'js'));
  });

  it('gives plain data: digest, modules, and the imports with every function that can be called', async () => {
    const artefact = await prepared(agent, await temporaryFolder());
    expect(structuredClone(artefact)).toEqual(artefact);
    expect(artefact.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(artefact.cached).toBe(false);
    expect(artefact.modules.reduce((sum, { pages }) => sum + pages, 0)).toBeLessThanOrEqual(1024);
    expect(artefact.imports['sallyport:agent/log']).toEqual({
      version: '0.1.0',
      functions: ['write'],
      waits: ['write'],
      classes: [],
      signatures: {
        write: {
          self: false,
          parameters: [{ kind: 'enum', names: ['debug', 'info', 'warn', 'error'] }, 'string'],
          result: expect.objectContaining({ kind: 'result', ok: null }) as unknown,
        },
      },
    });
    expect(artefact.imports['sallyport:agent/types']).toEqual({
      version: '0.1.0',
      functions: [],
      waits: [],
      classes: [],
      signatures: {},
    });
  });

  it('takes the second one from the cache', async () => {
    const folder = await temporaryFolder();
    const first = await prepared(agent, folder);
    const second = await prepared(agent, folder);
    expect(second).toEqual({ ...first, cached: true, prepareMs: second.prepareMs });
  });

  it('prepares again under another memory limit and another import matrix', async () => {
    const folder = await temporaryFolder();
    const component = await componentOf(agentText());
    const directories = [
      await prepared(component, folder),
      await prepared(component, folder, { memoryBytes: 8 * 1_048_576 }),
    ].map(({ directory }) => directory);
    expect(new Set(directories).size).toBe(2);
  });

  it('writes nothing but glue, core modules and the manifest', async () => {
    const folder = await temporaryFolder();
    const { directory, modules } = await prepared(agent, folder);
    expect((await readdir(directory)).sort()).toEqual(
      ['component.js', 'manifest.json', ...modules.map(({ name }) => name)].sort(),
    );
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('empties the tracing function of the glue', async () => {
    const { directory } = await prepared(agent, await temporaryFolder());
    const glue = await readFile(join(directory, 'component.js'), 'utf8');
    expect(glue).toContain('const _debugLog = () => {};');
    expect(glue).not.toContain('JCO_DEBUG');
  });

  it('lets the glue wait for exactly the functions that may wait', async () => {
    const folder = await temporaryFolder();
    const unreachable = '(unreachable)';
    const slow = await prepared(await componentOf(agentText(calling('slow', unreachable))), folder);
    const ping = await prepared(await componentOf(agentText(calling('ping', unreachable))), folder);
    expect(slow.imports['test:host/probe']).toMatchObject({ functions: ['slow'], waits: ['slow'] });
    expect(ping.imports['test:host/probe']).toMatchObject({ functions: ['ping'], waits: [] });
  });

  it('serves every patch version where the matrix says so', async () => {
    const text = agentText(calling('ping', '(unreachable)')).replace('probe@1.0.0', 'probe@1.1.9');
    const artefact = await prepared(await componentOf(text), await temporaryFolder());
    expect(artefact.imports['test:host/probe']?.version).toBe('1.1.9');
  });

  it('stops when it is aborted, and leaves nothing behind', async () => {
    const folder = await temporaryFolder();
    const { prepareComponent } = await import('../../host/sandbox/prepare.ts');
    const signal = AbortSignal.timeout(50);
    const work = prepareComponent({
      source: agent,
      cacheDirectory: folder,
      served: [],
      limits: { memoryBytes: 1 << 26 },
      signal,
    });
    await expect(work).rejects.toThrow(/abort|time/i);
    expect(await readdir(folder)).toEqual([]);
  });
});
