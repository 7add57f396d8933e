import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  openApprovals,
  openHost,
  verifyAudit,
  type CellKind,
  type Host,
  type RunOptions,
  type ShownQuestion,
} from '../../host/index.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { celledAgent, celledLimits } from '../support/celled-agent.ts';
import { reasonToSkip } from '../support/guests.ts';
import { inlineGuest } from '../support/inline-guest.ts';
import { interpreter } from './interpreter-bed.ts';

/** Performs steps on the files of its language. It knows nothing of a host. */
const AGENT = `
import errno
import json
import os

import wit_world


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return "written"


STEPS = {
    "write": write,
    "remove": lambda path: os.remove(path) or "removed",
    "rename": lambda path, to: os.rename(path, to) or "renamed",
    "mkdir": lambda path: os.mkdir(path) or "made",
    "list": lambda path: " ".join(sorted(os.listdir(path))),
    "size": lambda path: str(os.stat(path).st_size),
}


def perform(name, *values):
    try:
        return STEPS[name](*values)
    except OSError as error:
        return errno.errorcode[error.errno]


class WitWorld(wit_world.WitWorld):
    def run(self, input: str) -> str:
        return json.dumps([perform(*step) for step in json.loads(input)])
`;

const skip = await reasonToSkip('python');
let agent = '';
beforeAll(async () => {
  if (skip === undefined) agent = await inlineGuest(AGENT, 'python');
}, 180_000);

let world: AgentWorld;
let host: Host;
afterEach(async () => {
  await host.close();
  world.remove();
});

const ASKED = ['fs:write', 'fs:remove', 'fs:rename', 'fs:create', 'fs:list', 'fs:stat'];
const asking = (ttl: string, actions = ASKED): string[] =>
  actions.map((action) => `p, role:any, ${action}, /work/**, -, allow, approve=owner ttl=${ttl}`);

interface Bed {
  readonly cell: CellKind;
  readonly component?: string | Uint8Array;
  readonly rows?: readonly string[];
  readonly limits?: string;
}

async function begin({
  cell,
  component = agent,
  rows = asking('1m'),
  limits = 'wall: 20s, cpu: 20s',
}: Bed): Promise<void> {
  world = makeAgentWorld({
    configuration: [
      'version: 1',
      `limits: ${celledLimits(cell, limits)}`,
      'approvers: { owner: [user:ada] }',
      `agents: { tester: ${celledAgent(cell, component)} }`,
      'mounts: { /work: { directory: shared, access: rw } }',
      '',
    ].join('\n'),
    rows,
  });
  world.write('agent.wasm', typeof component === 'string' ? readFileSync(component) : component);
  world.write('shared/old.txt', 'old');
  host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
}

type Step = readonly [string, ...string[]];
const file = (name: string): string => join(world.directory, 'shared', name);
const textOf = (name: string): string | undefined =>
  existsSync(file(name)) ? readFileSync(file(name), 'utf8') : undefined;
const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const yes = { answer: 'yes', by: 'user:ada' } as const;

async function run(steps: readonly Step[], options: Partial<RunOptions> = {}) {
  const result = await host.run({ agent: 'tester', input: JSON.stringify(steps), ...options });
  const location = { directory: world.directory, workingDirectory: world.directory };
  expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  return { result, answers: result.output === undefined ? undefined : (JSON.parse(result.output) as unknown) };
}

const WAIT_MS = 600;

