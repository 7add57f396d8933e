import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openHost, verifyAudit, type CellKind, type RunOptions, type RunResult } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { CELLS } from '../sandbox/support/cell.ts';
import { celledAgent, celledLimits } from '../support/celled-agent.ts';
import { interpreter } from './interpreter-bed.ts';
import { bytesOf, commandText, moduleText } from '../support/wasi-programs.ts';

/** What a run shows of itself, whatever cell it had. */
interface Seen {
  readonly told: Partial<RunResult>;
  readonly records: readonly string[];
  readonly written: string | undefined;
}

let world: AgentWorld | undefined;
afterEach(() => world?.remove());

const configuration = (cell: CellKind, program: Uint8Array): string => `version: 1
limits: ${celledLimits(cell, '')}
agents: { tester: ${celledAgent(cell, program, ', env: { COLOUR: red }')} }
mounts: { /workspace: { directory: workspace, access: rw } }
`;
const RULES = [
  'p, role:any, fs:*, /workspace, -, allow, -',
  'p, role:any, fs:*, /workspace/**, -, allow, -',
  'p, role:any, fs:*, /workspace/private/**, -, deny, -',
];

async function runIn(cell: CellKind, program: Uint8Array, options: RunOptions): Promise<Seen> {
  world = makeAgentWorld({ configuration: configuration(cell, program), rows: RULES });
  world.write('agent.wasm', program);
  world.write('workspace/in.txt', 'text');
  world.write('workspace/private/key', 'secret');
  const { directory } = world;
  const host = await openHost({ configuration: 'sallyport.yaml', workingDirectory: directory });
  const result = await host.run(options);
  await host.close();
  expect(result.cell).toBe(cell);
  const { verification } = verifyAudit({ directory, workingDirectory: directory }, result.audit ?? '');
  expect(verification.ok).toBe(true);
  const { status, output, exitCode, decisions, program: kind, error } = result;
  const records = world
    .lastRecords()
    .map((record) => [record['type'], record['action'], record['resource'], effectOf(record['decision'])].join(' '));
  const out = join(directory, 'workspace', 'out.txt');
  const { code, message } = error ?? {};
  return {
    told: { status, decisions, program: kind, ...(output === undefined ? {} : { output }), ...(exitCode === undefined ? {} : { exitCode }), ...(code === undefined || message === undefined ? {} : { error: { code, message } }) }, // prettier-ignore
    records,
    written: existsSync(out) ? readFileSync(out, 'utf8') : undefined,
  };
}

const effectOf = (decision: unknown): unknown =>
  typeof decision === 'object' && decision !== null && 'effect' in decision ? decision.effect : '';

/** Runs a program in every cell, expects the same, and returns it. */
async function inAll(program: Uint8Array, options: RunOptions = {}): Promise<Seen> {
  const thread = await runIn('thread', program, options);
  for (const cell of CELLS) {
    world?.remove();
    expect(await runIn(cell, program, options)).toEqual(thread);
  }
  return thread;
}

describe('a module of WASI preview 1 does the same in every cell:', () => {
  it('its arguments, variables and standard input, and what it writes', async () => {
    const text = moduleText('(call $arguments) (call $variables) (call $copy) (call $hello)');
    const { told } = await inAll(await bytesOf(text), { arguments: ['given'], stdin: Buffer.from('standard input') });
    expect(told).toMatchObject({ status: 'ok', program: 'module', exitCode: 0 });
    expect(told.output).toMatch(/given\0COLOUR=red\0standard inputhello\n$/);
  });

  it('its exit code', async () => {
    const { told } = await inAll(await bytesOf(moduleText('(call $hello) (call $proc_exit (i32.const 7))')));
    expect(told).toMatchObject({ status: 'agent-error', exitCode: 7, output: 'hello\n' });
  });

  it('a trap', async () => {
    const { told } = await inAll(await bytesOf(moduleText('(call $hello) unreachable')));
    expect(told).toMatchObject({ status: 'agent-error', output: 'hello\n', error: { code: 'trap' } });
  });
});

describe('a WASI command does the same in every cell:', () => {
  it.each([
    ['it ends well', '(i32.const 0)', { status: 'ok', exitCode: 0 }],
    ['it fails', '(i32.const 1)', { status: 'agent-error', exitCode: 1 }],
    ['it exits', '(call $exit (i32.const 3)) (i32.const 0)', { status: 'agent-error', exitCode: 3 }],
    ['it traps', '(unreachable)', { status: 'agent-error', error: { code: 'trap' } }],
  ])('%s', async (_, body, end) => {
    const { told } = await inAll(await bytesOf(commandText(body)));
    expect(told).toMatchObject({ program: 'command', ...end });
  });
});

const RUBY = interpreter('ruby-3.2.0.wasm');

it('an unmodified interpreter does the same in every cell, and is denied the same', async () => {
  const script = `
puts 1 + 1
File.write('/workspace/out.txt', File.read('/workspace/in.txt').upcase)
p Dir.children('/workspace').sort
begin; File.read('/workspace/private/key'); rescue => error; p error.class; end
`;
  const { told, records, written } = await inAll(readFileSync(RUBY), { arguments: ['-e', script] });
  expect(told).toMatchObject({ status: 'ok', program: 'module' });
  expect(told.output).toBe('2\n["in.txt", "out.txt", "private"]\nErrno::EACCES\n');
  expect(written).toBe('TEXT');
  expect(records.filter((record) => record.includes('effect.denied')).join()).toContain('/workspace/private/key');
});
