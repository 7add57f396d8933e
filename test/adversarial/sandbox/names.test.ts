import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { prepared, runCell, temporaryFolder } from '../../sandbox/support/cell.ts';
import { agentText, componentOf } from '../../sandbox/support/wat.ts';

/** Marks the realm of whoever imports the generated code. */
const MARK = 'globalThis.sallyportWasHere=true';

const exporting = (name: string): string => agentText({ fields: `(func (export "${name}"))` });

/** A core module that imports from a module of that name, given by an instance of the same name. */
const importing = (from: string, name: string): string =>
  agentText({
    before: `(core module $other (func (export "${name}"))) (core instance $other (instantiate $other))`,
    imports: `(import "${from}" "${name}" (func))`,
    with: `(with "${from}" (instance $other))`,
  });

describe('names that could become code', () => {
  const names: [string, string][] = [
    ['a quote', `'];${MARK};['`],
    ['a double quote', `\\22;${MARK};\\22`],
    ['a backtick', `\`\${${MARK}}\``],
    ['a line break', `a\\0a${MARK}`],
    ['a line separator', `a\\e2\\80\\a8${MARK}`],
    ['a backslash', 'a\\\\'],
    ['a brace', '${x}'],
    ['a comment', '*/x/*'],
    ['a null byte', 'a\\00b'],
    ['257 characters', 'a'.repeat(257)],
  ];
  it.each(names)('are refused as an export: %s', async (_, name) => {
    const folder = await temporaryFolder();
    const work = prepared(await componentOf(exporting(name)), folder);
    await expect(work).rejects.toMatchObject({
      code: 'ERR_COMPONENT_REFUSED',
      message: expect.stringMatching(/could become code/) as string,
    });
    expect(await readdir(folder)).toEqual([]);
    expect('sallyportWasHere' in globalThis).toBe(false);
  });

  it.each([
    ['module', importing(`'];${MARK};['`, 'f')],
    ['function', importing('other', `'];${MARK};['`)],
  ])('are refused as the %s of a core import', async (_, text) => {
    const folder = await temporaryFolder();
    await expect(prepared(await componentOf(text), folder)).rejects.toMatchObject({ code: 'ERR_COMPONENT_REFUSED' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('prepares the twin with every character that tool-chains use', async () => {
    const text = exporting('cabi_post_$x.y:z@1.0.0/#<a>|b=c+d-[e](f) g');
    const end = await runCell(await prepared(await componentOf(text), await temporaryFolder()));
    expect(end.guest).toEqual({ kind: 'ok', output: 'hello' });
  });
});

describe('names of the language', () => {
  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'then', 'sallyport:memory/1'])(
    'are ordinary names of a core module: %s',
    async (name) => {
      const text = importing(name, name).replace(
        '(func (export "cabi_realloc")',
        `(func (export "${name}")) (func (export "cabi_realloc")`,
      );
      const end = await runCell(await prepared(await componentOf(text), await temporaryFolder()));
      expect(end.guest).toEqual({ kind: 'ok', output: 'hello' });
      expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(12);
    },
  );

  it('cannot take the place of the name under which the host finds a memory', async () => {
    const work = prepared(await componentOf(exporting('sallyport:memory/0')), await temporaryFolder());
    await expect(work).rejects.toMatchObject({ code: 'ERR_COMPONENT_INVALID' });
  });
});
