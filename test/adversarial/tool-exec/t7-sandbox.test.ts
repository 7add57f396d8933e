import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ToolSection } from '../../../host/gates/tool-exec/config.ts';
import type { ToolMount } from '../../../host/gates/tool-exec/process-request.ts';
import { probeTool, toolFixture } from '../../gates/tool-exec/tool-fixture.ts';

const text = { type: 'string' };
type Tried = Record<string, string>;

/** Listens on loopback and counts who comes. */
async function listener() {
  let contacts = 0;
  const server = createServer((socket) => {
    contacts += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return { port, contacts: () => contacts, [Symbol.dispose]: () => void server.close() };
}

function attempts(more: object): (folder: string) => ToolSection {
  return (folder: string) => {
    mkdirSync(join(folder, 'work'));
    writeFileSync(join(folder, 'work/own'), 'own file');
    writeFileSync(join(folder, 'outside'), 'outside file');
    return {
      try: probeTool(
        ['do:try', '{read}', '{write}', '{port}'],
        { read: text, write: text, port: { type: 'integer' } },
        more,
      ),
    };
  };
}
const mounts = (folder: string): ToolMount[] => [{ path: '/workspace', directory: join(folder, 'work'), access: 'rw' }];

async function tried(more: object, read: (folder: string) => string, write: (folder: string) => string) {
  using server = await listener();
  using fixture = toolFixture(attempts({ isolation: 'bubblewrap', ...more }), { mounts });
  const call = async (): Promise<Tried> => {
    const given = { read: read(fixture.folder), write: write(fixture.folder), port: server.port };
    const { stdout, stderr } = await fixture.tools.call('try', JSON.stringify(given));
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Tried; // what `probe.mjs` writes
  };
  const [first, second] = [await call(), await call()];
  const work = join(fixture.folder, 'work');
  const written = existsSync(join(work, 'new')) ? readFileSync(join(work, 'new'), 'utf8') : undefined;
  return {
    first,
    second,
    contacts: server.contacts(),
    outside: readFileSync(join(fixture.folder, 'outside'), 'utf8'),
    written,
  };
}

describe('T7: a program in a sandbox reaches what is declared', () => {
  it('reads, writes and connects to nothing outside', async () => {
    const { first, contacts, outside } = await tried(
      {},
      (folder) => join(folder, 'outside'),
      (folder) => join(folder, 'outside'),
    );
    expect(first).toMatchObject({
      read: 'ENOENT',

      home: 'ENOENT',
      shadow: 'ENOENT',
    });
    expect(first).toMatchObject({ host: 'false', system: 'EROFS', root: 'EROFS', device: 'false' });
    expect(first).toMatchObject({ capabilities: '0000000000000000', privileges: '1', namespaces: '1' });
    expect(Number(first['others'])).toBeLessThan(5);
    expect(first['connected']).toMatch(/ECONNREFUSED|ENETUNREACH|EADDRNOTAVAIL/);
    expect(first['write']).toMatch(/ENOENT|EROFS/);
    expect(contacts).toBe(0);
    expect(outside).toBe('outside file');
  });

  it('keeps nothing from one call to the next', async () => {
    const { first, second } = await tried(
      {},
      () => '/tmp/kept',
      () => '/nowhere/new',
    );
    // Where this repository itself lies below `/tmp`, the way to the program is all that is there.
    const way = import.meta.dirname.startsWith('/tmp/') ? import.meta.dirname.split('/')[2] : '';
    for (const call of [first, second])
      expect(call).toMatchObject({ read: 'ENOENT', temporary: way, keep: 'undefined' });
  });

  it('sees a mount as it was declared: to read', async () => {
    const { first, written } = await tried(
      { mounts: ['/workspace'] },
      () => '/workspace/own',
      () => '/workspace/new',
    );
    expect(first).toMatchObject({ read: 'own file', write: 'EROFS' });
    expect(written).toBeUndefined();
  });

  it('sees a mount as it was declared: to write', async () => {
    const { first, written } = await tried(
      { mounts: ['/workspace rw'] },
      () => '/workspace/own',
      () => '/workspace/new',
    );
    expect(first).toMatchObject({ read: 'own file', write: 'undefined' });
    expect(written).toBe('from the tool');
  });

  it('sees its working directory, to read', async () => {
    const { first } = await tried(
      { directory: 'mount:/workspace' },
      () => 'own',
      () => 'new',
    );
    expect(first).toMatchObject({ read: 'own file', write: 'EROFS' });
  });

  it('connects where the network was declared', async () => {
    const { first, contacts } = await tried(
      { network: true },
      () => '/x',
      () => '/x',
    );
    expect(first['connected']).toBe('connected');
    expect(contacts).toBe(2);
  });

  it('reads a directory of the host that was declared', async () => {
    using fixture = toolFixture((folder) => {
      mkdirSync(join(folder, 'lib'));
      writeFileSync(join(folder, 'lib/data'), 'shown');
      return {
        cat: {
          description: 'd',
          command: '/bin/cat',
          arguments: [join(folder, 'lib/data')],
          readOnly: [join(folder, 'lib')],
        },
      };
    });
    expect(await fixture.tools.call('cat', '{}')).toMatchObject({ stdout: 'shown' });
  });

  it('is refused a mount to write that the agent may only read, and one that is not there', () => {
    const shown = (mount: string) => ({ t: { description: 'd', command: '/bin/true', mounts: [mount] } });
    const read = { mounts: (folder: string) => mounts(folder).map((mount) => ({ ...mount, access: 'ro' as const })) };
    expect(() => toolFixture(shown('/workspace rw'), read)).toThrow(/is not `rw`/);
    expect(() => toolFixture(shown('/absent'), read)).toThrow(/there is no mount/);
  });
});
