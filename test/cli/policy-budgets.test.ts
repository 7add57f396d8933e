import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { isExhausted } from '../../host/contracts/budget.ts';
import type { BudgetTerm } from '../../host/contracts/decision.ts';
import { createRunBudgets } from '../../host/runs/run-budgets.ts';
import { createClock } from '../../host/powers/clock.ts';
import type { BudgetCounter, PolicyExplanation } from '../../host/index.ts';
import { loadPolicy } from '../../host/policy/policy-snapshot.ts';
import { compileRule, createCellCompiler } from '../../host/policy/rule.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { publishedSchema } from '../schemas/schema-fixture.ts';
import { VOCABULARY } from '../policy/fixture.ts';
import { greetingWorld, onlyJson } from './greeting-world.ts';

const errorsOf = publishedSchema('policy-budgets');
const FILE = '/workspace/greeting.txt';
const row = (then: string, who = 'agent:tester'): string => `p, ${who}, fs:read, ${FILE}, -, allow, ${then}`;

let world: AgentWorld | undefined;
afterEach(() => world?.remove());

/** Takes from the counters of a row as a run does, so often; what is not settled is under way until `end`. */
function use(text: string, times: number, bytes = 0): { end: () => void } {
  const snapshot = loadPolicy({ policy: { file: 'p', text: `${text}\n` } }, VOCABULARY, 1);
  const rule = snapshot.rules[0];
  if (rule === undefined || world === undefined) throw new TypeError('no rule');
  const terms: readonly BudgetTerm[] = compileRule(rule, createCellCompiler(VOCABULARY)).obligations.budgets ?? [];
  const directory = join(world.directory, '.sallyport', 'state');
  const budgets = createRunBudgets({ directory, prices: [] }, 'run', createClock());
  const principal = { agent: 'agent:tester', roles: [], component: '', onBehalfOf: 'user:ada' };
  const open = Array.from({ length: times }, () => {
    const answer = budgets.reserve({ terms, principal, action: 'fs:read', resource: FILE });
    if (isExhausted(answer)) throw new Error('no room');
    if (bytes > 0) answer.takeBytes(bytes);
    return answer;
  });
  return {
    end() {
      for (const reservation of open) reservation.settle({ performed: true });
      budgets.close();
    },
  };
}

async function list(...args: readonly string[]) {
  const at = { cwd: world?.directory ?? '' };
  const human = await command(['policy', 'budgets', ...args], at);
  const machine = await command(['policy', 'budgets', ...args, '--json'], at);
  expect([human.code, machine.code]).toEqual([0, 0]);
  const json = onlyJson(machine.stdout) as { readonly budgets: readonly BudgetCounter[] };
  expect(errorsOf(json)).toEqual([]);
  return { text: human.stdout, budgets: json.budgets };
}

describe('policy budgets', () => {
  it('of a policy that nobody used shows all of each limit, and makes no file', async () => {
    world = greetingWorld({ rows: [row('rate=3/m bytes=1KB/h concurrency=2')] });
    const { budgets, text } = await list();
    expect(budgets.map(({ kind, limit, used, left, roomInMs }) => [kind, limit, used, left, roomInMs])).toEqual([
      ['bytes', 1000, 0, 1000, 0],
      ['concurrency', 2, 0, 2, 0],
      ['rate', 3, 0, 3, 0],
    ]);
    expect(text).toMatch(/^rule +budget +limit +counts for +used +left +room +all again\n/);
    expect(text).toMatch(/ bytes +1000 B \/ h +agent:tester +0 B +1000 B +now +now\n/);
    expect(existsSync(join(world.directory, '.sallyport', 'state', 'budgets.sqlite'))).toBe(false);
  });

  it('shows what runs used, what they hold, and when there is room again; and takes nothing', async () => {
    const text = row('rate=3/m bytes=100B/h concurrency=2');
    world = greetingWorld({ rows: [text] });
    const { end } = use(text, 2, 30);
    for (let look = 0; look < 2; look += 1) {
      const { budgets } = await list();
      expect(budgets.map(({ kind, used, left }) => [kind, used, left])).toEqual([
        ['bytes', 60, 40],
        ['concurrency', 2, 0],
        ['rate', 2, 1],
      ]);
      expect(budgets[2]?.clearInMs).toBeGreaterThan(30_000);
      expect(budgets[2]?.clearInMs).toBeLessThanOrEqual(60_000);
      expect(budgets[1]).toMatchObject({ roomInMs: null, clearInMs: null });
    }
    expect((await list()).text).toContain('when one ends');
    end();
    expect((await list()).budgets[1]).toMatchObject({ used: 0, roomInMs: 0 });
    use(text, 1).end();
    const full = (await list()).budgets[2];
    expect(full).toMatchObject({ used: 3, left: 0 });
    expect(full?.roomInMs).toBeGreaterThan(20_000);
    expect(full?.roomInMs).toBeLessThanOrEqual(60_000);
  });

  it('counts a role once, a person where one is named, and a resource where one is named', async () => {
    const user = row('rate=5/m@user');
    const resource = row('rate=4/m@resource log=full');
    world = greetingWorld({ rows: ['g, agent:tester, role:r', row('rate=9/m@role', 'role:r'), user, resource] });
    expect((await list()).budgets.map(({ scope, subject, used }) => [scope, subject, used])).toEqual([
      ['role', 'role:r', 0],
      ['user', null, null],
      ['resource', 'agent:tester', null],
    ]);
    use(user, 1).end();
    use(resource, 2).end();
    const named = (await list('--on-behalf-of', 'user:ada', '--resource', FILE)).budgets;
    expect(named.map(({ scope, subject, used, left }) => [scope, subject, used, left])).toEqual([
      ['role', 'role:r', 0, 9],
      ['user', 'user:ada', 1, 4],
      ['resource', 'agent:tester', 2, 2],
    ]);
  });

  it('says so where there is none, and knows no agent that is not there', async () => {
    world = greetingWorld({ rows: [row('-')] });
    expect((await list()).text).toBe('no rule of these agents has a budget\n');
    const { code, stderr } = await command(['policy', 'budgets', '--agent', 'test'], { cwd: world.directory });
    expect([code, stderr]).toEqual([64, expect.stringContaining('no agent `test`') as string]);
  });

  it('of counters that cannot be read says which, and that their budgets deny', async () => {
    world = greetingWorld({ rows: [row('rate=3/m')] });
    use(row('rate=3/m'), 1).end();
    writeFileSync(join(world.directory, '.sallyport', 'state', 'budgets.sqlite'), 'no database'.repeat(200));
    const { code, stderr } = await command(['policy', 'budgets'], { cwd: world.directory });
    expect(code).toBe(3);
    expect(stderr).toContain('the counters of budgets in ');
    expect(stderr).toContain('everything that has a budget is denied');
  });
});

