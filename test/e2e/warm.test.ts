import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHost, verifyAudit, type CellKind, type Host } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { inlineGuest } from '../support/inline-guest.ts';

const SOURCE = `
import { read } from 'sallyport:agent/fs@0.1.0';
let seen = 0;
export function run(input) {
  seen += 1;
  const text = String.fromCharCode(...read('/workspace/' + input, undefined));
  return seen + ' ' + text;
}`;
const CONFIGURATION = `version: 1
agents: { tester: { component: agent.wasm } }
mounts: { /workspace: { directory: workspace } }
`;
const ROWS = ['p, agent:tester, fs:read, /workspace/*, -, allow, -'];

let world: AgentWorld;
let host: Host;
let component: string;
beforeEach(async () => {
  component = await inlineGuest(SOURCE);
  world = makeAgentWorld({ configuration: CONFIGURATION, rows: ROWS });
  for (const name of ['a', 'b', 'c']) world.write(`workspace/${name}`, name.toUpperCase());
  host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
});
afterEach(async () => {
  await host.close();
  world.remove();
});

describe.for(['thread', 'process'] as const)('cells that are opened ahead, each a %s', (cell) => {
  it('serve one run each, under its own record, and nothing of one run is seen by the next', async () => {
    expect(await host.warm({ component, cells: 2, cell })).toBe(2);
    const results = [];
    for (const input of ['a', 'b', 'c']) results.push(await host.run({ component, input, cell }));
    expect(results.map(({ output }) => output)).toEqual(['1 A', '1 B', '1 C']);
    expect(new Set(results.map(({ audit }) => audit)).size).toBe(3);
    for (const { audit, decisions } of results) {
      expect(decisions).toEqual({ allow: 1, deny: 0, pending: 0 });
      const { verification } = verifyAudit(
        { directory: '.sallyport/audit', workingDirectory: world.directory },
        audit!,
      );
      expect(verification.ok).toBe(true);
    }
  });

  it('change nothing of what a denial is', async () => {
    await host.warm({ component, cells: 1, cell });
    const { status, decisions } = await host.run({ component, input: 'sub/folder', cell });
    expect(status).toBe('agent-error');
    expect(decisions).toEqual({ allow: 0, deny: 1, pending: 0 });
  });

  it('serve no run of another cell', async () => {
    const other: CellKind = cell === 'thread' ? 'process' : 'thread';
    expect(await host.warm({ component, cells: 1, cell: other })).toBe(1);
    expect(await host.run({ component, input: 'a', cell })).toMatchObject({ cell, output: '1 A' });
  });
});

describe('cells that are opened ahead', () => {
  it('are bounded in number, and refused for what cannot be prepared', async () => {
    await expect(host.warm({ component, cells: 1000 })).rejects.toMatchObject({ code: 'ERR_USAGE' });
    await expect(host.warm({ component: 'none.wasm', cells: 1 })).rejects.toMatchObject({ code: 'ERR_COMPONENT_READ' });
  });

  it('are not weaker than the configuration says', async () => {
    world.write('sallyport.yaml', `${CONFIGURATION}cell: process\n`);
    const fenced = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
    await expect(fenced.warm({ component, cells: 1, cell: 'thread' })).rejects.toMatchObject({ code: 'ERR_USAGE' });
    expect(await fenced.warm({ component, cells: 1 })).toBe(1);
    await fenced.close();
  });

  it('are none where the thread is shared: there is a place for everybody', async () => {
    const digest = `sha256:${hash('sha256', readFileSync(component), 'hex')}`;
    const pinned = CONFIGURATION.replace('agent.wasm', `agent.wasm, digest: '${digest}'`);
    world.write('sallyport.yaml', `${pinned}cell: shared\n`);
    const shared = await openHost({ configuration: 'sallyport.yaml', workingDirectory: world.directory });
    expect(await shared.warm({ component, cells: 3 })).toBe(0);
    await shared.close();
  });
});
