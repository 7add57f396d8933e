import { describe, expect, it } from 'vitest';
import type { GuestEnd } from '../../host/contracts/run-end.ts';
import { prepared, runCell, temporaryFolder } from './support/cell.ts';
import { agentText, calling, componentOf, type AgentText } from './support/wat.ts';

async function endOf(text: AgentText, limits = {}): Promise<GuestEnd> {
  const artefact = await prepared(await componentOf(agentText(text)), await temporaryFolder());
  return (await runCell(artefact, { limits })).guest;
}

const stackOf = (end: GuestEnd): readonly string[] => ('stack' in end ? (end.stack ?? []) : []);

/** Names of functions are written into the module as they are here. */
const failing = (name: string): AgentText => ({
  fields: `(func $inner (@name "${name}") (unreachable)) (func $outer (call $inner))`,
  run: '(call $outer) (unreachable)',
});

describe('the stack of a guest that ends in the middle of something', () => {
  it('has the names of its functions, the innermost first, and nothing of the host', async () => {
    const end = await endOf(failing('inner'));
    expect(end).toMatchObject({ kind: 'trap', message: expect.stringMatching(/unreachable/) as string });
    const [inner, outer, run, ...more] = stackOf(end);
    expect(inner).toMatch(/^inner \([\w-]+ 0x[0-9a-f]+\)$/);
    expect(outer).toMatch(/^outer \(/);
    expect(run).toMatch(/^wasm-function\[\d+\] \(/);
    expect(more).toEqual([]);
    expect(JSON.stringify(end)).not.toMatch(/file:|\.js|\.ts|node:|\/work|\/tmp/);
  });

  it('is the readable name where a compiler mangled it', async () => {
    expect(stackOf(await endOf(failing('_ZN5agent5parse17h0123456789abcdefE')))[0]).toMatch(/^agent::parse \(/);
  });

  it.each([
    ['breaks a line', 'a\\n  at evil (file:///etc/passwd:1:2)', 'a\\u{a}  at evil'],
    ['turns the direction of text', 'a\\u{202e}b', 'a\\u{202e}b'],
    ['speaks to a terminal', '\\u{1b}[2J', '\\u{1b}[2J'],
  ])('is escaped where a name %s', async (_, name, shown) => {
    const [frame = ''] = stackOf(await endOf(failing(name)));
    expect(frame.startsWith(shown)).toBe(true);
  });

  it('is cut where a name is long', async () => {
    const [frame = ''] = stackOf(await endOf(failing('n'.repeat(256))));
    expect(frame).toHaveLength(200);
    expect(frame).toMatch(/^n{100,}… \([\w-]+ 0x[0-9a-f]+\)$/);
  });

  it('is cut where the guest recurses', async () => {
    const recursing = '(func $again (param i64) (result i64) (i64.add (i64.const 1) (call $again (local.get 0))))';
    const end = await endOf({ fields: recursing, run: '(drop (call $again (i64.const 1))) (unreachable)' });
    expect(end).toMatchObject({ kind: 'limit', limit: 'stackBytes' });
    expect(stackOf(end)).toHaveLength(20);
    expect(new Set(stackOf(end).map((frame) => frame.split(' ')[0]))).toEqual(new Set(['again']));
  });

  it('tells recursion that runs out of the memory of its own stack', async () => {
    const recursing = `(func $again (param i32) (i32.store (local.get 0) (i32.const 1))
      (call $again (i32.sub (local.get 0) (i32.const 64))))`;
    const end = await endOf({ fields: recursing, run: '(call $again (i32.const 65000)) (unreachable)' });
    expect(end).toMatchObject({ kind: 'limit', limit: 'stackBytes' });
  });

  it('says where the call was that met a limit', async () => {
    const end = await endOf(calling('ping', '(loop $again (call $call (i32.const 64)) (br $again)) (unreachable)'), {
      hostCalls: 5,
    });
    expect(end).toMatchObject({ kind: 'limit', limit: 'hostCalls' });
    expect(stackOf(end).at(-1)).toMatch(/^wasm-function\[\d+\] \(/);
  });
});

it('is not there where a guest ends well', async () => {
  expect(await endOf({})).toEqual({ kind: 'ok', output: 'hello' });
});
