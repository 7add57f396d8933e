import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ShownQuestion } from '../../host/index.ts';
import { input, makeApprovalWorld } from '../e2e/approval-bed.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';

let world: AgentWorld;
beforeEach(async () => {
  world = await makeApprovalWorld();
});
afterEach(() => world.remove());

const sallyport = (...args: readonly string[]) => command(args, { cwd: world.directory });
const EVIL = 'x\u001b[2J\u202e\u200b\u0007';
const A = input(['write', '/workspace/a.txt', 'one']);
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const json = (text: string) => JSON.parse(text) as ShownQuestion[];

/** Runs the agent until it has asked, and lets it wait. */
async function ask(text = A, ...more: readonly string[]) {
  const end = new AbortController();
  const args = ['run', '--agent', 'pay', '--input', text, '--json', ...more];
  const running = command(args, { cwd: world.directory, signal: end.signal });
  let found: ShownQuestion | undefined;
  while (found === undefined) {
    await later(50);
    const { code, stdout } = await sallyport('approve', 'list', '--json');
    expect(code).toBe(0);
    found = json(stdout).find(({ waiting }) => waiting);
  }
  return { id: found.id, running, end };
}

describe('approve', () => {
  it('lists, shows and grants a question of a run in another place, which then goes on', async () => {
    const { id, running } = await ask();
    const list = await sallyport('approve', 'list');
    expect(list.stdout).toMatch(/open +\d+ s +agent:pay +owner +fs:write \/workspace\/a\.txt/);
    const { stdout } = await sallyport('approve', 'show', id);
    expect(stdout).toContain('policy.csv:1: p, role:any, fs:write');
    expect(stdout).toContain('owner: user:ada or user:eve, nobody has yet');
    expect(stdout).toMatch(/"text": "one"/);
    const granted = await sallyport('approve', 'grant', id, '--as', 'user:ada');
    expect([granted.code, granted.stderr]).toEqual([0, '']);
    const { code, stdout: result, stderr } = await running;
    expect([code, JSON.parse(result)]).toMatchObject([0, { output: 'written', decisions: { allow: 1, deny: 0 } }]);
    expect(stderr).toContain(`sallyport approve grant ${id} --config sallyport.yaml --as user:NAME`);
    expect(json((await sallyport('approve', 'list', '--json')).stdout)).toEqual([]);
    expect(json((await sallyport('approve', 'list', '--all', '--json')).stdout)).toMatchObject([{ id, state: 'used' }]);
  });

  it('denies one: the run goes on with a denial, and the operator reads who said no', async () => {
    const { id, running } = await ask();
    expect((await sallyport('approve', 'deny', id, '--as', 'user:eve')).code).toBe(0);
    const { stdout, stderr } = await running;
    expect(JSON.parse(stdout)).toMatchObject({ output: 'not-approved', decisions: { allow: 0, deny: 1, pending: 0 } });
    expect(stderr).toContain('user:eve said no');
  });

  it.each([
    ['nobody by name', [], 64, 'write `--as user:NAME`'],
    ['a stranger', ['--as', 'user:mallory'], 2, 'is no approver of `owner`'],
    ['an approver of something else', ['--as', 'user:rick'], 2, 'is no approver of `owner`'],
    ['the one whose agent it is', ['--as', 'user:eve'], 2, 'nobody approves what his own agent does'],
  ])('takes no yes of %s', async (_, more, exit, says) => {
    const { id, running, end } = await ask(A, '--on-behalf-of', 'user:eve');
    const { code, stderr } = await sallyport('approve', 'grant', id, ...more);
    expect([code, stderr]).toEqual([exit, expect.stringContaining(says)]);
    end.abort();
    expect(JSON.parse((await running).stdout)).toMatchObject({ decisions: { allow: 0, pending: 1 } });
  });

  it('knows no question that is not there', async () => {
    for (const verb of ['show', 'grant', 'deny']) {
      const as = verb === 'show' ? [] : ['--as', 'user:ada'];
      const { code, stderr } = await sallyport('approve', verb, 'run-nothing', ...as);
      expect([verb, code, stderr]).toEqual([verb, 2, expect.stringContaining('there is no question `run-nothing`')]);
    }
  });

  it('lets nothing of a guest act on the terminal, nor pass for a line of ours', async () => {
    const spaces = `${' '.repeat(200)}needs     owner: user:mallory`;
    const { id, running, end } = await ask(input(['write', '/workspace/a.txt', `${EVIL}\nneeds     nobody${spaces}`]));
    for (const verb of [['show', id], ['list']]) {
      const { stdout } = await sallyport('approve', ...verb);

      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/);
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(200);
    }
    const { stdout } = await sallyport('approve', 'show', id);
    expect(stdout.match(/^needs/gm)).toHaveLength(1);
    end.abort();
    const { stderr } = await running;

    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u202e]/);
  });

  it('watches: one JSON object for each thing that happens', async () => {
    const end = new AbortController();
    const watching = command(['approve', 'watch', '--json'], { cwd: world.directory, signal: end.signal });
    const { id, running } = await ask();
    await later(500);
    await sallyport('approve', 'deny', id, '--as', 'user:ada');
    await running;
    await later(500);
    end.abort();
    const { code, stdout } = await watching;
    const states = stdout.trimEnd().split('\n').map((line) => (JSON.parse(line) as ShownQuestion).state); // prettier-ignore
    expect([code, states]).toEqual([0, ['open', 'denied']]);
  });
});

