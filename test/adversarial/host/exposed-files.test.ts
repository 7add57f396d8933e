import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HostError } from '../../../host/contracts/errors.ts';
import { openHost } from '../../../host/host.ts';
import { TEST_CERTIFICATE, TEST_KEY } from '../../gates/http/test-certificate.ts';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeDatabase, makeWorld } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const open = () => openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });

/** Hints of the refusal; fails where the host opens. */
async function refusal(): Promise<string> {
  try {
    await open();
  } catch (error) {
    if (error instanceof HostError && error.code === 'ERR_CONFIG_INVALID') return error.hints.join('\n');
    throw error;
  }
  throw new Error('the host was opened');
}

/** Moves something into the workspace and leaves a link to it in its place. */
function linkIntoWorkspace(path: string): void {
  const [from, to] = [join(world.directory, path), join(world.directory, 'workspace', 'moved')];
  renameSync(from, to);
  symlinkSync(to, from);
}

describe('what the host relies on is not served for writing', () => {
  it.for(['audit', 'cache'])('as a folder for %s inside of a mount', async (section) => {
    world = makeWorld();
    const yaml = `version: 1\nmounts: { /workspace: { directory: workspace, access: rw } }\n${section}: { directory: workspace/x }\n`;
    world.write('sallyport.yaml', yaml);
    expect(await refusal()).toContain('the host relies on');
  });

  it('as a folder for records that is a link into a mount', async () => {
    world = makeWorld({ more: 'audit: { directory: records }' });
    mkdirSync(join(world.directory, 'records'));
    linkIntoWorkspace('records');
    expect(await refusal()).toContain('the host relies on');
  });

  it('as a folder for records that will be made below a link into a mount', async () => {
    world = makeWorld({ more: 'audit: { directory: records/audit }' });
    mkdirSync(join(world.directory, 'records'));
    linkIntoWorkspace('records');
    expect(await refusal()).toContain('the host relies on');
  });

  it('as a policy folder that is a link into a mount', async () => {
    world = makeWorld();
    linkIntoWorkspace('policy');
    expect(await refusal()).toContain('the host relies on');
  });

  it('as a policy file that is a link into a mount', async () => {
    world = makeWorld();
    linkIntoWorkspace('policy/policy.csv');
    expect(await refusal()).toContain('the host relies on');
  });

  it('as a configuration that is a link into a mount', async () => {
    world = makeWorld();
    linkIntoWorkspace('sallyport.yaml');
    // Relative paths start at the link.
    expect(await refusal()).toContain('the host relies on');
  });

  it('as a component of an agent', async () => {
    world = makeWorld({ more: '' });
    world.write(
      'sallyport.yaml',
      'version: 1\nagents: { tester: { component: workspace/agent.wasm } }\nmounts: { /workspace: { directory: workspace, access: rw } }\n',
    );
    expect(await refusal()).toContain('the host relies on');
  });

  it('as a database', async () => {
    world = makeWorld();
    makeDatabase(join(world.directory, 'workspace', 'main.sqlite'));
    world.write(
      'sallyport.yaml',
      'version: 1\nmounts: { /workspace: { directory: workspace, access: rw } }\ndatabases: { main: { sqlite: workspace/main.sqlite } }\n',
    );
    expect(await refusal()).toContain('the database `main`');
  });

  it('as a key for TLS, even where it could only be read', async () => {
    world = makeWorld();
    world.write('workspace/client.pem', TEST_CERTIFICATE);
    world.write('workspace/client.key', TEST_KEY);
    const files = 'certificate: workspace/client.pem, key: workspace/client.key';
    world.write(
      'sallyport.yaml',
      `version: 1\nmounts: { /workspace: { directory: workspace } }\nhttp: { tls: [{ host: secure.example.test, ${files} }] }\n`,
    );
    expect(await refusal()).toContain('with which the host proves itself or others');
  });

  it('as a password of a database, even where it could only be read', async () => {
    world = makeWorld();
    world.write('workspace/password', 'hunter2');
    const postgres = 'host: 127.0.0.1, database: d, user: u, password: { file: workspace/password }';
    world.write(
      'sallyport.yaml',
      `version: 1\nmounts: { /workspace: { directory: workspace } }\ndatabases: { main: { postgres: { ${postgres} } } }\n`,
    );
    expect(await refusal()).toContain('with which the host logs in to `main`');
  });

  it('and is served where the mount is only read, or lies elsewhere', async () => {
    world = makeWorld();
    await (await open()).close();
    world.write(
      'sallyport.yaml',
      'version: 1\nagents: { tester: { component: workspace/agent.wasm } }\nmounts: { /workspace: { directory: workspace } }\n',
    );
    await (await open()).close();
  });
});
