import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  openApprovals,
  openHost,
  verifyAudit,
  type Host,
  type RunOptions,
  type ShownQuestion,
} from '../../host/index.ts';
import type { AgentWorld } from '../support/agent-world.ts';
import { input, makeApprovalWorld, type ApprovalWorldOptions } from './approval-bed.ts';

let world: AgentWorld;
let host: Host;
afterEach(async () => {
  await host.close();
  world.remove();
});

async function begin(options: ApprovalWorldOptions = {}): Promise<void> {
  world = await makeApprovalWorld(options);
  host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
}
const view = () => openApprovals({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
const has = (path: string): boolean => existsSync(join(world.directory, 'workspace', path));
const A = input(['write', '/workspace/a.txt', 'one']);
const run = (text: string, more: Partial<RunOptions> = {}) => host.run({ agent: 'pay', input: text, onFault: (fault) => faults.push(fault), ...more }); // prettier-ignore
const faults: string[] = [];
const types = (): unknown[] => world.lastRecords().map(({ type }) => type);
const WAIT_MS = 700;
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(['thread', 'process', 'shared'] as const)('in a %s cell', (cell) => {
  it('an effect waits for a person, and the clock of the run stands still meanwhile', async () => {
    await begin({ cell });
    const asked: ShownQuestion[] = [];
    const start = performance.now();
    const result = await run(A, {
      async onApproval(question) {
        asked.push(question);
        await later(WAIT_MS);
        return { answer: 'yes', by: 'user:ada' };
      },
    });
    expect(result).toMatchObject({ status: 'ok', output: 'written', decisions: { allow: 1, deny: 0, pending: 0 } });
    // What was waited for has passed, and does not count.
    expect(result.usage.wallMs).toBeLessThan(performance.now() - start - WAIT_MS);
    expect(readFileSync(join(world.directory, 'workspace/a.txt'), 'utf8')).toBe('one');
    expect(asked).toMatchObject([
      {
        agent: 'agent:pay',
        accesses: [{ action: 'fs:write', resource: '/workspace/a.txt' }],
        request: { payload: { text: 'one' } },
        rules: [{ line: 1, row: 'p, role:any, fs:write, /workspace/**, -, allow, approve=owner ttl=1m' }],
        roles: [{ name: 'owner', people: ['user:ada', 'user:eve'], missing: true }],
      },
    ]);
    expect(types()).toEqual([
      ...['run.opened', 'approval.asked', 'approval.answered', 'effect.intended', 'effect.settled', 'run.closed'],
    ]);
    expect(world.lastRecords()[2]?.['detail']).toMatchObject({ status: 'granted', by: ['user:ada'], scope: 'once' });
    expect(world.lastRecords()[3]?.['decision']).toMatchObject({ approval: asked[0]?.id });
    const location = { directory: join(world.directory, '.sallyport/audit'), workingDirectory: world.directory };
    expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  });

  it('a no is a denial that the guest sees, and nothing happens', async () => {
    await begin({ cell });
    const result = await run(A, { onApproval: () => ({ answer: 'no' }) });
    expect(result).toMatchObject({ output: 'not-approved', decisions: { allow: 0, deny: 1, pending: 0 } });
    expect(has('a.txt')).toBe(false);
  });

  it('cancelling the run ends the wait', async () => {
    await begin({ cell });
    const cancel = new AbortController();
    const result = await run(A, {
      signal: cancel.signal,
      async onApproval(_, answered) {
        setTimeout(() => cancel.abort(), 50);
        await new Promise((resolve) => answered.addEventListener('abort', resolve));
        return { answer: 'yes', by: 'user:ada' };
      },
    });
    expect(result).toMatchObject({ error: { code: 'cancelled' }, decisions: { allow: 0, deny: 0, pending: 1 } });
    expect(has('a.txt')).toBe(false);
    const [left] = view().list();
    expect(left).toMatchObject({ state: 'open', waiting: false, votes: [] });
  });

  it('a called agent asks for its whole chain, and the clock of its caller stands still too', async () => {
    await begin({ cell });
    const asked: ShownQuestion[] = [];
    const start = performance.now();
    const result = await host.run({
      agent: 'boss',
      input: input(['call', 'ask/pay', { input: A }]),
      onBehalfOf: 'user:eve',
      async onApproval(question) {
        asked.push(question);
        await later(WAIT_MS);
        return { answer: 'yes', by: 'user:ada' };
      },
    });
    expect(result).toMatchObject({ status: 'ok', output: '0 written' });
    expect(result.usage.wallMs).toBeLessThan(performance.now() - start - WAIT_MS);
    expect(asked).toMatchObject([{ agent: 'agent:pay', callers: ['agent:boss'], onBehalfOf: ['user:eve'] }]);
    expect(has('a.txt')).toBe(true);
  });
});

describe('a person', () => {
  it('answers from another process while the run waits', async () => {
    await begin();
    const others = view();
    const running = run(A);
    let waiting: ShownQuestion | undefined;
    while ((waiting = others.list()[0]) === undefined) await later(20);
    expect(() => others.grant(waiting.id, 'user:mallory', 'once')).toThrow('no approver');
    expect(others.grant(waiting.id, 'user:ada', 'once')).toMatchObject({ state: 'granted' });
    expect(await running).toMatchObject({ status: 'ok', output: 'written' });
    expect(others.show(waiting.id)).toMatchObject({ state: 'used', votes: [{ by: 'user:ada', answer: 'yes' }] });
    others.close();
  });

  it('does not approve his own agent, also not through a caller, unless the configuration says so', async () => {
    const eve = { onBehalfOf: 'user:eve', onApproval: () => ({ answer: 'yes', by: 'user:eve' }) as const };
    await begin({ ttl: '1s' });
    expect(await run(A, eve)).toMatchObject({ output: 'not-approved' });
    expect(faults.at(-1)).toContain('nobody approves what his own agent does');
    expect(has('a.txt')).toBe(false);
    await host.close();
    world.remove();
    await begin({ lines: ['approvals: { self: true }'] });
    expect(await run(A, eve)).toMatchObject({ output: 'written' });
  });

  it('says yes for the run: the same is not asked again, something else is', async () => {
    await begin();
    const asked: string[] = [];
    const text = input(
      ['write', '/workspace/a.txt', 'one'],
      ['write', '/workspace/a.txt', 'two'],
      ['write', '/workspace/b.txt', 'three'],
    );
    const result = await run(text, {
      onApproval(question) {
        asked.push(question.accesses[0]?.resource ?? '');
        return asked.length === 1 ? { answer: 'yes', by: 'user:ada', scope: 'run' } : { answer: 'no' };
      },
    });
    expect(result.output).toBe('written written not-approved');
    expect(asked).toEqual(['/workspace/a.txt', '/workspace/b.txt']);
    expect(await run(A, { onApproval: () => ({ answer: 'no' }) })).toMatchObject({ output: 'not-approved' });
  });

  it('who says no is not asked the same again in that run', async () => {
    await begin();
    let asked = 0;
    const text = JSON.stringify(Array.from({ length: 50 }, () => ['write', '/workspace/a.txt', 'one']));
    const result = await run(text, {
      onApproval: () => {
        asked += 1;
        return { answer: 'no' };
      },
    });
    expect([asked, result.decisions]).toEqual([1, { allow: 0, deny: 50, pending: 0 }]);
  });

  it('is not asked where nobody may answer: that is denied at once', async () => {
    await begin({ rows: ['p, role:any, fs:write, /workspace/**, -, allow, approve=alone'] });
    const result = await run(A, { onBehalfOf: 'user:eve' });
    expect(result.output).toBe('not-approved');
    expect(view().list()).toEqual([]);
  });
});

it('what cannot wait is denied where a rule asks for a person', async () => {
  await begin({ rows: ['p, role:any, log:write, log:**, -, allow, approve=owner'] });
  const result = await run(input(['log', 'hello']), { onApproval: () => ({ answer: 'yes', by: 'user:ada' }) });
  expect(result.output).toBe('unsupported-obligation');
  expect(
    host
      .policyReport()
      .warnings.map(({ message }) => message)
      .join(),
  ).toContain('can do `approve`');
});

it('time that is over is a no, and the question is not there for the next run', async () => {
  await begin({ ttl: '1s' });
  expect(await run(A)).toMatchObject({ status: 'ok', output: 'not-approved' });
  expect(view().list()).toMatchObject([{ state: 'expired' }]);
});

it('what a cancelled run has left is used by the next one that asks the same, once', async () => {
  await begin();
  const cancel = new AbortController();
  await run(A, { signal: cancel.signal, onApproval: () => void setTimeout(() => cancel.abort(), 20) });
  const others = view();
  others.grant(others.list()[0]?.id ?? '', 'user:ada', 'once');
  const changed = input(['write', '/workspace/a.txt', 'two']);
  expect(await run(changed, { onApproval: () => ({ answer: 'no' }) })).toMatchObject({ output: 'not-approved' });
  const nobody = { onApproval: () => ({ answer: 'no' }) as const };
  expect(await run(A, nobody)).toMatchObject({ output: 'written', decisions: { allow: 1 } });
  expect(await run(A, nobody)).toMatchObject({ output: 'not-approved' });
  others.close();
});

it('only the user of the host reads the questions', async () => {
  await begin();
  await run(A, { onApproval: () => ({ answer: 'no' }) });
  const directory = join(world.directory, '.sallyport/state');
  expect(statSync(directory).mode & 0o77).toBe(0);
  for (const name of ['approvals.sqlite', 'approvals.sqlite-wal'])
    expect(statSync(join(directory, name)).mode & 0o77).toBe(0);
});
