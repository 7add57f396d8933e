import { describe, expect, it } from 'vitest';
import { parseCellRequest } from '../../../host/cells/cell-request.ts';

const MOST = 1000;
const terms = { tool: 'add', decision: 'run-x/1', timeoutMs: 1000, mostBytes: MOST };
const functionCall = { kind: 'function', call: { ...terms, arguments: '{}' } };
const componentCall = { kind: 'component', call: { ...terms, input: 'x', label: 0 } };

describe('S6 a cell asks its supervisor for what is on a closed list, in bounds, or for nothing', () => {
  it('reads the two kinds of calls, and only the members that it knows', () => {
    expect(parseCellRequest(functionCall, MOST)).toEqual(functionCall);
    expect(parseCellRequest({ ...componentCall, more: 1 }, MOST)).toEqual(componentCall);
    expect(parseCellRequest({ kind: 'component', call: { ...componentCall.call, callers: [] } }, MOST)).toEqual(
      componentCall,
    );
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'function'],
    ['another kind', { ...functionCall, kind: 'process' }],
    ['a kind that is inherited', { ...functionCall, kind: 'constructor' }],
    ['no call', { kind: 'function' }],
    ['a call of the other kind', { ...functionCall, kind: 'component' }],
    ['a tool that is no text', { ...functionCall, call: { ...functionCall.call, tool: 1 } }],
    ['a tool that is too long', { ...functionCall, call: { ...functionCall.call, tool: 'x'.repeat(129) } }],
    ['arguments that are too long', { ...functionCall, call: { ...functionCall.call, arguments: 'x'.repeat(1001) } }],
    ['arguments that are an object', { ...functionCall, call: { ...functionCall.call, arguments: {} } }],
    ['an input that is too long', { ...componentCall, call: { ...componentCall.call, input: 'x'.repeat(1001) } }],
    ['a label that is none', { ...componentCall, call: { ...componentCall.call, label: -1 } }],
    ['no label', { ...componentCall, call: { ...componentCall.call, label: undefined } }],
    ['a label beyond all', { ...componentCall, call: { ...componentCall.call, label: 1001 } }],
    ['a time that is none', { ...componentCall, call: { ...componentCall.call, timeoutMs: Number.NaN } }],
    ['a time without end', { ...componentCall, call: { ...componentCall.call, timeoutMs: Infinity } }],
    ['more bytes than a call may carry', { ...componentCall, call: { ...componentCall.call, mostBytes: 1001 } }],
  ])('refuses %s', (_, value) => {
    expect(parseCellRequest(value, MOST)).toBeUndefined();
  });
});
