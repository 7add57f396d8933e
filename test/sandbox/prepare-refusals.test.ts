import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareComponent } from '../../host/sandbox/prepare.ts';
import { prepared, temporaryFolder } from './support/cell.ts';
import { SERVED } from './support/served.ts';
import { agentText, componentOf } from './support/wat.ts';

const importing = (name: string, type = '(instance)'): string => agentText({ before: `(import "${name}" ${type})` });

/** What a component in text form is refused with; nothing may be left in the cache. */
async function refusal(text: string): Promise<unknown> {
  const folder = await temporaryFolder();
  const outcome = await prepared(await componentOf(text), folder).catch((error: unknown) => error);
  expect(await readdir(folder)).toEqual([]);
  return outcome;
}

describe('a source that is no component', () => {
  const cases: [string, string | Uint8Array, string, RegExp][] = [
    ['a missing file', '/nowhere/agent.wasm', 'ERR_COMPONENT_READ', /^there is no file `\/nowhere\/agent.wasm`$/],
    ['a device', '/dev/zero', 'ERR_COMPONENT_READ', /not a regular file/],
    ['nothing', new Uint8Array(), 'ERR_COMPONENT_INVALID', /is empty$/],
    ['text', new TextEncoder().encode('(component)'), 'ERR_COMPONENT_INVALID', /is not a WebAssembly component$/],
    [
      'random bytes',
      crypto.getRandomValues(new Uint8Array(4096)),
      'ERR_COMPONENT_INVALID',
      /is not a WebAssembly component$/,
    ],
    ['four bytes', new Uint8Array([0, 0x61, 0x73, 0x6d]), 'ERR_COMPONENT_INVALID', /is cut off$/],
    [
      'a core module that is no command',
      new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
      'ERR_COMPONENT_INVALID',
      /^the module does not export `_start`$/,
    ],
    [
      'another layer',
      new Uint8Array([0, 0x61, 0x73, 0x6d, 9, 0, 1, 0]),
      'ERR_COMPONENT_INVALID',
      /not a component of the known binary format$/,
    ],
  ];
  it.each(cases)('refuses %s', async (_, source, code, message) => {
    await expect(prepared(source, await temporaryFolder())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a directory', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'agent.wasm'));
    const work = prepared(join(folder, 'agent.wasm'), join(folder, 'cache'));
    await expect(work).rejects.toMatchObject({
      code: 'ERR_COMPONENT_READ',
      message: expect.stringMatching(/is a directory/) as string,
    });
  });

  it('refuses a truncated component in one line', async () => {
    const folder = await temporaryFolder();
    const whole = await componentOf(agentText());
    await writeFile(join(folder, 'agent.wasm'), whole.subarray(0, whole.length / 2));
    const work = prepared(join(folder, 'agent.wasm'), join(folder, 'cache'));
    const message = expect.stringMatching(/^the file is not a valid component: [^\n]+$/) as string;
    await expect(work).rejects.toMatchObject({ code: 'ERR_COMPONENT_INVALID', message });
  });

  it('refuses one that is larger than the limit', async () => {
    const component = await componentOf(agentText());
    const work = prepared(component, await temporaryFolder(), { maxComponentBytes: component.length - 1 });
    await expect(work).rejects.toMatchObject({ code: 'ERR_PREPARE_LIMIT' });
  });
});

describe('a component without the right `run`', () => {
  it('refuses one that exports nothing', async () => {
    expect(await refusal('(component)')).toMatchObject({
      code: 'ERR_COMPONENT_INVALID',
      message: 'the component does not export `run`; it exports nothing',
    });
  });

  it('refuses another type of `run`, and names both', async () => {
    const text = agentText({ type: '(param "input" string) (result string)' });
    const message =
      'the component exports `run` as `func(input: string) -> string`, not as `run: func(input: string) -> result<string, string>`';
    expect(await refusal(text)).toMatchObject({ code: 'ERR_COMPONENT_INVALID', message });
  });

  it('tells the author of a command of another WASI what to do', async () => {
    const command = `(component
      (core module $m (func (export "run") (result i32) (i32.const 0)))
      (core instance $i (instantiate $m))
      (func $f (result (result)) (canon lift (core func $i "run")))
      (instance $run (export "run" (func $f)))
      (export "wasi:cli/run@0.3.0" (instance $run)))`;
    const error = await refusal(command);
    expect(error).toMatchObject({
      code: 'ERR_COMPONENT_INVALID',
      message: 'the component exports `wasi:cli/run@0.3.0`; commands of WASI 0.2 are run',
    });
    expect((error as { hints: string[] }).hints[0]).toMatch(/build it for WASI 0\.2/);
  });
});

describe('a component whose imports nobody serves', () => {
  const cases: [string, string, string][] = [
    [
      'an unknown interface',
      importing('evil:corp/backdoor@1.2.3'),
      'the component imports `evil:corp/backdoor@1.2.3`, which no gate serves',
    ],
    [
      'an unknown interface of a known package',
      importing('sallyport:agent/shell@0.1.0'),
      'the component imports `sallyport:agent/shell@0.1.0`, which no gate serves',
    ],
    [
      'another version',
      importing('sallyport:agent/http@0.2.0'),
      'the component imports `sallyport:agent/http@0.2.0`; this host serves version 0.1.0 of it',
    ],
    [
      'no version',
      importing('sallyport:agent/http'),
      'the component imports `sallyport:agent/http`; this host serves version 0.1.0 of it',
    ],
    [
      'a version that only looks like a patch',
      importing('test:host/probe@1.1.0-rc.1'),
      'the component imports `test:host/probe@1.1.0-rc.1`; this host serves version 1.0.0, 1.1.* of it',
    ],
    [
      'two versions of one interface',
      agentText({ before: '(import "test:host/probe@1.1.0" (instance)) (import "test:host/probe@1.1.1" (instance))' }),
      'the component imports two versions of `test:host/probe`: 1.1.0 and 1.1.1',
    ],
    [
      'a bare function',
      importing('constructor', '(func)'),
      'the component imports `constructor`, which is not an interface of a package; no gate serves it',
    ],
    [
      'a bare instance',
      importing('to-string', '(instance)'),
      'the component imports `to-string`, which is not an interface of a package; no gate serves it',
    ],
    [
      'a function that the interface does not have',
      agentText({
        before:
          '(import "test:host/probe@1.0.0" (instance $p (export "constructor" (func)))) (core func $c (canon lower (func $p "constructor")))',
        imports: '(import "host" "c" (func))',
        with: '(with "host" (instance (export "c" (func $c))))',
      }),
      'the component calls `test:host/probe@1.0.0#constructor`, which no gate serves',
    ],
  ];
  it.each(cases)('refuses %s by name', async (_, text, message) => {
    expect(await refusal(text)).toMatchObject({ code: 'ERR_COMPONENT_REFUSED', message });
  });

  it('prepares the twin whose import is served', async () => {
    await expect(
      prepared(await componentOf(importing('sallyport:agent/http@0.1.0')), await temporaryFolder()),
    ).resolves.toMatchObject({ cached: false });
  });
});

describe('preparing that takes too much', () => {
  it('ends at the time limit', async () => {
    const component = await componentOf(agentText());
    const work = prepareComponent({
      source: component,
      cacheDirectory: await temporaryFolder(),
      served: SERVED,
      limits: { memoryBytes: 1 << 26, timeoutMs: 20 },
    });
    await expect(work).rejects.toMatchObject({
      code: 'ERR_PREPARE_LIMIT',
      message: 'preparing the component took longer than 20 ms',
    });
  });

  it('ends at the memory limit', async () => {
    const component = await componentOf(agentText());
    const work = prepared(component, await temporaryFolder(), { heapMebibytes: 4 });
    await expect(work).rejects.toMatchObject({
      code: 'ERR_PREPARE_LIMIT',
      message: 'preparing the component took more memory than the limit (1536 MiB, in the heap 4 MiB)',
    });
  });

  it.skipIf(process.platform !== 'linux')(
    'ends at the limit of all its memory, of which the heap is a part',
    async () => {
      const component = await componentOf(agentText());
      const work = prepared(component, await temporaryFolder(), { residentBytes: 48 * 1_048_576 });
      await expect(work).rejects.toMatchObject({
        code: 'ERR_PREPARE_LIMIT',
        message: 'preparing the component took more memory than the limit (48 MiB, in the heap 1024 MiB)',
      });
    },
  );
});
