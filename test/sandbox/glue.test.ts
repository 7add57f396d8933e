import { describe, expect, it } from 'vitest';
import { openGlue, quietGlue, readGlue, strictTexts } from '../../host/sandbox/glue.ts';

const TRACING = `const _debugLog = (...args) => {
    if (!globalThis?.process?.env?.JCO_DEBUG) { return; }
    console.debug(...args);
  };`;

const call = (iface: string, name: string): string =>
  `_debugLog('[iface="${iface}", function="${name}"] [Instruction::CallInterface] (sync, @ enter)');`;
const trampoline = (number: number, waits: boolean): string =>
  `_trampoline${number}.fnName = 'a:b/c@1.0.0#f';${waits ? `\n  _trampoline${number}.manuallyAsync = true;` : ''}`;

describe('the generated code', () => {
  it('is made quiet exactly once', () => {
    expect(quietGlue(`a;${TRACING}b;`)).toBe('a;const _debugLog = () => {};b;');
    for (const other of ['', `${TRACING}${TRACING}`, TRACING.replace('JCO_DEBUG', 'JCO_LOG')]) {
      expect(() => quietGlue(other)).toThrow(expect.objectContaining({ code: 'ERR_PREPARE_FAILED' }));
    }
  });

  it('tells which functions it calls and for which it waits', () => {
    const glue = [
      call('a:b/c@1.0.0', 'f'),
      trampoline(1, true),
      call('a:b/c@1.0.0', '[method]r.g'),
      trampoline(2, false),
      call('a:b/c@1.0.0', 'f'),
      trampoline(3, true),
    ];
    expect(readGlue(glue.join('\n')).calls).toEqual(
      new Map([['a:b/c@1.0.0', { functions: ['f', '[method]r.g'], waits: ['f'] }]]),
    );
  });

  it('tells what it takes from the import object', () => {
    const glue = `const { Error: Error$1, fetch: fetch$1, open } = imports['a:b/c'];\n  const { f } = imports['a:b/d'];`;
    expect(readGlue(glue).members).toEqual(
      new Map([
        ['a:b/c', ['Error', 'fetch', 'open']],
        ['a:b/d', ['f']],
      ]),
    );
  });

  it.each([
    ['a call without its trampoline', call('a:b/c', 'f')],
    ['two calls in a row', `${call('a:b/c', 'f')}${call('a:b/c', 'g')}${trampoline(1, false)}`],
    ['imports that are read in another way', `const all = imports['a:b/c'];`],
    ['an interface that is read twice', `const { f } = imports['a:b/c'];\nconst { g } = imports['a:b/c'];`],
  ])('is refused when it has %s', (_, glue) => {
    expect(() => readGlue(glue)).toThrow(expect.objectContaining({ code: 'ERR_PREPARE_FAILED' }));
  });
});

const LIFT = '_lowerImportBackwardsCompat';

/** What stands in the place of `LIFT` in an import that may be lifted by the glue. */
const measuring = (name: string, memory: string, encoding = 'utf8', isAsync = false): string =>
  `instantiateCore.measure("a:b/c@1.0.0", "${name}", ${LIFT}, { memory: ${memory}, encoding: '${encoding}', isAsync: ${isAsync} })`;

/** The statement with which the glue lowers an import, both ways. */
function lowering(number: number, changes: Readonly<Record<string, string>> = {}, lift = LIFT): string {
  const options = {
    componentIdx: '0',
    isAsync: 'false',
    funcTypeIsAsync: 'false',
    stringEncoding: "'utf8'",
    getMemoryFn: '() => memory0',
    getReallocFn: '() => realloc0',
    importFn: `_trampoline${number}`,
    ...changes,
  };
  const text = `null,\n  {\n${Object.entries(options)
    .map(([name, value]) => `    ${name}: ${value},\n`)
    .join('')}  },\n  `;
  const bound = `${lift}.bind(\n  ${text})`;
  return `  let trampoline${number} = _trampoline${number}.manuallyAsync ? new WebAssembly.Suspending(_suspendingImport(0, ${bound})) : ${bound};\n`;
}

describe('the texts of the generated code', () => {
  it('are read strictly, with their byte order mark', () => {
    expect(strictTexts("a(new TextDecoder(), new TextDecoder('utf-16'));")).toBe(
      "a(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }), new TextDecoder('utf-16', { fatal: true, ignoreBOM: true }));",
    );
  });

  it('are refused where they are read in a way that nobody knows', () => {
    expect(() => strictTexts('new TextDecoder(encoding)')).toThrow(
      expect.objectContaining({ code: 'ERR_PREPARE_FAILED' }),
    );
  });
});

describe('the generated code, opened', () => {
  const trampolines = new Map([
    ['1', { iface: 'a:b/c@1.0.0', name: 'f' }],
    ['12', { iface: 'a:b/c@1.0.0', name: '[method]r.g' }],
  ]);

  it('asks the host behind each import that it has lowered', () => {
    const options = { getMemoryFn: '() => null', getReallocFn: 'undefined' };
    const glue = `${lowering(1)}rest\n${lowering(12, options)}`;
    const first = lowering(1, {}, measuring('f', '() => memory0'));
    const second = lowering(12, options, measuring('[method]r.g', '() => null'));
    expect(openGlue(glue, { trampolines })).toBe(
      `${first}  trampoline1 = instantiateCore.lower("a:b/c@1.0.0", "f", trampoline1, { memory: () => memory0, realloc: () => realloc0, flags: () => INSTANCE_FLAGS.get(0) });\nrest\n` +
        `${second}  trampoline12 = instantiateCore.lower("a:b/c@1.0.0", "[method]r.g", trampoline12, { memory: () => null, realloc: undefined, flags: () => INSTANCE_FLAGS.get(0) });\n`,
    );
  });

  it('leaves one of its own as it is', () => {
    expect(openGlue(lowering(2), { trampolines })).toBe(lowering(2));
  });

  it.each([
    ['one with texts of another encoding', { stringEncoding: "'utf16'" }, measuring('f', '() => memory0', 'utf16')],
    ['an asynchronous one', { funcTypeIsAsync: 'true' }, measuring('f', '() => memory0', 'utf8', true)],
  ])('leaves the lifting of %s to the glue, after the host has measured it', (_, options, lift) => {
    expect(openGlue(lowering(1, options), { trampolines })).toBe(lowering(1, options, lift));
  });

  it.each([
    ['options of another form', lowering(1, { getMemoryFn: 'memory0' })],
    ['two memories for one import', lowering(1).replace('memory0', 'memory1')],
    ['a lifting of another name', lowering(1, {}, '_lowerImport')],
    ['a statement of another form', lowering(1).replace('let', 'const')],
  ])('is refused when it has %s', (_, glue) => {
    expect(() => openGlue(glue, { trampolines })).toThrow(expect.objectContaining({ code: 'ERR_PREPARE_FAILED' }));
  });
});
