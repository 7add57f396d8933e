import { describe, expect, it } from 'vitest';
import { MOST_SHOWN } from '../../../host/approval/question-bounds.ts';
import { askOf, createCellApprovals } from '../../../host/cells/cell-ask.ts';
import { parseCellRequest } from '../../../host/cells/cell-request.ts';
import type { ApprovalRequest } from '../../../host/contracts/approval.ts';

const request: ApprovalRequest = {
  decision: 'run-a/1',
  accesses: [{ action: 'fs:write', resource: '/w/a' }],
  summary: { bytes: 3 },
  payload: { text: 'one' },
  digest: 'a'.repeat(64),
  policy: { digest: 'sha256:p', generation: 1 },
  rules: ['p-1'],
  terms: { roles: ['owner'], ttlMs: 1000 },
};
const asked = askOf(request);
const parse = (question: unknown) => parseCellRequest({ kind: 'approval', question }, 1000);

describe('A4 what a cell asks people', () => {
  it('is read as it is', () => {
    expect(parse(asked)).toEqual({ kind: 'approval', question: asked });
    expect(JSON.parse(asked.shown)).toEqual({ summary: { bytes: 3 }, payload: { text: 'one' } });
  });

  it.each<[string, object]>([
    ['who acts', { agent: 'agent:boss' }],
    ['on whose behalf', { onBehalfOf: [] }],
    ['a digest that is none', { digest: 'a' }],
    ['nothing that is touched', { accesses: [] }],
    ['too much that is touched', { accesses: Array(1025).fill(request.accesses[0]) }],
    ['nobody to ask', { roles: [] }],
    ['a role that is no text', { roles: [1] }],
    ['a time without end', { ttlMs: Infinity }],
    ['a time longer than a timer holds', { ttlMs: 2 ** 31 }],
    ['no time', { ttlMs: 0 }],
    ['more than can be shown', { shown: 'x'.repeat(MOST_SHOWN + 1) }],
    ['a policy without a generation', { policy: { digest: 'x' } }],
  ])('does not say %s', (_, change) => {
    expect(parse({ ...asked, ...change })).toBeUndefined();
  });

  it('is said to be left out where it is too long', () => {
    const long = askOf({ ...request, payload: { text: 'x'.repeat(MOST_SHOWN) } });
    expect(JSON.parse(long.shown)).toEqual({ summary: { bytes: 3 }, omitted: 'the payload is too long' });
    expect(parse(long)).toBeDefined();
  });

  it('waits side by side only a few at a time, so that no guest ends its own run by asking', async () => {
    const open: (() => void)[] = [];
    const approvals = createCellApprovals(
      () => new Promise((resolve) => open.push(() => resolve({ status: 'expired', question: 'q' }))),
    );
    const answers = Array.from({ length: 20 }, () => approvals.ask(request));
    const ended = await Promise.all(answers.slice(4));
    expect(new Set(ended.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(['{"status":"unavailable","why":"too-many"}']),
    );
    expect(open).toHaveLength(4);
    for (const end of open) end();
    expect((await Promise.all(answers.slice(0, 4))).map(({ status }) => status)).toEqual(Array(4).fill('expired'));
    void approvals.ask(request);
    expect(open).toHaveLength(5);
  });

  it('is no yes where the supervisor fails', async () => {
    const approvals = createCellApprovals(() => Promise.reject(new Error('gone')));
    expect(await approvals.ask(request)).toEqual({ status: 'unavailable', why: 'no-store' });
  });
});
