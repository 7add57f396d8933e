import { afterEach, describe, expect, it } from 'vitest';
import type { RunResult } from '../../host/index.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { celledAgent } from '../support/celled-agent.ts';
import { command } from '../support/command.ts';
import { guest, reasonToSkip } from '../support/guests.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const reason = await reasonToSkip('rust');

describe.skipIf(reason !== undefined)(`a Rust agent that panics${reason === undefined ? '' : ` (${reason})`}`, () => {
  it.each(CELLS)(
    'is told by the names of its functions, without hashes, in a cell of kind `%s`',
    async (cell) => {
      const component = await guest('hostile/panicking', 'rust');
      const configuration = `version: 1\nagents: { tester: ${celledAgent(cell, component)} }\n`;
      world = makeAgentWorld({ configuration });
      const { code, stdout } = await command(['run', component, '--json'], { cwd: world.directory });
      const { status, error } = JSON.parse(stdout) as RunResult;
      expect([code, status, error?.code]).toEqual([1, 'agent-error', 'trap']);
      const names = (error?.stack ?? []).map((frame) => frame.replace(/ \([^()]* 0x[0-9a-f]+\)$/, ''));
      const balance = names.indexOf('panicking::ledger::balance');
      expect(balance, names.join('\n')).toBeGreaterThan(0);
      expect(names[balance + 1]).toBe('panicking::ledger::Ledger::close');
      expect(names.join('\n')).not.toMatch(/\$|17h[0-9a-f]{16}|\/(?:root|home|work|tmp)\//);
      const closed = world.lastRecords().find(({ type }) => type === 'run.closed');
      expect(JSON.stringify(closed)).not.toContain('/rustc/');
    },
    300_000,
  );
});
