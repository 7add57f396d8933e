import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApprovalStore, type ApprovalStore } from '../../host/approval/approval-store.ts';
import type { ApprovalTable, ProcessIdentity } from '../../host/approval/approval-table.ts';
import type { Question } from '../../host/approval/question.ts';
import type { Electorate } from '../../host/approval/verdict.ts';
import { openApprovalTable } from '../../host/powers/approval-database.ts';

export const START = 1_000_000;

/** A question of agent:pay, which has a minute. */
export const questionOf = (more: Partial<Question> = {}): Question => ({
  id: 'run-a/1',
  run: 'run-a',
  agent: 'agent:pay',
  component: 'sha256:aa',
  callers: [],
  onBehalfOf: ['user:eve'],
  purpose: 'work',
  accesses: [{ action: 'tool:call', resource: 'tool:bank/pay' }],
  shown: '{"summary":{"sha256":"1"}}',
  partial: false,
  digest: 'a'.repeat(64),
  policy: { digest: 'sha256:p', generation: 1 },
  rules: [{ id: 'p-1', line: 3, row: 'p, role:any, tool:call, tool:bank/pay, -, allow, approve=owner' }],
  roles: ['owner'],
  askedMs: START,
  expiresMs: START + 60_000,
  ...more,
});

export const APPROVERS: Electorate = {
  approvers: new Map([
    ['owner', ['user:ada', 'user:bob', 'user:eve']],
    ['risk', ['user:ada', 'user:rick']],
  ]),
  self: false,
};

/** Stores over one file, as several processes have them, under a clock that the test sets. */
export interface ApprovalBed {
  readonly directory: string;
  readonly table: ApprovalTable;
  nowMs: number;
  /** Identities of processes that are gone. */
  readonly dead: Set<string>;
  readonly store: (own?: string, electorate?: Electorate) => ApprovalStore;
  readonly remove: () => void;
}

export function makeApprovalBed(): ApprovalBed {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-approval-'));
  const opened: ApprovalTable[] = [];
  const open = (): ApprovalTable => {
    const table = openApprovalTable(directory);
    opened.push(table);
    return table;
  };
  const dead = new Set<string>();
  const bed: ApprovalBed = {
    directory,
    table: open(),
    nowMs: START,
    dead,
    store(own = 'host-1', electorate = APPROVERS) {
      const processes: ProcessIdentity = { own, isAlive: (identity) => !dead.has(identity) };
      const clock = { nowMs: () => bed.nowMs, monotonicUs: () => bed.nowMs * 1000 };
      return createApprovalStore({ table: open(), processes, clock, electorate });
    },
    remove() {
      for (const table of opened) table.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return bed;
}

/** A yes of somebody. */
export const yes = (person: string, scope: 'once' | 'run' = 'once') => ({ person, verdict: 'yes', scope }) as const;
export const no = (person: string) => ({ person, verdict: 'no', scope: 'once' }) as const;
