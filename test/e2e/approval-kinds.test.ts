import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, it } from 'vitest';
import { openHost, verifyAudit, type Host, type OperatorReply, type ShownQuestion } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { inlineGuest } from '../support/inline-guest.ts';

const GUEST = `
import * as db from 'sallyport:agent/db@0.1.0';
import * as tools from 'sallyport:agent/tool-exec@0.1.0';
const integer = (value) => ({ tag: 'integer', val: value });
const steps = {
  insert: (amount) => String(db.execute('main', 'insert into payments values (?)', [integer(amount)]).rows),
  named: (amount) => String(db.executeNamed('main', 'pay', [integer(amount)]).rows),
  sum: () => String(db.query('main', 'select sum(amount) from payments', []).rows[0][0].val),
  both: (one, two) => {
    const transaction = db.begin('main');
    transaction.execute('insert into payments values (?)', [integer(one)]);
    transaction.executeNamed('pay', [integer(two)]);
    transaction.commit();
    return 'committed';
  },
  tool: (name, json) => tools.call(name, JSON.stringify(json)).stdout,
};
function perform([name, ...args]) {
  try { return steps[name](...args); }
  catch (error) { return error?.payload?.val?.reason ?? error?.payload?.tag ?? String(error); }
}
export const run = (input) => JSON.stringify(JSON.parse(input).map(perform));
`;

const ROWS = [
  'p, role:any, db:insert, db:main/payments, -, allow, approve=owner',
  'p, role:any, db:select, db:main/payments, -, allow, -',
  'p, role:any, tool:call, tool:**, -, allow, approve=owner',
];

let world: AgentWorld;
let host: Host;
afterEach(async () => {
  await host.close();
  world.remove();
});

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const yes = { answer: 'yes', by: 'user:ada' } as const;
const no = { answer: 'no' } as const;
const WAIT_MS = 300;

async function begin(cell: string): Promise<void> {
  const component = readFileSync(await inlineGuest(GUEST));
  const digest = `sha256:${createHash('sha256').update(component).digest('hex')}`;
  world = makeAgentWorld({
    rows: ROWS,
    configuration: [
      'version: 1',
      `cell: ${cell}`,
      'approvers: { owner: [user:ada] }',
      'databases:',
      '  main: { sqlite: main.db, access: rw, statements: { pay: "insert into payments values (?)" } }',
      'tools:',
      '  add: { kind: function, description: Adds one., schema: { type: object, additionalProperties: false, properties: { a: { type: integer } } } }',
      '  echo:',
      '    description: says it again',
      '    command: /bin/echo',
      "    arguments: ['{word}']",
      '    schema: { type: object, required: [word], additionalProperties: false, properties: { word: { type: string } } }',
      `agents: { tester: { component: agent.wasm, digest: '${digest}' } }`,
      '',
    ].join('\n'),
  });
  world.write('agent.wasm', component);
  const database = new DatabaseSync(join(world.directory, 'main.db'));
  database.exec('create table payments (amount integer)');
  database.close();
  host = await openHost({
    configuration: 'sallyport.yaml',
    workingDirectory: world.directory,
    functions: { add: ({ a }) => ({ sum: Number(a) + 1 }) },
  });
}

/** Runs; each question waits a moment and has the next answer. */
async function run(steps: readonly (readonly unknown[])[], ...answers: readonly OperatorReply[]) {
  const asked: ShownQuestion[] = [];
  const result = await host.run({
    agent: 'tester',
    input: JSON.stringify(steps),
    async onApproval(question) {
      const answer = answers[asked.length];
      asked.push(question);
      await later(WAIT_MS);
      return answer;
    },
  });
  const location = { directory: join(world.directory, '.sallyport/audit'), workingDirectory: world.directory };
  expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  return { result, asked, answers: JSON.parse(result.output ?? '[]') as unknown };
}

describe.each(['thread', 'process'] as const)('in a %s cell, a person is waited for', (cell) => {
  it('by statements, declared ones and those of a transaction', async () => {
    await begin(cell);
    const start = performance.now();
    const steps = [['insert', 1], ['named', 2], ['both', 4, 8], ['insert', 16], ['sum']];
    const { result, asked, answers } = await run(steps, yes, yes, yes, yes, yes, no);
    expect([result.cell, answers]).toEqual([cell, ['1', '1', 'committed', 'not-approved', '15']]);
    expect(result.usage.wallMs).toBeLessThan(performance.now() - start - 6 * WAIT_MS);
    expect(asked.map(({ accesses: [first] }) => first)).toEqual(
      Array(6).fill({ action: 'db:insert', resource: 'db:main/payments' }),
    );
    // A transaction asks once more before it is committed. What a parameter is, stands in the question, and one answer is not for another value.
    expect(JSON.stringify(asked.map(({ request }) => request))).toMatch(/"1".*"2".*"4".*"8".*"commit".*"16"/);
    expect(new Set(asked.map(({ digest }) => digest)).size).toBe(6);
  });

  it('by a statement of a transaction that is denied: what was written before goes with it', async () => {
    await begin(cell);
    const { answers } = await run([['both', 4, 8], ['sum']], yes, no);
    expect(answers).toEqual(['not-approved', 'undefined']);
  });

  it('by tools: a program and a function', async () => {
    await begin(cell);
    const steps = [
      ['tool', 'echo', { word: 'said' }],
      ['tool', 'add', { a: 1 }],
      ['tool', 'echo', { word: 'unsaid' }],
    ];
    const { asked, answers } = await run(steps, yes, yes, no);
    expect(answers).toEqual(['said\n', '{"sum":2}', 'not-approved']);
    expect(asked.map(({ accesses: [first] }) => first?.resource)).toEqual(['tool:echo', 'tool:add', 'tool:echo']);
    expect(JSON.stringify(asked[2]?.request)).toContain('unsaid');
  });
});
