import { describe, expect, it } from 'vitest';
import { readWorld } from '../../host/sandbox/component-world.ts';

const world = (body: string): ReturnType<typeof readWorld> =>
  readWorld(`package root:component;\n\nworld root {\n${body}\n}\n`);

describe('the world of a component', () => {
  it('has imports with and without version, and exports with their types', () => {
    const { imports, exports, bareImports } = world(`
      import wasi:cli/exit@0.2.6;
      import a:b/c;
      use a:b/c.{d};
      export run: func(input: string) -> result<string, string>;
      export a:b/e@1.0.0-rc.1;`);
    expect(imports).toEqual([
      { name: 'wasi:cli/exit', version: '0.2.6' },
      { name: 'a:b/c', version: undefined },
    ]);
    expect(bareImports).toEqual([]);
    expect([...exports]).toEqual([
      ['run', 'func(input: string) -> result<string, string>'],
      ['a:b/e@1.0.0-rc.1', 'interface'],
    ]);
  });

  it('takes comments and feature gates for what they are', () => {
    const { imports, exports } = world(`
      /// import evil:corp/x; "quoted" \`text\` { }
      @since(version = 0.2.0)
      import a:b/c@0.2.0; // }
      /* } export run: func(); */
      export %run: func();`);
    expect(imports).toEqual([{ name: 'a:b/c', version: '0.2.0' }]);
    expect([...exports]).toEqual([['run', 'func()']]);
  });

  it('names imports that are no interface of a package', () => {
    const { bareImports, imports } = world(`
      import f: func();
      import i: interface {
        import-me: func();
        record r { x: u8 }
      }
      import %constructor: func();
      import a:b/c;`);
    expect(bareImports).toEqual(['f', 'i', 'constructor']);
    expect(imports).toEqual([{ name: 'a:b/c', version: undefined }]);
  });

  it('is not there in a WIT package', () => {
    expect(() => readWorld('package a:b;\ninterface c {}\n')).toThrow(
      expect.objectContaining({ code: 'ERR_COMPONENT_INVALID' }),
    );
  });

  it.each(["'", '"', '`', '\\', '$', '\u2028'])('has no names with %j', (character) => {
    expect(() => world(`import a${character}:b/c;`)).toThrow(
      expect.objectContaining({ code: 'ERR_COMPONENT_REFUSED' }),
    );
  });
});