describe('policy explain of what has a budget', () => {
  const explain = async (...args: readonly string[]) => {
    const at = { cwd: world?.directory ?? '' };
    const human = await command(['policy', 'explain', 'fs:read', FILE, ...args], at);
    const machine = await command(['policy', 'explain', 'fs:read', FILE, ...args, '--json'], at);
    expect(human.stderr).toBe('');
    return { text: human.stdout, json: onlyJson(machine.stdout) as PolicyExplanation };
  };

  it('names its counters, what is left, and when there is room', async () => {
    const text = row('rate=2/m concurrency=1');
    world = greetingWorld({ rows: [text] });
    const fresh = await explain();
    expect(fresh.text).toMatch(/ {2}budget rate 2 \/ m of p-[0-9a-f]{10}, agent:tester: 0 used, 2 left\n/);
    expect(fresh.json.budgets).toMatchObject([
      { kind: 'concurrency', left: 1 },
      { kind: 'rate', used: 0, need: 1 },
    ]);
    use(text, 1).end();
    expect((await explain()).text).toMatch(/1 used, 1 left; all of it again in \d+ s\n/);
    use(text, 1).end();
    const full = await explain();
    expect(full.text).toMatch(/2 used, 0 left; would be denied now, room in \d+ s\n/);
    expect(full.json).toMatchObject({ effect: 'allow', budgets: [{ left: 1 }, { left: 0 }] });
    expect((await explain()).json.budgets).toMatchObject([{ used: 0 }, { used: 2 }]);
  });

  it('says what keeps it from any room: no person, no price, a price above the limit', async () => {
    world = greetingWorld({ rows: [row('rate=2/m@user')] });
    expect((await explain()).text).toContain('would be denied: the run is on behalf of nobody');
    expect((await explain('--on-behalf-of', 'user:ada')).text).toContain('user:ada: 0 used, 2 left');
    world.remove();
    world = greetingWorld({ rows: [row('cost=0.50EUR/d')] });
    expect((await explain()).text).toContain('no price of the configuration says what it costs');
    world.remove();
    world = greetingWorld({
      rows: [row('cost=0.50EUR/d')],
      more: `prices: [{ resource: '${FILE}', price: '0.60EUR' }]\n`,
    });
    expect((await explain()).text).toContain(
      '0.00 EUR used, 0.50 EUR left, needs 0.60 EUR; would be denied now, room never: it costs more than the limit',
    );
  });

  it('is silent where there is none, and where it is denied', async () => {
    world = greetingWorld({ rows: [row('-')] });
    expect((await explain()).json).not.toHaveProperty('budgets');
    world.remove();
    world = greetingWorld({ rows: [row('rate=2/m'), `p, agent:tester, fs:read, ${FILE}, -, deny, -`] });
    expect((await explain()).json).not.toHaveProperty('budgets');
  });
});
