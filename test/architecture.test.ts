import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { readDriverTypes, type DriverFunction } from './support/driver-types.ts';

const root = resolve(fileURLToPath(new URL('..', import.meta.url)));

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
  /** Loaded when it is asked for. */
  readonly later: boolean;
}
interface SourceFile {
  readonly path: string;
  readonly imports: readonly Import[];
}

/** The layers of design: a file may import from lower layers and from its own room, nothing else. */
const LAYERS: readonly (readonly [RegExp, number])[] = [
  [/^host\/contracts\//, 0],
  [/^host\/powers\//, 1],
  [/^host\/(policy|audit|manifest|sandbox|redaction|approval|budget|labels|secrets|journal)\//, 2],
  [/^host\/enforcement\//, 3],
  [/^host\/(gates|wasi)\//, 4],
  [/^host\/(configuration\/|host-powers\.ts$)/, 5],
  [/^host\/live-policy\//, 6],
  [/^host\/runs\//, 7],
  [/^host\/((cells|views)\/)?[^/]+\.ts$/, 8],
  [/^src\//, 9],
];
const layerOf = (path: string) => LAYERS.find(([room]) => room.test(path))?.[1];
const room = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('host/gates/') ? 3 : 2)
    .join('/');

const EFFECTFUL =
  /^node:(fs|fs\/promises|net|dns|dns\/promises|http|http2|https|tls|dgram|child_process|worker_threads|cluster|sqlite|os|process|vm|wasi|inspector|repl|readline|module|perf_hooks|timers|timers\/promises|stream\/promises|zlib|ffi)$/;
const MAY_TOUCH = /^host\/(powers|sandbox)\//;

function filesBelow(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(path: string): Import[] {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const everyNameIsType =
        clause !== undefined &&
        clause.name === undefined &&
        named !== undefined &&
        ts.isNamedImports(named) &&
        named.elements.every((element) => element.isTypeOnly);
      found.push({
        target: node.moduleSpecifier.text,
        typeOnly: clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || everyNameIsType,
        later: false,
      });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ target: node.moduleSpecifier.text, typeOnly: node.isTypeOnly, later: false });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteral(argument)) found.push({ target: argument.text, typeOnly: false, later: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.map(({ target, typeOnly, later }) => ({
    target: target.startsWith('.') ? relative(root, resolve(root, dirname(path), target)) : target,
    typeOnly,
    later,
  }));
}

const sources: readonly SourceFile[] = [...filesBelow('host'), ...filesBelow('src')].map((path) => ({
  path,
  imports: importsOf(path),
}));
const edges = sources.flatMap(({ path, imports }) => imports.map((entry) => ({ from: path, ...entry })));
const inside = edges.filter(({ target }) => target.startsWith('host/') || target.startsWith('src/'));

describe('architecture', () => {
  it('gives every file a layer', () => {
    expect(sources.filter(({ path }) => layerOf(path) === undefined)).toEqual([]);
  });

  it('lets layers only point down', () => {
    const upward = inside.filter(({ from, target, typeOnly }) => {
      if (room(from) === room(target)) return false;
      const [own, other] = [layerOf(from) ?? -1, layerOf(target) ?? 99];
      // An adapter implements an interface that is declared beside its user: it needs the type, and nothing else.
      if (from.startsWith('host/powers/') && typeOnly) return false;
      return other >= own && !(own === other && own >= 5);
    });
    expect(upward.map(({ from, target }) => `${from} -> ${target}`)).toEqual([]);
  });

  it('lets src reach the host only through its door', () => {
    const past = inside.filter(
      ({ from, target }) => from.startsWith('src/') && target.startsWith('host/') && target !== 'host/index.ts',
    );
    expect(past.map(({ from, target }) => `${from} -> ${target}`)).toEqual([]);
  });

  it('has no import cycle', () => {
    const graph = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports.filter((entry) => !entry.typeOnly).map((entry) => entry.target),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
      if (done.has(path) || trail.includes(path)) return;
      for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
      done.add(path);
    };
    for (const path of graph.keys()) walk(path, []);
    expect(cycles).toEqual([]);
  });

  it('imports effectful modules only in host/powers and host/sandbox', () => {
    const touching = edges.filter(
      ({ from, target, typeOnly }) =>
        from.startsWith('host/') &&
        !typeOnly &&
        (EFFECTFUL.test(target) || /^undici\b/.test(target)) &&
        !MAY_TOUCH.test(from),
    );
    expect(touching.map(({ from, target }) => `${from} -> ${target}`)).toEqual([]);
  });

  it('lets no gate import another gate', () => {
    const across = inside.filter(
      ({ from, target }) =>
        from.startsWith('host/gates/') && target.startsWith('host/gates/') && room(from) !== room(target),
    );
    expect(across.map(({ from, target }) => `${from} -> ${target}`)).toEqual([]);
  });

  it('keeps sandbox and gates unknown to each other', () => {
    const known = inside.filter(
      ({ from, target }) =>
        (from.startsWith('host/sandbox/') && /^host\/(gates|wasi|policy|enforcement|audit)\//.test(target)) ||
        (/^host\/(gates|wasi)\//.test(from) && target.startsWith('host/sandbox/')),
    );
    expect(known.map(({ from, target }) => `${from} -> ${target}`)).toEqual([]);
  });

  it('gives every gate the same five files', () => {
    for (const gate of readdirSync(join(root, 'host/gates'))) {
      for (const file of ['config.ts', 'request.ts', 'driver.ts', 'wit-error.ts', 'index.ts']) {
        expect(existsSync(join(root, 'host/gates', gate, file)), `host/gates/${gate}/${file}`).toBe(true);
      }
    }
  });

  it('names the gates in the two composition roots only: one in the cell, one outside', () => {
    const naming = inside.filter(
      ({ from, target }) => /^host\/gates\/[^/]+\/index\.ts$/.test(target) && !from.startsWith('host/gates/'),
    );
    expect(new Set(naming.map(({ from }) => from))).toEqual(
      new Set(['host/runtime.ts', 'host/configuration/settings.ts']),
    );
  });

  it('mints grants in the pipeline only', () => {
    const minting = sources.filter(({ path }) =>
      /createGrantAuthority|\.mint\(/.test(readFileSync(join(root, path), 'utf8')),
    );
    expect(minting.map(({ path }) => path).sort()).toEqual([
      'host/enforcement/enforce.ts',
      'host/enforcement/grant.ts',
    ]);
  });
});

describe('a cell', () => {
  it('starts without what reads configurations and schemas', () => {
    const byPath = new Map(sources.map((source) => [source.path, source]));
    const reached = new Set<string>(['host/cells/cell-entry.ts', 'host/cells/shared-cell-entry.ts']);
    for (const path of reached)
      for (const { target, typeOnly, later } of byPath.get(path)?.imports ?? [])
        if (!typeOnly && !later) reached.add(target);
    expect(reached.size).toBeGreaterThan(50);
    expect([...reached].filter((target) => /^(?:zod|ajv|yaml|undici|pg|libpg-query|commander)\b/.test(target))).toEqual(
      [],
    );
  });
});

describe('a driver', () => {
  const types = readDriverTypes();
  const nameOf = ({ file, factory, method }: DriverFunction) =>
    `${file} ${factory}()${method === '' ? '' : `.${method}`}`;

  it('is made by every gate', () => {
    const files = new Set(types.functions.map(({ file }) => file));
    for (const gate of types.gates) expect(files).toContain(`host/gates/${gate}/driver.ts`);
  });

  it('has no function that does not take a grant first', () => {
    const others = types.functions.filter(
      ({ first }) => first?.name !== 'Grant' || first.file !== 'host/enforcement/grant.ts',
    );
    expect(others.map(nameOf)).toEqual([]);
  });

  it('cannot be called without a grant: such a call does not compile', () => {
    const call = ({ file, factory, method }: DriverFunction, declared: string, given: string) =>
      `import type { ${factory} } from '../${file}';
import type { Claim, Grant } from './enforcement/grant.ts';
declare const driver: ReturnType<typeof ${factory}>;
type Given = Parameters<typeof driver${method === '' ? '' : `['${method}']`}>[0];
type Target = Given extends Grant<infer T> ? T : never;
${declared}
void driver${method === '' ? '' : `.${method}`}(${given});
`;
    const refused = [
      ['', 'undefined'],
      ['', '{}'],
      ['', 'Object.freeze({})'],
      ['declare const target: Target;', 'target'],
      ['declare const claim: Claim<Target>;', 'claim'],
      ['declare const claim: Claim<Target>;', '{ ...claim }'],
      ['declare const brand: unique symbol;\ndeclare const grant: { readonly [brand]: Target };', 'grant'],
      ["declare const grant: Grant<{ readonly another: 'target' }>;", 'grant'],
    ] as const;
    const texts = types.functions.flatMap((one) => [
      call(one, 'declare const grant: Given;', 'grant'),
      ...refused.map(([declared, given]) => call(one, declared, given)),
    ]);
    const errors = types.errorsOf(texts);
    const wrong = errors.flatMap((found, index) => {
      const allowed = index % (refused.length + 1) === 0;
      const right = allowed
        ? found.length === 0
        : found.length > 0 && found.every((text) => /^TS(?:2345|2353): /.test(text));
      return right ? [] : [`${texts[index] ?? ''}${found.join('\n')}`];
    });
    expect(wrong).toEqual([]);
  }, 120_000);
});
