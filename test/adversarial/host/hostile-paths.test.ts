import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, tree, verdictOf, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const ROWS = [
  'p, role:any, fs:*, /workspace/closed/**, -, deny, -',
  'p, role:any, fs:*, /workspace/**/.env, -, deny, -',
  'p, agent:tester, fs:read, /workspace/**, -, allow, -',
  'p, agent:tester, fs:list, /workspace/**, -, allow, -',
  'p, agent:tester, fs:stat, /workspace/**, -, allow, -',
  'p, agent:tester, fs:write, /workspace/out/*, -, allow, -',
  'p, agent:tester, fs:create, /workspace/out, -, allow, -',
];

const SEPARATORS = ['/', '//', '/./', '\\', '%2f', '%5c', '\u2215', '\uff0f', '\u0000/', '/\u200b'];
const UPS = ['..', '.', '%2e%2e', '..%00', '\u002e\u002e', '\uff0e\uff0e', '...', '..;', ' ..', '.. '];
const TARGETS = ['outside.txt', 'workspace/closed/secret.txt', 'etc/passwd', 'sallyport.yaml', 'main.sqlite', '.env'];

function corpus(directory: string): string[] {
  const built = SEPARATORS.flatMap((separator) =>
    UPS.flatMap((up) => TARGETS.map((target) => `/workspace${separator}${up}${separator}${target}`)),
  );
  const closed = [
    'closed',
    'Closed',
    'CLOSED',
    'closed.',
    'closed ',
    'clo\u017fed',
    'c\u200blosed',
    'closed\u0000',
  ].flatMap((name) => [
    `/workspace/${name}/secret.txt`,
    `/workspace/./${name}/secret.txt`,
    `/workspace//${name}//secret.txt`,
    `/workspace/${name}/./secret.txt`,
    `/workspace/open.txt/../${name}/secret.txt`,
  ]);
  const links = [
    'link-file',
    'link-folder/secret.txt',
    'link-out',
    'link-folder/',
    'link-folder/.',
    'loop',
    'loop/loop',
  ];
  const others = [
    '',
    '/',
    '.',
    '..',
    '~',
    '~root',
    '//',
    'workspace',
    '/workspace/..',
    '/proc/self/environ',
    '/proc/self/fd/3',
    '/dev/stdin',
    '/workspace/proc/self/cwd/etc/passwd',
    'file:///etc/passwd',
    `${directory}/outside.txt`,
    'C:\\x',
    '\\\\host\\x',
    '/workspace/\u202e.txt',
    `/workspace/${'a'.repeat(5000)}`,
    `/workspace/${'a/'.repeat(3000)}`,
    '/workspace/*',
    '/workspace/**',
    '/workspace/\n',
    '/workspace/.env',
    '/workspace/x/.env',
    '/workspace/.ENV',
    '/workspace/.env/',
    '/workspace/.env.',
    '/WORKSPACE/open.txt',
  ];
  return [...built, ...closed, ...links.map((name) => `/workspace/${name}`), ...others];
}

it('reads, writes and removes nothing outside of the rules, whatever a path looks like', async () => {
  world = makeWorld({ rows: ROWS });
  world.write('workspace/.env', 'TOKEN=secret-of-the-environment');
  const workspace = join(world.directory, 'workspace');
  symlinkSync('closed/secret.txt', join(workspace, 'link-file'));
  symlinkSync('closed', join(workspace, 'link-folder'));
  symlinkSync('../outside.txt', join(workspace, 'link-out'));
  symlinkSync('loop', join(workspace, 'loop'));
  const bed = await makeBed(world);
  const before = tree(world.directory, '.sallyport');

  const paths = corpus(world.directory);
  const calls = paths.flatMap((path): Call[] => [
    ['fs.read', path, null],
    ['fs.write', path, { bytes: 'overwritten' }],
    ['fs.append', path, { bytes: 'appended' }],
    ['fs.list', path, null],
    ['fs.stat', path],
    ['fs.makeDirectory', path],
    ['fs.remove', path],
    ['fs.rename', path, '/workspace/out/mine'],
    ['fs.rename', '/workspace/open.txt', path],
  ]);
  expect(calls.length).toBeGreaterThan(5000);
  const seen = await bed.see(calls);

  const allowed = seen
    .map(verdictOf)
    .filter(
      (verdict) =>
        !/^(denied:(no-rule|forbidden-by-rule|protected-resource)|invalid-path|not-found|not-a-file|not-a-directory)$/.test(
          verdict,
        ),
    );
  expect(allowed.filter((verdict) => verdict !== 'ok')).toEqual([]);
  const text = JSON.stringify(seen);
  expect(text).not.toContain('secret-of');
  expect(text).not.toContain('outside"');
  expect(text).not.toContain('root:');
  expect(tree(world.directory, '.sallyport')).toEqual(before);
  const record = world.records().at(-1) ?? '';
  expect(verified(record).ok).toBe(true);
}, 60_000);

it('does what the rules allow', async () => {
  world = makeWorld({ rows: ROWS });
  const { see } = await makeBed(world);
  const seen = await see([
    ['fs.read', '/workspace/open.txt', null],
    ['fs.makeDirectory', '/workspace/out'],
    ['fs.write', '/workspace/out/a', { bytes: 'new' }],
  ]);
  expect(seen.map(verdictOf)).toEqual(['ok', 'ok', 'ok']);
  expect(tree(join(world.directory, 'workspace'))).toMatchObject({ 'out/a': 'new' });
});