describe('run', () => {
  const run = (more: readonly string[], answers?: readonly (string | undefined)[]) => {
    const asked: string[] = [];
    const left = [...(answers ?? [])];
    const ask = (text: string) => {
      asked.push(text);
      return Promise.resolve(left.shift());
    };
    const terminal = answers === undefined ? {} : { asked: { ask } };
    const args = ['run', '--agent', 'pay', '--input', A, ...more];
    return command(args, { cwd: world.directory, ...terminal }).then((end) => ({ ...end, asked }));
  };

  it.each<[string, readonly string[], readonly (string | undefined)[], string]>([
    ['y, and a name', [], ['y', 'user:ada'], 'written'],
    ['y, where the name was given', ['--approve-as', 'user:ada'], ['y'], 'written'],
    ['r', ['--approve-as', 'user:ada'], ['R'], 'written'],
    ['n', [], ['n'], 'not-approved'],
    ['something else first', ['--approve-as', 'user:ada'], ['yes', '', 'n'], 'not-approved'],
    ['a stranger, then a name', [], ['y', 'user:mallory', 'user:ada'], 'written'],
  ])('asks on a terminal: %s', async (_, more, answers, output) => {
    const { stdout, stderr, asked } = await run(more, answers);
    expect(stdout).toBe(`${output}\n`);
    expect(asked).toHaveLength(answers.length);
    expect(stderr).toMatch(/^question {2}run-/m);
    expect(stderr).toContain('whatever its arguments');
  });

  it('answers for scripts', async () => {
    const granted = await run(['--approve', 'auto-yes', '--approve-as', 'user:ada']);
    expect(granted.stdout).toBe('written\n');
    expect((await run(['--approve', 'auto-no'])).stdout).toBe('not-approved\n');
  });

  it.each([
    [['--approve', 'auto-yes'], 'needs the name of an approver'],
    [['--approve', 'auto-yes', '--approve-as', 'user:mallory'], 'is no approver'],
    [
      ['--approve', 'auto-yes', '--approve-as', 'user:eve', '--on-behalf-of', 'user:eve'],
      'nobody approves what his own',
    ],
    [['--approve', 'always'], 'is one of prompt, wait, auto-yes, auto-no'],
    [['--approve', 'prompt'], 'needs a terminal'],
  ])('refuses %j', async (more, says) => {
    const { code, stdout, stderr } = await run(more);
    expect([code, stdout, stderr]).toEqual([64, '', expect.stringContaining(says)]);
  });
});
