import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GLUE_FILE } from '../../host/sandbox/artefact.ts';
import { createArtefactMemo } from '../../host/sandbox/artefact-memo.ts';
import { prepared, temporaryFolder } from './support/cell.ts';
import { agentText, componentOf } from './support/wat.ts';

describe('artefacts that a host has loaded', () => {
  it('are not loaded again', async () => {
    const folder = await temporaryFolder();
    const component = await componentOf(agentText());
    const memo = createArtefactMemo();
    let loads = 0;
    const load = () => {
      loads += 1;
      return prepared(component, folder);
    };
    const first = await memo.get('a', load);
    expect(await memo.get('a', load)).toMatchObject({ directory: first.directory, cached: true, prepareMs: 0 });
    expect(loads).toBe(1);
  });

  it('are made once where many want them at the same time, and by the next one where that fails', async () => {
    const folder = await temporaryFolder();
    const component = await componentOf(agentText());
    const memo = createArtefactMemo();
    let loads = 0;
    const load = async () => {
      loads += 1;
      if (loads === 1) throw new Error('aborted');
      return prepared(component, folder);
    };
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => memo.get('a', load)));
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(loads).toBe(2);
  });

  it.each([
    ['changed', (path: string) => appendFileSync(path, '\nthrow new Error();')],
    ['gone', (path: string) => rmSync(path)],
  ])('are made again where the generated code is %s', async (_, damage) => {
    const folder = await temporaryFolder();
    const component = await componentOf(agentText());
    const memo = createArtefactMemo();
    const first = await memo.get('a', () => prepared(component, folder));
    damage(join(first.directory, GLUE_FILE));
    const second = await memo.get('a', () => prepared(component, folder));
    expect(second).toMatchObject({ digest: first.digest, cached: false });
    expect(await memo.get('a', () => Promise.reject(new Error('not asked for')))).toMatchObject({ cached: true });
  });
});
