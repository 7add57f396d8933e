import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHost } from '../../host/index.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { greetingWorld, LOG, onlyJson, READ } from './greeting-world.ts';

let world: AgentWorld;
beforeEach(() => {
  world = greetingWorld();
});
afterEach(() => world.remove());

const policy = (...args: readonly string[]) => command(['policy', ...args], { cwd: world.directory });
const file = () => join(world.directory, 'policy', 'policy.csv');

/** Puts policies in force, one after the other, as a host does that follows the files. */
async function putInForce(...policies: readonly (readonly string[])[]): Promise<void> {
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
  for (const rows of policies) {
    world.write('policy/policy.csv', `${rows.join('\n')}\n`);
    expect((await host.reloadPolicy({ by: 'ada' })).status).toBe('changed');
  }
  await host.close();
}

describe('policy history', () => {
  it('says that nothing was in force yet, and ends well', async () => {
    expect(await policy('history')).toMatchObject({ code: 0, stdout: 'no policy was in force yet\n' });
    expect(onlyJson((await policy('history', '--json')).stdout)).toEqual({ versions: [] });
  });

  it('lists the versions, the newest first', async () => {
    await putInForce([READ], [READ, LOG, 'p, agent:tester, log:write, log:warn, -, allow, -']);
    const { stdout } = await policy('history');
    const rows = stdout.trimEnd().split('\n').slice(2);
    expect(rows.map((line) => line.split(/\s{2,}/)[0])).toEqual(['3', '2', '1']);
    expect(rows[0]).toMatch(/\+2 -0 +ada +reload/);
    expect(onlyJson((await policy('history', '--json')).stdout)).toMatchObject({
      versions: [
        { generation: 3, by: 'ada' },
        { generation: 2, removed: 1 },
        { generation: 1, why: 'start' },
      ],
    });
  });
});

describe('policy show', () => {
  it('prints the text of a version', async () => {
    await putInForce([READ]);
    expect(await policy('show', '1')).toMatchObject({ code: 0, stdout: `${READ}\n${LOG}\n` });
    expect(onlyJson((await policy('show', '2', '--json')).stdout)).toMatchObject({ policy: `${READ}\n` });
  });

  it.each(['0', '-1', 'files', '9', '1e3'])('does not know version %s', async (version) => {
    await putInForce([READ]);
    expect(await policy('show', version)).toMatchObject({ code: 64, stdout: '' });
  });
});

describe('policy diff', () => {
  it('compares the newest version with the files, and says what allows more', async () => {
    await putInForce([READ]);
    world.write('policy/policy.csv', `${LOG}\n`);
    const { code, stdout } = await policy('diff');
    expect(code).toBe(0);
    expect(stdout).toContain(`+ ${LOG}  (widens)\n- ${READ}  (narrows)\n`);
    expect(stdout).toContain('2 changes: 1 widen');
  });

  it('compares two versions', async () => {
    await putInForce([READ]);
    expect(onlyJson((await policy('diff', '2', '1', '--json')).stdout)).toEqual({
      from: 2,
      to: 1,
      changes: [{ kind: 'added', direction: 'widens', after: LOG }],
    });
    expect((await policy('diff', '1', '1')).stdout).toBe('no difference\n');
  });

  it('ends with 64 where there is no version', async () => {
    expect((await policy('diff')).code).toBe(64);
  });
});

describe('policy rollback', () => {
  it('writes a version back with the permissions of the file, and keeps what was there', async () => {
    await putInForce([READ]);
    world.write('policy/policy.csv', '# by hand\n');
    chmodSync(file(), 0o640);
    const { code, stdout } = await policy('rollback', '1', '--by', 'ada');
    expect(code).toBe(0);
    expect(stdout).toContain('holds version 1 again\nwhat stood there is version 3');
    expect(readFileSync(file(), 'utf8')).toBe(`${READ}\n${LOG}\n`);
    expect(statSync(file()).mode & 0o777).toBe(0o640);
    expect((await policy('show', '3')).stdout).toBe('# by hand\n');
  });

  it('is taken up by a host that follows the files', async () => {
    await putInForce([READ]);
    const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory, watch: true });
    await policy('rollback', '1');
    await expect.poll(() => host.policyStatus().policy.generation, { timeout: 10_000 }).toBe(3);
    await host.close();
    expect((await policy('diff', '3', '1')).stdout).toBe('no difference\n');
  });

  it('puts aside what did not load', async () => {
    await putInForce([READ]);
    world.write('policy/policy.csv', 'p, broken\n');
    const { before, setAside } = onlyJson((await policy('rollback', '2', '--json')).stdout) as {
      before?: unknown;
      setAside: string;
    };
    expect(before).toBeUndefined();
    expect(readFileSync(setAside, 'utf8')).toBe('p, broken\n');
  });

  it('writes what a link leads to, and leaves the link', async () => {
    await putInForce([READ]);
    mkdirSync(join(world.directory, 'real'));
    renameSync(file(), join(world.directory, 'real', 'rules.csv'));
    symlinkSync('../real/rules.csv', file());
    expect((await policy('rollback', '1')).code).toBe(0);
    expect(lstatSync(file()).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(world.directory, 'real', 'rules.csv'), 'utf8')).toContain(LOG);
  });

  it('refuses a version that the configuration does not fit any more, and writes nothing', async () => {
    world.write('sallyport.yaml', `${readFileSync(join(world.directory, 'sallyport.yaml'), 'utf8')}purposes: [work]\n`);
    await putInForce(['p, agent:tester, fs:read, /workspace/*, purpose=work, allow, -'], [READ]);
    const text = readFileSync(join(world.directory, 'sallyport.yaml'), 'utf8');
    world.write('sallyport.yaml', text.replace('purposes: [work]\n', ''));
    expect((await policy('rollback', '2')).code).toBe(3);
    expect(readFileSync(file(), 'utf8')).toBe(`${READ}\n`);
  });
});
