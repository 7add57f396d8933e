import { afterEach, describe, expect, it } from 'vitest';
import type { RunResult, ServedInterface } from '../../host/index.ts';
import { refuseUngranted } from '../../host/cells/strict-imports.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { inlineGuest } from '../support/inline-guest.ts';

const READER = `
import { read } from 'sallyport:agent/fs@0.1.0';
export function run() {
  try { return String(read('/w/a', undefined)); } catch { return 'lived with it'; }
}
`;
const LOOSE = 'version: 1\nagents: { tester: { component: a.wasm } }\nmounts: {}\n';
const STRICT = `${LOOSE}imports: strict\n`;
const OWN = 'version: 1\nagents: { tester: { component: a.wasm, imports: strict } }\nmounts: {}\n';
const LOOSER = 'version: 1\nimports: strict\nagents: { tester: { component: a.wasm, imports: deny } }\nmounts: {}\n';
const OTHER = 'p, role:any, log:write, log:info, -, allow, -';
const FORBID = 'p, role:any, fs:read, /w/**, -, deny, -';

let world: AgentWorld;
afterEach(() => world.remove());

async function run(
  configuration: string,
  rows: readonly string[],
): Promise<{ code: number | null; result: RunResult }> {
  world = makeAgentWorld({ configuration, rows });
  const { code, stdout } = await command(['run', await inlineGuest(READER), '--json'], { cwd: world.directory });
  return { code, result: JSON.parse(stdout) as RunResult };
}

describe('imports that no rule grants', () => {
  it('are served and denied, with a record, where nothing else is said', async () => {
    const { code, result } = await run(LOOSE, [OTHER]);
    expect([code, result.output, result.decisions.deny]).toEqual([0, 'lived with it', 1]);
  });

  it.each([
    ['the host', STRICT, [OTHER]],
    ['the agent', OWN, [OTHER]],
    ['the host, and all that there is forbids', STRICT, [FORBID]],
  ])('are refused at load where %s is strict, with a record', async (_, configuration, rows) => {
    const { code, result } = await run(configuration, rows);
    expect(code).toBe(2);
    expect(result).toMatchObject({ status: 'denied', error: { code: 'ERR_COMPONENT_REFUSED' } });
    expect(result.error?.message).toMatch(
      /imports `sallyport:agent\/[a-z-]+`, and no rule allows `agent:tester` anything of `[a-z]+`/,
    );
    const [, denied] = world.lastRecords();
    expect(denied).toMatchObject({ type: 'load.denied', detail: { code: 'ERR_COMPONENT_REFUSED' } });
  });

  it('cannot be let through by an agent where the host is strict', async () => {
    world = makeAgentWorld({ configuration: LOOSER });
    const { code, stderr } = await command(['run'], { cwd: world.directory });
    expect(code).toBe(3);
    expect(stderr).toContain('the host is `strict`');
  });
});

describe('an interface asks for a grant', () => {
  const row = (servedBy: ServedInterface['servedBy']): ServedInterface => ({
    name: 'a:b/c',
    versions: ['1.0.0'],
    servedBy,
    functions: [{ name: 'f', waits: false }],
  });
  const refusal = (servedBy: ServedInterface['servedBy'], functions: readonly string[], allowed: string): unknown => {
    try {
      refuseUngranted({ 'a:b/c': { functions } }, [row(servedBy)], (capability) => capability === allowed, 'agent:a');
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it.each([
    ['http', 'http'],
    ['fs', 'fs'],
    ['db', 'db'],
    ['tool-exec', 'tool'],
    ['log', 'log'],
    ['policy', 'policy'],
  ] as const)('where the gate `%s` decides: a rule for `%s`', (servedBy, capability) => {
    expect(refusal(servedBy, ['f'], capability)).toBeUndefined();
    expect(refusal(servedBy, ['f'], 'other')).toMatchObject({ code: 'ERR_COMPONENT_REFUSED' });
  });

  it('that nobody can give where every call is denied', () => {
    expect(refusal('denies', ['f'], 'http')).toMatchObject({ code: 'ERR_COMPONENT_REFUSED' });
  });

  it('neither where nothing of the machine is behind it nor where no function is taken', () => {
    expect([refusal('virtual', ['f'], ''), refusal('types', ['f'], ''), refusal('fs', [], '')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
