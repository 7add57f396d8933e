import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.ts';
import { greetingWorld } from '../cli/greeting-world.ts';
import { makeAgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { blocksOf, root, textOf } from './repository.ts';

const readme = textOf('README.md');
const blocks = blocksOf(readme);
const block = (language: string): string => blocks.find((one) => one.language === language)?.text ?? '';

const lines = blocks
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.trimEnd().split('\n'))
  .map((line) => line.replace(/\s+#.*$/, '').trim());

describe('README.md', () => {
  it('has at most 150 lines', () => expect(readme.split('\n').length).toBeLessThanOrEqual(151));

  it('begins with the two commands, and they are those of package.json', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    expect(lines.slice(0, 2)).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
    for (const name of ['demo', 'test']) expect(scripts).toHaveProperty(name);
  });

  it('names every verb, and no other', () => {
    const verbs = COMMANDS.map(({ name }) => name);
    for (const verb of verbs) expect(readme).toMatch(new RegExp(`(?:npx sallyport |\`)${verb}\\b`));
    const used = [...readme.matchAll(/npx sallyport ([a-z]+(?: (?:check|explain|show|verify)\b)?)/g)].map(
      ([, verb]) => verb,
    );
    expect(used.filter((verb) => !verbs.includes(verb ?? ''))).toEqual([]);
  });
});

describe('the commands of README.md', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-readme-'));
    cpSync(join(root, 'guest-examples', 'hello'), join(folder, 'guest-examples', 'hello'), { recursive: true });
    rmSync(join(folder, 'guest-examples', 'hello', '.sallyport'), { recursive: true, force: true });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // `npm ci` changes the installation that the tests run in: the two commands are what CI and a new user run.
  const verbs = lines.filter((line) => !line.startsWith('npm ci'));

  it('are all of this program', () => {
    expect(verbs.length).toBeGreaterThanOrEqual(6);
    for (const line of verbs) expect(line).toMatch(/^npx sallyport /);
  });

  // In the order in which they stand there: each needs what those before it made.
  it.each(verbs)('%s', async (line) => {
    const { code, stderr } = await command(line.split(/\s+/).slice(2), { cwd: folder });
    expect(stderr).not.toContain('sallyport: ');
    expect(code).toBe(line.includes('policy explain') ? 2 : 0);
  });

  it('inspect in the text', async () => {
    const [, line = ''] = /`npx (sallyport inspect [^`]+)`/.exec(readme) ?? [];
    expect(await command(line.split(' ').slice(1), { cwd: folder })).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('the examples of README.md', () => {
  it('builds and runs as an agent', async () => {
    const world = greetingWorld();
    try {
      const component = await inlineGuest(block('js'));
      const { code, stdout } = await command(['run', component, '--input', 'Ada'], { cwd: world.directory });
      expect([code, stdout]).toEqual([0, 'Good morning, Ada!\n']);
    } finally {
      world.remove();
    }
  });

  it('loads as a policy', async () => {
    const world = makeAgentWorld({
      configuration: `version: 1
agents: { triage: { component: a.wasm } }
purposes: [triage]
databases: { main: { sqlite: main.db } }
tools:
  git/commit:
    description: commits
    isolation: none
    command: /bin/true
    arguments: ['{branch}']
    schema: { type: object, properties: { branch: { type: string } }, additionalProperties: false }
`,
      rows: block('csv').trimEnd().split('\n'),
    });
    try {
      new DatabaseSync(join(world.directory, 'main.db')).close();
      const { code, stdout, stderr } = await command(['policy', 'check'], { cwd: world.directory });
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/: 5 rules, /);
    } finally {
      world.remove();
    }
  });

  it('runs as a program that embeds the host', async () => {
    const world = greetingWorld();
    try {
      const component = await inlineGuest(block('js'));
      const configuration = textOf('guest-examples/hello/sallyport.yaml').replace('../../build/hello.wasm', component);
      world.write('sallyport.yaml', configuration);
      world.write('policy/policy.csv', textOf('guest-examples/hello/policy/policy.csv'));
      const library = pathToFileURL(join(root, 'src', 'index.ts')).href;
      const program = world.write(
        'program.ts',
        `${block('ts').replace(`'sallyport'`, `'${library}'`)}\nconsole.log(result.status, result.output);\n`,
      );
      const { stdout, stderr } = spawnSync(process.execPath, ['--no-experimental-ffi', program], {
        cwd: world.directory,
        encoding: 'utf8',
      });
      expect(stdout, stderr).toBe('ok Good morning, Ada!\n');
    } finally {
      world.remove();
    }
  });
});
