import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import type { RunResult } from '../../../host/contracts/run-result.ts';
import type { AgentWorld } from '../../support/agent-world.ts';
import { listen, makeWorld, puppet, verdictOf, type Call, type Seen } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

it('keeps the environment of the host from cells, children, databases and tools', async () => {
  const [proxy, server] = [await listen(), await listen()];
  world = makeWorld({
    rows: [
      `p, agent:tester, http:GET, ${server.url}/**, -, allow, -`,
      'p, agent:tester, db:select, db:main/open, -, allow, -',
      'p, agent:tester, tool:call, tool:environment, -, allow, -',
    ],
  });
  // Whoever reads the environment of the host loads this file, and says so.
  const mark = join(world.directory, 'loaded');
  const preload = world.write(
    'preload.cjs',
    `require('node:fs').appendFileSync(${JSON.stringify(mark)}, JSON.stringify([process.pid, require('node:worker_threads').isMainThread, process.argv[1] ?? '']) + '\\n');`,
  );
  const calls: Call[] = [
    ['http.fetch', { method: 'get', url: `${server.url}/x`, headers: [], body: null, maxRedirects: null }],
    ['db.query', 'main', 'select count(*) from open', []],
    ['tools.call', 'environment', '{}'],
  ];
  const environment = {
    PATH: process.env['PATH'],
    NODE_OPTIONS: `--require ${preload}`,
    NODE_USE_ENV_PROXY: '1',
    HTTP_PROXY: proxy.url,
    HTTPS_PROXY: proxy.url,
    ALL_PROXY: proxy.url,
    http_proxy: proxy.url,
    NO_PROXY: '',
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
    SECRET_TOKEN: 'secret-of-the-host',
    // The cache is another one, so that the component is prepared here.
    TMPDIR: world.directory,
  };
  const yaml = readFileSync(join(world.directory, 'sallyport.yaml'), 'utf8').replace(
    /cache: .*/,
    'cache: { directory: cache }',
  );
  world.write('sallyport.yaml', yaml);
  const script = join(import.meta.dirname, 'host-process.ts');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', script, world.directory, await puppet(), JSON.stringify({ calls })],
    { env: environment },
  );
  await Promise.all([proxy.close(), server.close()]);
  const result = JSON.parse(stdout) as RunResult;
  expect(result).toMatchObject({ status: 'ok' });
  const seen = JSON.parse(result.output ?? '') as Seen[];
  expect(seen.map(verdictOf)).toEqual(['ok', 'ok', 'ok']);
  expect(proxy.contacts()).toBe(0);
  expect(server.contacts()).toBe(1);
  expect(JSON.stringify(seen)).not.toMatch(/secret-of|preload|PATH/);
  expect((seen[2]?.ok as { stdout: string }).stdout).toBe('');
  const loaded = existsSync(mark) ? readFileSync(mark, 'utf8').trim().split('\n') : [];
  expect(loaded.map((line) => JSON.parse(line) as unknown)).toMatchObject([[expect.any(Number), true, script]]);
}, 60_000);
