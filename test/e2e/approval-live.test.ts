import { existsSync, renameSync } from 'node:fs';
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
import { input, makeApprovalWorld } from './approval-bed.ts';

let world: AgentWorld;
let host: Host;
afterEach(async () => {
  await host.close();
  world.remove();
});

const ROW = 'p, role:any, fs:write, /workspace/**, -, allow, approve=owner ttl=1m';
const UNRELATED = 'p, agent:nobody, fs:read, /workspace/b, -, allow, -';
const yes = (by: string) => ({ answer: 'yes', by }) as const;

/** A host that follows its policy file. */
async function begin(cell: 'thread' | 'process' | 'shared'): Promise<void> {
  world = await makeApprovalWorld({ cell, rows: [ROW] });
  host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory, watch: true });
}

/** Puts rows in the place of the policy, as an editor does, and waits until the host has them in force. */
async function swap(...rows: string[]): Promise<void> {
  const { generation } = host.policyStatus().policy;
  renameSync(world.write('policy/.policy.csv.swp', `${rows.join('\n')}\n`), join(world.directory, 'policy/policy.csv'));
  await expect.poll(() => host.policyStatus().policy.generation, { timeout: 10_000, interval: 5 }).toBe(generation + 1);
}

const A = input(['write', '/workspace/a.txt', 'one']);
const written = (): boolean => existsSync(join(world.directory, 'workspace/a.txt'));

/** Runs, and keeps what people were asked. `answers` are given one after the other. */
async function ask(...answers: (() => ReturnType<NonNullable<RunOptions['onApproval']>>)[]) {
  const asked: ShownQuestion[] = [];
  const result = await host.run({
    agent: 'pay',
    input: A,
    onApproval(question) {
      const answer = answers[asked.length];
      asked.push(question);
      if (answer === undefined) throw new Error('asked too often');
      return answer();
    },
  });
  const location = { directory: join(world.directory, '.sallyport/audit'), workingDirectory: world.directory };
  expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  return { result, asked };
}

describe.each(['thread', 'process', 'shared'] as const)(
  'in a %s cell, a policy that is swapped while people think',
  (cell) => {
    it('without the row: the yes does not help any more', async () => {
      await begin(cell);
      const { result } = await ask(async () => {
        await swap(UNRELATED);
        return yes('user:ada');
      });
      expect(result).toMatchObject({ output: 'no-rule', decisions: { allow: 0, deny: 1, pending: 0 } });
      expect(written()).toBe(false);
    });

    it('with other approvers: they are asked', async () => {
      await begin(cell);
      const { result, asked } = await ask(
        async () => {
          await swap(ROW.replace('owner', 'risk'));
          return yes('user:eve');
        },
        () => yes('user:rick'),
      );
      expect(result).toMatchObject({ output: 'written', decisions: { allow: 1, deny: 0, pending: 0 } });
      expect(asked.map(({ roles, policy }) => [roles.map(({ name }) => name), policy.generation])).toEqual([
        [['owner'], 1],
        [['risk'], 2],
      ]);
    });

    it('in something else: they are asked again, and the first yes is used up', async () => {
      await begin(cell);
      const { result, asked } = await ask(
        async () => {
          await swap(ROW, UNRELATED);
          return yes('user:ada');
        },
        () => ({ answer: 'no' }),
      );
      expect(result).toMatchObject({ output: 'not-approved', decisions: { allow: 0, deny: 1, pending: 0 } });
      expect(asked.map(({ policy }) => policy.generation)).toEqual([1, 2]);
      expect(written()).toBe(false);
      const people = openApprovals({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
      expect(people.list().map(({ state }) => state)).toEqual(['used', 'denied']);
      people.close();
    });

    it('so that nobody has to be asked: it happens under the new one', async () => {
      await begin(cell);
      const { result } = await ask(async () => {
        await swap('p, agent:pay, fs:write, /workspace/**, -, allow, -');
        return yes('user:ada');
      });
      expect(result).toMatchObject({ output: 'written' });
      const intended = world.lastRecords().find(({ type }) => type === 'effect.intended');
      expect(intended).toMatchObject({ policy: { generation: 2 } });
      expect(intended?.['decision']).not.toHaveProperty('approval');
    });

    it('at the moment of the yes: it is used under the old one, or not at all', async () => {
      await begin(cell);
      const { result } = await ask(async () => {
        const people = openApprovals({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
        world.write('policy/policy.csv', `${UNRELATED}\n`);
        const swapped = host.reloadPolicy();
        people.grant(people.list()[0]?.id ?? '', 'user:ada', 'once');
        people.close();
        await swapped;
        return undefined;
      });
      const intended = world.lastRecords().find(({ type }) => type === 'effect.intended');
      expect(written()).toBe(intended !== undefined);
      if (intended === undefined) expect(result).toMatchObject({ output: 'no-rule', decisions: { allow: 0, deny: 1 } });
      else expect(intended).toMatchObject({ policy: { generation: 1 } });
    });
  },
);
