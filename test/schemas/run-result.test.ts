import { describe, expect, it } from 'vitest';
import { RUN_STATUSES, type RunResult } from '../../host/contracts/run-result.ts';
import { LIMIT_TABLE } from '../../host/contracts/limits.ts';
import { publishedSchema } from './schema-fixture.ts';

const errorsOf = publishedSchema('run-result');

const ENDED: RunResult = {
  run: 'run-1',
  status: 'ok',
  decisions: { allow: 3, deny: 1, pending: 0 },
  usage: { wallMs: 12.5, cpuMs: 3, peakLinearMemoryBytes: 65_536, hostCalls: 4 },
  cell: 'thread',
  program: 'agent',
  component: `sha256:${'a'.repeat(64)}`,
  policy: { digest: `sha256:${'b'.repeat(64)}`, generation: 1 },
  audit: 'audit/run-1.jsonl',
};
const OK: RunResult = { ...ENDED, output: 'done' };
const EXITED: RunResult = { ...ENDED, program: 'module', output: '', exitCode: 255 };
const REFUSED: RunResult = { ...ENDED, run: null, cell: null, program: null, component: null, policy: null, audit: null, status: 'invalid', error: { code: 'ERR_CONFIG_READ', message: 'x' } }; // prettier-ignore

describe('the schema of a result', () => {
  it('holds for a run that went well, for a program that ended and for a run that could not start', () => {
    expect([OK, EXITED, REFUSED].map(errorsOf)).toEqual([[], [], []]);
  });

  it('has the instructions of an agent whose instructions are counted, as a whole number', () => {
    expect(errorsOf({ ...OK, usage: { ...OK.usage, fuel: 12 } })).toEqual([]);
    expect(errorsOf({ ...OK, usage: { ...OK.usage, fuel: 1.5 } })).not.toEqual([]);
  });

  it.each(RUN_STATUSES.filter((status) => status !== 'ok'))('asks for an error where the status is `%s`', (status) => {
    expect(errorsOf({ ...ENDED, status })).not.toEqual([]);
    expect(errorsOf({ ...ENDED, status, error: { code: 'x', message: 'y' } })).toEqual([]);
  });

  it.each(LIMIT_TABLE.map(({ name }) => name))('knows the limit `%s`', (limit) => {
    expect(errorsOf({ ...ENDED, status: 'limit', error: { code: 'limit', message: 'x', limit } })).toEqual([]);
  });

  it.each(Object.keys(REFUSED).filter((key) => key !== 'error'))('needs `%s`', (key) => {
    expect(errorsOf(Object.fromEntries(Object.entries(REFUSED).filter(([name]) => name !== key)))).not.toEqual([]);
  });

  it('has no other members', () => {
    expect(errorsOf({ ...OK, extra: 1 })).not.toEqual([]);
    expect(errorsOf({ ...OK, usage: { ...OK.usage, extra: 1 } })).not.toEqual([]);
  });
});
