import { describe, expect, it } from 'vitest';
import { prepared, runCell, temporaryFolder } from '../../sandbox/support/cell.ts';
import { agentText, componentOf, ECHO, type AgentText } from '../../sandbox/support/wat.ts';

const prepare = async (text: AgentText): ReturnType<typeof prepared> =>
  prepared(await componentOf(agentText(text)), await temporaryFolder());

/** Grows its memory page by page, and answers with as many characters as it got pages. */
const GROW = `(local $n i32)
  (block $full (loop $more
    (br_if $full (i32.eq (memory.grow (i32.const 1)) (i32.const -1)))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br $more)))
  (i32.store8 (i32.const 16) (i32.const 0))
  (i32.store (i32.const 20) (i32.const 4096))
  (i32.store (i32.const 24) (local.get $n))
  (i32.const 16)`;

const copies = (count: number, module: string): string =>
  `(core module $copy ${module}) ${Array.from({ length: count }, () => '(core instance (instantiate $copy))').join(' ')}`;

describe('a component that wants too much at once', () => {
  it('gets memory up to the limit of the run and no page more', async () => {
    const { guest, usage } = await runCell(await prepare({ memory: '1', run: GROW }));
    expect(guest).toEqual({ kind: 'ok', output: '\0'.repeat(1023) });
    expect(usage.peakLinearMemoryBytes).toBe(1024 * 65_536);
  });

  it('keeps a lower maximum of its own', async () => {
    const { guest } = await runCell(await prepare({ memory: '1 5', run: GROW }));
    expect(guest).toEqual({ kind: 'ok', output: '\0'.repeat(4) });
  });

  it('shares one limit among several memories', async () => {
    const before = '(core module $second (memory (export "memory") 3)) (core instance $second (instantiate $second))';
    const { modules } = await prepare({ before, run: GROW });
    expect(modules.map(({ pages }) => pages).sort((a, b) => a - b)).toEqual([256, 768]);
  });

  it.each([
    [
      '4 GiB of memory',
      { memory: '65536' },
      'the component starts with 4096 MiB of linear memory; the limit is 64 MiB',
    ],
    [
      'ten million table entries',
      { fields: '(table 10000000 funcref)' },
      'the component starts with 10000000 table entries; the limit is 400000',
    ],
    ['a 64-bit memory', { fields: '(memory i64 1)', heap: '(memory (export "memory") 1)' }, undefined],
    ['a shared memory', { heap: '(memory (export "memory") 1 2 shared)' }, undefined],
    ['a table with an initialiser', { fields: '(table 1 funcref (ref.null func))' }, undefined],
  ] as [string, AgentText, string | undefined][])('refuses %s', async (_, text, message) => {
    const outcome = await prepare(text).catch((error: unknown) => error);
    expect(outcome).toMatchObject({ code: expect.stringMatching(/^ERR_COMPONENT_(?:REFUSED|INVALID)$/) as string });
    if (message !== undefined) expect(outcome).toMatchObject({ message });
  });

  it('caps a table that may grow without end', async () => {
    const grow = `(local $n i32)
      (block $full (loop $more
        (br_if $full (i32.eq (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br $more)))
      (i32.store8 (i32.const 16) (i32.const 0))
      (i32.store (i32.const 20) (i32.const 4096))
      (i32.store (i32.const 24) (local.get $n))
      (i32.const 16)`;
    const { guest } = await runCell(await prepare({ fields: '(table $t 0 funcref)', run: grow }));
    expect(guest).toEqual({ kind: 'ok', output: '\0'.repeat(400) });
  });

  it.each([
    ['more core instances than 64', copies(64, ''), 'memoryBytes'],
    ['many instances of a module with memory', copies(10, '(memory 1)'), 'memoryBytes'],
    ['many instances of a module with a large table', copies(10, '(table 90000 funcref)'), 'tableEntries'],
  ])('ends as its limit: %s', async (_, before, limit) => {
    const { guest } = await runCell(await prepare({ before }));
    expect(guest).toMatchObject({ kind: 'limit', limit });
  });

  it('runs the twin with as many instances as a language runtime has', async () => {
    const { guest } = await runCell(await prepare({ before: copies(40, ''), run: ECHO }));
    expect(guest).toEqual({ kind: 'ok', output: 'hello' });
  });
});
