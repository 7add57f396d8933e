import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, verdictOf, verified, type Call } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => world.remove());

const proven = () => verified(world.records().at(-1) ?? '').ok;

describe('a guest', () => {
  it('may be given an input of 8 MB', async () => {
    world = makeWorld();
    const { run } = await makeBed(world);
    const result = await run({ calls: [], padding: 'x'.repeat(8_000_000) });
    expect(result).toMatchObject({ status: 'ok', output: '[]' });
  });

  it('cannot answer with 100 MB', async () => {
    world = makeWorld();
    const { run } = await makeBed(world);
    const result = await run({ calls: [], answer: { text: { repeat: 'x', times: 100_000_000 } } });
    expect(result.status).toBe('limit');
    expect(JSON.stringify(result).length).toBeLessThan(4096);
    expect(proven()).toBe(true);
  });

  it('cannot fail with 40 MB', async () => {
    world = makeWorld();
    const { run } = await makeBed(world);
    const result = await run({ calls: [], answer: { fail: { repeat: 'x', times: 40_000_000 } } });
    expect(result.status).toBe('limit');
    expect(JSON.stringify(result).length).toBeLessThan(4096);
    expect(proven()).toBe(true);
  });

  it('may fail with a short text', async () => {
    world = makeWorld();
    const { run } = await makeBed(world);
    expect(await run({ calls: [], answer: { fail: 'no' } })).toMatchObject({
      status: 'agent-error',
      error: { message: 'no' },
    });
  });

  it('ends itself where it answers with half of a character', async () => {
    world = makeWorld();
    const { run } = await makeBed(world);
    const result = await run({ calls: [], answer: { text: { units: [0x41, 0xd800, 0x42] } } });
    expect(['ok', 'agent-error']).toContain(result.status);
    expect(result.output ?? '').toSatisfy((text: string) => text.isWellFormed());
    expect(proven()).toBe(true);
  });

  it('cannot act on a terminal with what it logs, names or answers', async () => {
    const rows = ['log:write, log:*', 'fs:write, /workspace/**', 'tool:call, tool:print'];
    world = makeWorld({ rows: rows.map((row) => `p, agent:tester, ${row}, -, allow, log=full`) });
    const { run, see } = await makeBed(world);
    const units = { units: [0x41, 0x1b, 0x5b, 0x32, 0x4a, 0x202e, 0x2066, 0x9b, 0x0d, 0x0a, 0, 0xfeff] };
    expect(await run({ calls: [], answer: { text: units } })).toMatchObject({ status: 'ok' });
    const lines: string[] = [];
    const resources: string[] = [];
    const calls: Call[] = [
      ['log.write', 'info', units],
      ['fs.write', units, { bytes: '' }],
      ['fs.write', { units: [...Buffer.from('/workspace/'), ...units.units.slice(0, -2)] }, { bytes: '' }],
      ['tools.call', units, '{}'],
    ];
    const seen = await see(calls, {
      onLog: (_, text) => void lines.push(text),
      onDecision: ({ action, resource }) => void resources.push(`${action} ${resource}`),
    });
    expect(seen.map(verdictOf)).not.toContain('internal');
    expect(lines).toHaveLength(1);
    for (const text of [...lines, ...resources]) expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(readFileSync(world.records().at(-1) ?? '', 'latin1')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(proven()).toBe(true);
  });

  it('catches every denial and is ended by the number of its calls', async () => {
    world = makeWorld();
    const { run } = await makeBed(world);
    const result = await run({ calls: [['fs.read', '/workspace/open.txt', null]], repeat: 20_000 });
    expect(result).toMatchObject({
      status: 'limit',
      error: { limit: 'hostCalls' },
      decisions: { allow: 0, deny: 10_000 },
    });
    expect(proven()).toBe(true);
  });
});
