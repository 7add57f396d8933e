import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HostError, openHost } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';

const worlds: AgentWorld[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.remove();
});

const FROM = 'from: { env: TOKEN }';

/** What a configuration with these secrets is refused for; nothing if it is not. */
async function problemsOf(secrets: string, more = ''): Promise<string> {
  const world = makeAgentWorld({
    configuration: `version: 1\nagents: { tester: { component: agent.wasm } }\n${more}\nsecrets:\n  ${secrets}\n`,
  });
  worlds.push(world);
  world.write('work/token', 'value');
  world.write('work/program', '#!/bin/sh\n');
  chmodSync(join(world.directory, 'work/program'), 0o755);
  try {
    const file = join(world.directory, 'sallyport.yaml');
    await (await openHost({ configuration: file, workingDirectory: world.directory })).close();
    return '';
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    expect(error.code).toBe('ERR_CONFIG_INVALID');
    return [error.message, ...error.hints].join('\n').replaceAll(`${world.directory}/`, '');
  }
}

const http = (binding: string) => `a: { ${FROM}, for: [{ http: ${binding} }] }`;

describe('the section `secrets`', () => {
  it.each([
    'a: { from: { env: TOKEN }, for: [] }',
    'a: { from: { file: not-there-yet }, for: [] }',
    'a: { from: { keyring: { service: api.example.com, account: me } }, for: [] }',
    'a: { from: { command: [/bin/echo, x] }, for: [], agents: [tester] }',
    http(
      '{ hosts: [api.example.com, "*.example.org", "127.0.0.1:8443", "http://127.0.0.1:80", "[::1]"], header: X-Api-Key }',
    ),
    http('{ hosts: [api.example.com], header: Authorization, format: "Bearer {}" }'),
  ])('takes %s', async (secrets) => {
    expect(await problemsOf(secrets)).toBe('');
  });

  it.each([
    ['a: { for: [] }', 'missing key `from`'],
    ['a: { from: { env: TOKEN } }', 'missing key `for`'],
    ['a: { from: {}, for: [] }', 'is exactly one of `env`, `file`, `command` and `keyring`'],
    ['a: { from: { env: A, file: b }, for: [] }', 'is exactly one of `env`, `file`, `command` and `keyring`'],
    ['a: { from: { env: A, keyring: { service: s, account: a } }, for: [] }', 'is exactly one of'],
    ['a: { from: { evn: A }, for: [] }', 'unknown key `evn`; did you mean `env`?'],
    ['a: { from: { keyring: { service: s } }, for: [] }', 'missing key `account`'],
    ['a: { from: { keyring: { service: s, user: a } }, for: [] }', 'unknown key `user`'],
    ['a: { from: { keyring: { service: "", account: a } }, for: [] }', 'expected text of 1 to 256 characters'],
    [String.raw`a: { from: { keyring: { service: s, account: "a\0b" } }, for: [] }`, 'without zero bytes'],
    ['a: { from: { env: "A B" }, for: [] }', 'expected the name of a variable'],
    ['a: { from: { command: [echo, x] }, for: [] }', 'the program `echo` is not an absolute path'],
    ['a: { from: { command: [/not/there] }, for: [] }', '`/not/there` is not a program that can be run'],
    ['A_b: { from: { env: A }, for: [] }', 'expected a name of small letters'],
    [`a: { ${FROM}, for: [{}] }`, 'is exactly one of `http`, `database` and `tool`'],
    [`a: { ${FROM}, for: [{ htpp: {} }] }`, 'unknown key `htpp`; did you mean `http`?'],
    [`a: { ${FROM}, for: [], agents: [testr] }`, 'there is no agent `testr`; did you mean `tester`?'],
    [`a: { ${FROM}, for: [{ database: mian }] }`, 'there is no database `mian`'],
    [`a: { ${FROM}, for: [{ tool: { name: git/psh, variable: T } }] }`, 'there is no tool `git/psh`'],
    [`a: { ${FROM}, for: [{ tool: { name: git, variable: 1T } }] }`, 'expected the name of a variable'],
    [http('{ hosts: [], header: x-a }'), 'too short: at least 1'],
    [http('{ hosts: ["http://api.example.com"], header: x-a }'), 'would send a secret without TLS'],
    [http('{ hosts: ["http://localhost:80"], header: x-a }'), 'would send a secret without TLS'],
    [http('{ hosts: ["http://10.0.0.1"], header: x-a }'), 'would send a secret without TLS'],
    [http('{ hosts: ["https://a.example"], header: x-a }'), 'write `a.example`'],
    [http('{ hosts: ["*"], header: x-a }'), 'write `*.DOMAIN`'],
    [http('{ hosts: ["*.com"], header: x-a }'), 'is too broad'],
    [http('{ hosts: ["api.*.com"], header: x-a }'), 'write `*.DOMAIN`'],
    [http('{ hosts: ["API.example.com"], header: x-a }'), 'write `api.example.com`'],
    [http('{ hosts: ["api.example.com."], header: x-a }'), 'is not in canonical form: write `api.example.com`'],
    [http('{ hosts: ["a.example/path"], header: x-a }'), 'is not a host'],
    [http('{ hosts: ["user@a.example"], header: x-a }'), 'is not'],
    [http('{ hosts: ["a.example:0"], header: x-a }'), 'has a port that does not exist'],
    [http('{ hosts: ["0x7f.1"], header: x-a }'), 'write `127.0.0.1`'],
    [http('{ hosts: [a.example], header: "x a" }'), 'is not the name of a header field'],
    [http('{ hosts: [a.example], header: host }'), 'it cannot carry a secret'],
    [http('{ hosts: [a.example], header: Content-Type }'), 'it cannot carry a secret'],
    [http('{ hosts: [a.example], header: x_forwarded_for }'), 'it cannot carry a secret'],
    [http('{ hosts: [a.example], header: x-a, format: Bearer }'), '`{}` must stand in it exactly once'],
    [http('{ hosts: [a.example], header: x-a, format: "{}{}" }'), '`{}` must stand in it exactly once'],
    [http(String.raw`{ hosts: [a.example], header: x-a, format: "{}\r\nx: y" }`), 'outside of printable ASCII'],
  ])('refuses %s', async (secrets, problem) => {
    expect(await problemsOf(secrets)).toContain(problem);
  });

  it('refuses two secrets for one place, whatever their order and spelling', async () => {
    const two = (one: string, other: string) =>
      `{ a: { ${FROM}, for: [{ http: { ${one} } }] }, b: { ${FROM}, for: [{ http: { ${other} } }] } }`;
    const secrets = (text: string) => problemsOf(text.slice(2, -2).replace(' }] }, b:', ' }] }\n  b:'));
    expect(await secrets(two('hosts: [api.a.example], header: X-A', 'hosts: ["*.a.example"], header: x_a'))).toContain(
      'the header `x_a` of a host has `a` already',
    );
    expect(await secrets(two('hosts: [api.a.example], header: x-a', 'hosts: [api.a.example], header: x-b'))).toBe('');
    expect(await secrets(two('hosts: ["api.a.example:444"], header: x-a', 'hosts: [api.a.example], header: x-a'))).toBe(
      '',
    );
    const twice = `a: { ${FROM}, for: [{ http: { hosts: [b.example], header: x-a } }, { http: { hosts: [b.example], header: X-A } }] }`;
    expect(await problemsOf(twice)).toContain('stands twice');
  });

  it('never prints what somebody wrote in the place of a source', async () => {
    for (const from of [
      'hunter2-hunter2',
      '[hunter2-hunter2]',
      '{ value: hunter2-hunter2 }',
      '{ env: "hunter2-hunter2" }',
    ]) {
      const told = await problemsOf(`a: { from: ${from}, for: [] }`);
      expect(told).not.toBe('');
      expect(told).not.toContain('hunter2');
    }
  });

  it('refuses a file that a mount shows, and a program that agents can write', async () => {
    const mounts = (access: string) => `mounts: { /workspace: { directory: work, access: ${access} } }`;
    const file = 'a: { from: { file: work/token }, for: [] }';
    expect(await problemsOf(file, mounts('ro'))).toContain('from which the secret `a` comes');
    expect(await problemsOf('a: { from: { file: work/../work/token }, for: [] }', mounts('ro'))).toContain(
      'the secret `a`',
    );
  });
});