describe.skipIf(skip !== undefined).each(CELLS)(
  `in a cell of kind \`%s\`, a guest with the files of its language${skip ? ` (skipped: ${skip})` : ''}`,
  (cell) => {
    it('waits for a yes, and the clock of its run stands still', async () => {
      await begin({ cell });
      const asked: ShownQuestion[] = [];
      const start = performance.now();
      const { result, answers } = await run([['write', '/work/new.txt', 'text']], {
        async onApproval(question) {
          asked.push(question);
          expect(textOf('new.txt')).toBeUndefined();
          await later(WAIT_MS);
          return yes;
        },
      });
      expect([result.cell, answers, textOf('new.txt')]).toEqual([cell, ['written'], 'text']);
      expect(result.usage.wallMs).toBeLessThan(performance.now() - start - WAIT_MS);
      expect(asked).toMatchObject([
        {
          accesses: [{ action: 'fs:write', resource: '/work/new.txt' }],
          request: { payload: { contents: 'not known yet: whatever is written while it is open' } },
        },
      ]);
    });

    it('is denied by its own error where somebody says no, and where nobody says anything', async () => {
      await begin({ cell, rows: asking('1s') });
      const no = await run([['write', '/work/old.txt', 'text']], { onApproval: () => ({ answer: 'no' }) });
      const late = await run([['write', '/work/old.txt', 'text']]);
      expect([no.answers, late.answers]).toEqual([['EACCES'], ['EACCES']]);
      expect(textOf('old.txt')).toBe('old');
    });

    it('waits for each thing that a file can have done to it', async () => {
      await begin({ cell });
      const asked: string[] = [];
      const steps: Step[] = [
        ['mkdir', '/work/made'],
        ['rename', '/work/old.txt', '/work/made/moved.txt'],
        ['size', '/work/made/moved.txt'],
        ['list', '/work/made'],
        ['remove', '/work/made/moved.txt'],
      ];
      const { answers } = await run(steps, {
        onApproval({ accesses: [first] }) {
          asked.push(`${first?.action} ${first?.resource}`);
          return yes;
        },
      });
      expect(answers).toEqual(['made', 'renamed', '3', 'moved.txt', 'removed']);
      for (const line of ['fs:create /work/made', 'fs:rename /work/old.txt', 'fs:remove /work/made/moved.txt'])
        expect(asked).toContain(line);
    });

    it('is given up where its run is cancelled, and the answer is there for the run that asks the same', async () => {
      await begin({ cell });
      const cancel = new AbortController();
      const cancelled = await run([['write', '/work/new.txt', 'text']], {
        signal: cancel.signal,
        onApproval: () => void setTimeout(() => cancel.abort(), 20),
      });
      expect(cancelled.result).toMatchObject({ error: { code: 'cancelled' }, decisions: { allow: 0, pending: 1 } });
      const people = openApprovals({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
      people.grant(people.list()[0]?.id ?? '', 'user:ada', 'once');
      people.close();
      const nobody = { onApproval: () => ({ answer: 'no' }) as const };
      const other = await run([['write', '/work/other.txt', 'text']], nobody);
      const same = await run([['write', '/work/new.txt', 'text']], nobody);
      const again = await run([['write', '/work/new.txt', 'other']], nobody);
      expect([other.answers, same.answers, again.answers]).toEqual([['EACCES'], ['written'], ['EACCES']]);
      expect(textOf('new.txt')).toBe('text');
    });
  },
);

it.skipIf(skip !== undefined)('while one run on a shared thread waits for a person, the others go on', async () => {
  await begin({ cell: 'shared', rows: [...asking('1m', ['fs:write']), 'p, role:any, fs:stat, /work/**, -, allow, -'] });
  const { answers } = await run([['write', '/work/new.txt', 'text']], {
    async onApproval() {
      expect((await run([['size', '/work/old.txt']])).answers).toEqual(['3']);
      return yes;
    },
  });
  expect(answers).toEqual(['written']);
});

/** Preview 1, as its project builds it. */
const PYTHON = readFileSync(interpreter('python-3.11.3.wasm'));
const SCRIPT = `
import os
def attempt(work):
    try: return work()
    except OSError as error: return type(error).__name__
print(attempt(lambda: open('/work/new.txt', 'w').write('text')))
print(attempt(lambda: os.mkdir('/work/made')))
print(attempt(lambda: sorted(os.listdir('/work'))))
print(attempt(lambda: os.rename('/work/new.txt', '/work/made/moved.txt')))
`;
const PROGRAM_ROWS = (ttl: string): string[] => [
  ...asking(ttl, ['fs:write', 'fs:create', 'fs:rename']),
  `p, role:any, fs:list, /work, -, allow, approve=owner ttl=${ttl}`,
  'p, role:any, fs:stat, /work, -, allow, -',
  'p, role:any, fs:stat, /work/**, -, allow, -',
];

describe.each(CELLS)('in a cell of kind `%s`, an unmodified interpreter of preview 1', (cell) => {
  const limits = 'wall: 60s, cpu: 60s, hostCalls: 100000';
  const script = async (rows: readonly string[], options: Partial<RunOptions>) => {
    await begin({ cell, component: PYTHON, rows, limits });
    const result = await host.run({ agent: 'tester', arguments: ['-c', SCRIPT], ...options });
    expect(result.cell).toBe(cell);
    return result;
  };

  it('writes, makes, lists and renames once somebody has said yes', async () => {
    const asked: string[] = [];
    const result = await script(PROGRAM_ROWS('1m'), {
      async onApproval({ accesses: [first] }) {
        asked.push(`${first?.action} ${first?.resource}`);
        await later(20);
        return yes;
      },
    });
    expect(result.output).toBe("4\nNone\n['made', 'new.txt', 'old.txt']\nNone\n");
    expect(textOf('made/moved.txt')).toBe('text');
    expect(asked).toEqual([
      'fs:write /work/new.txt',
      'fs:create /work/made',
      'fs:list /work',
      'fs:rename /work/new.txt',
    ]);
  });

  it('meets a no, and a time that is over, as its own PermissionError', async () => {
    const no = await script(PROGRAM_ROWS('1m'), { onApproval: () => ({ answer: 'no' }) });
    expect(no.output).toBe('PermissionError\n'.repeat(4));
    await host.close();
    world.remove();
    const late = await script(PROGRAM_ROWS('1s'), {});
    expect(late.output).toBe('PermissionError\n'.repeat(4));
    expect(textOf('new.txt')).toBeUndefined();
  });
});
