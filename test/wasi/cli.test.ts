import { describe, expect, it } from 'vitest';
import { RunStop } from '../../host/contracts/run-stop.ts';
import { call, createWasiRun, members, thrownBy } from './run.ts';

describe('the command line of a guest', () => {
  it('has the arguments and the environment of the configuration, and none of the machine', () => {
    const environment = members(createWasiRun(), 'wasi:cli/environment');
    expect(call(environment, 'getArguments')).toEqual(['agent', 'one']);
    expect(call(environment, 'getEnvironment')).toEqual([['LANG', 'C']]);
    expect(call(environment, 'initialCwd')).toBeUndefined();
  });

  it('has no terminal', () => {
    const run = createWasiRun();
    expect(call(members(run, 'wasi:cli/terminal-stdin'), 'getTerminalStdin')).toBeUndefined();
    expect(call(members(run, 'wasi:cli/terminal-stdout'), 'getTerminalStdout')).toBeUndefined();
    expect(call(members(run, 'wasi:cli/terminal-stderr'), 'getTerminalStderr')).toBeUndefined();
  });

  it.each([
    ['exit', { tag: 'ok' }, 0],
    ['exit', { tag: 'err' }, 1],
    ['exitWithCode', 0, 0],
    ['exitWithCode', 3, 3],
  ])('ends the run by %s(%o)', (name, status, code) => {
    const run = createWasiRun();
    expect(thrownBy(() => call(members(run, 'wasi:cli/exit'), name, status))).toBeInstanceOf(RunStop);
    expect(run.ends).toEqual([{ kind: 'exit', code }]);
  });
});

describe('random bytes', () => {
  it('come from the injected source, for all three interfaces', () => {
    const run = createWasiRun();
    expect(call(members(run, 'wasi:random/random'), 'getRandomBytes', 3n)).toEqual(new Uint8Array([1, 1, 1]));
    expect(call(members(run, 'wasi:random/insecure'), 'getInsecureRandomU64')).toBe(0x0202020202020202n);
    expect(call(members(run, 'wasi:random/insecure-seed'), 'insecureSeed')).toEqual([
      0x0303030303030303n,
      0x0404040404040404n,
    ]);
  });

  it('are at most 64 KiB a call', () => {
    const random = members(createWasiRun(), 'wasi:random/random');
    expect(call(random, 'getRandomBytes', 65_536n)).toHaveLength(65_536);
    expect(thrownBy(() => call(random, 'getRandomBytes', 65_537n))).toBeInstanceOf(RunStop);
    expect(thrownBy(() => call(random, 'getRandomBytes', 2n ** 64n - 1n))).toBeInstanceOf(RunStop);
  });
});

describe('the filesystem', () => {
  it('has no directory to start from', () => {
    expect(call(members(createWasiRun(), 'wasi:filesystem/preopens'), 'getDirectories')).toEqual([]);
  });

  it('refuses every method of a descriptor that somebody made up', () => {
    const { Descriptor } = members(createWasiRun(), 'wasi:filesystem/types') as { Descriptor: { prototype: object } };
    const forged = Object.create(Descriptor.prototype) as Record<string, () => unknown>;
    const methods = Object.getOwnPropertyNames(Descriptor.prototype).filter((name) => name !== 'constructor');
    expect(methods).toHaveLength(27);
    for (const method of methods) expect(thrownBy(() => forged[method]!())).toBeInstanceOf(RunStop);
  });
});
