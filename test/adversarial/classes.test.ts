import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/** The classes of attack on each gate. */
const CLASSES: readonly (readonly [folder: string, letter: string, count: number])[] = [
  ['http', 'H', 13],
  ['fs', 'F', 11],
  ['db', 'D', 8],
  ['tool-exec', 'T', 7],
];

/** Classes that have no test yet, and why. */
const LATER: ReadonlyMap<string, string> = new Map([
  ['T8', 'planted text in what a tool server says of itself: there are no tool servers yet'],
  ['T9', 'a tool server that changes after approval: there are no tool servers yet'],
  ['T10', 'tools of two servers that look alike: there are no tool servers yet'],
  ['T11', 'a tool server that asks back: there are no tool servers yet'],
]);

interface Suite {
  readonly file: string;
  readonly title: string;
  /** Calls of `it` inside. */
  readonly tests: number;
}

/** The name of a call: `it` of `it.each([])(...)`. */
function calledName({ expression }: ts.CallExpression): string {
  let callee: ts.Expression = expression;
  while (ts.isCallExpression(callee) || ts.isPropertyAccessExpression(callee)) callee = callee.expression;
  return ts.isIdentifier(callee) ? callee.text : '';
}

function suitesOf(folder: string): readonly Suite[] {
  const directory = join(import.meta.dirname, folder);
  return readdirSync(directory)
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => {
      const file = `${folder}/${name}`;
      const source = ts.createSourceFile(
        file,
        readFileSync(join(directory, name), 'utf8'),
        ts.ScriptTarget.Latest,
        true,
      );
      return source.statements.flatMap((statement) => {
        const call = ts.isExpressionStatement(statement) ? statement.expression : undefined;
        if (call === undefined || !ts.isCallExpression(call) || calledName(call) !== 'describe') return [];
        const [title] = call.arguments;
        const text = title?.getText(source).replace(/^['"`]/, '') ?? '';
        return [{ file, title: text, tests: countTests(call) }];
      });
    });
}

function countTests(node: ts.Node): number {
  let tests = ts.isCallExpression(node) && calledName(node) === 'it' && node.arguments.length > 1 ? 1 : 0;
  ts.forEachChild(node, (child) => void (tests += countTests(child)));
  return tests;
}

describe.each(CLASSES)('the attacks on %s', (folder, letter, count) => {
  const suites = suitesOf(folder);
  const classes = Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);

  it.each(classes)('of class %s have a test with its name', (name) => {
    const own = suites.filter(({ title }) => new RegExp(`^${name}(?!\\d)[:\\s]`).test(title));
    expect(own.map(({ file }) => file)).not.toEqual([]);
    expect(own.filter(({ tests }) => tests === 0)).toEqual([]);
  });

  it('say no class that is not known', () => {
    const odd = suites.filter(({ title }) => {
      const [, named] = /^([HFDT]\d+)\b/.exec(title) ?? [];
      return named !== undefined && !classes.includes(named);
    });
    expect(odd.map(({ file, title }) => `${file}: ${title}`)).toEqual([]);
  });
});

describe('the attacks that have no test yet', () => {
  it('are those of tool servers alone, and have none that nobody noticed', () => {
    const titles = CLASSES.flatMap(([folder]) => suitesOf(folder)).map(({ title }) => title);
    for (const [name, reason] of LATER) {
      expect(reason).toContain('there are no tool servers yet');
      expect(titles.filter((title) => title.startsWith(`${name}:`) || title.startsWith(`${name} `))).toEqual([]);
    }
  });
});
