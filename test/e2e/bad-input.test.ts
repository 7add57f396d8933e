import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { command } from '../support/command.ts';
import { guest } from '../support/guests.ts';

let world: AgentWorld;
beforeEach(() => (world = makeAgentWorld()));
afterEach(() => world.remove());

const at = () => ({ cwd: world.directory });

describe('the input of a run', () => {
  it('must be UTF-8', async () => {
    const { code, stderr } = await command(['run', 'a.wasm', '--input', '-'], {
      ...at(),
      input: Uint8Array.of(0xff, 0xfe),
    });
    expect(code).toBe(64);
    expect(stderr).toContain('standard input is not UTF-8');
  });

  it('may come from a file, and a file that is not there is named', async () => {
    const { code, stderr } = await command(['run', 'a.wasm', '--input', '@task.json'], at());
    expect(code).toBe(64);
    expect(stderr).toContain('the input file `task.json` cannot be read');
  });
});

describe('a command line that does not fit', () => {
  it('names the nearest command', async () => {
    const { code, stderr } = await command(['rnu'], at());
    expect(code).toBe(64);
    expect(stderr).toContain('Did you mean run?');
  });

  it('names the agents that there are', async () => {
    const { code, stderr } = await command(['run', 'a.wasm', '--agent', 'testre'], at());
    expect(code).toBe(64);
    expect(stderr).toContain('no agent `testre`; did you mean `tester`?');
  });

  it('shows no stack trace without --debug', async () => {
    const { stderr } = await command(['run', 'none.wasm'], at());
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe('a configuration with errors', () => {
  it('is refused with every problem, each with its line', async () => {
    world.write('sallyport.yaml', 'version: 1\nagnets: {}\nmounts: { /w: { directory: nowhere } }\n');
    const { code, stderr } = await command(['policy', 'check'], at());
    expect(code).toBe(3);
    expect(stderr).toMatch(/sallyport\.yaml:2:1: unknown key `agnets`; did you mean `agents`\?/);
    expect(stderr).toMatch(/sallyport\.yaml:3:\d+: .*`nowhere` does not exist/);
  });

  it('is refused where agents could write what the host relies on', async () => {
    world.write('sallyport.yaml', 'version: 1\nagents: {}\nmounts: { /w: { directory: ., access: rw } }\n');
    const { code, stderr } = await command(['policy', 'check'], at());
    expect(code).toBe(3);
    expect(stderr).toContain('shows');
    expect(stderr).toContain('which the host relies on');
  });
});

describe('a policy with errors', () => {
  it('is refused with every problem, each with its line, and nothing runs under it', async () => {
    world.write('policy/policy.csv', 'p, role:a, fs:read, /w/**, -, alow, -\np, role:a, fs:raed, /w/**, -, allow\n');
    const { code, stderr } = await command(['run', 'a.wasm'], at());
    expect(code).toBe(3);
    expect(stderr).toMatch(/policy\.csv:1:\d+/);
    expect(stderr).toMatch(/policy\.csv:2:\d+/);
  });
});

describe('an audit folder that cannot be written', () => {
  it('refuses the run: without a record nothing happens', async () => {
    // No rights are needed to show it, and the superuser has them all: a link to nowhere is in the way.
    mkdirSync(join(world.directory, '.sallyport'));
    symlinkSync('/proc/nowhere', join(world.directory, '.sallyport', 'audit'));
    const { code, stderr } = await command(['run', await guest('hello', 'js')], at());
    expect(code).toBe(2);
    expect(stderr).toContain('audit');
  });

  it('refuses the configuration where a file is in the way', async () => {
    world.write('.sallyport/audit', 'not a folder');
    const { code } = await command(['run', await guest('hello', 'js')], at());
    expect(code).toBe(3);
  });
});
