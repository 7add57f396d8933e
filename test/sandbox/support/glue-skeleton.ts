import ts from 'typescript';

/** One token of generated code: what it is, its text, and for a variable the token that declares it. */
interface Token {
  readonly kind: string;
  readonly text: string | undefined;
  /** The number of the declaring token; `undefined` for what is no variable, -1 for one of the surroundings. */
  readonly declaredAt: number | undefined;
}

/** The code as the list of its tokens, in which `{ a }` is `{ 'a': a }` and `b['a']` is `b.a`. Throws if it does not parse. */
function tokensOf(code: string): readonly Token[] {
  const file = 'glue.js';
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.ESNext, true, ts.ScriptKind.JS);
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost({}),
    getSourceFile: (name) => (name === file ? source : undefined),
    fileExists: (name) => name === file,
    readFile: () => undefined,
    writeFile: () => undefined,
  };
  const program = ts.createProgram([file], { allowJs: true, noLib: true, noResolve: true, types: [] }, host);
  const [problem] = program.getSyntacticDiagnostics(source);
  if (problem !== undefined) throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
  const checker = program.getTypeChecker();

  const tokens: { kind: string; text: string | undefined; symbol: ts.Symbol | undefined; isVariable: boolean }[] = [];
  const declared = new Map<ts.Node, number>();
  const add = (kind: string, text?: string): number =>
    tokens.push({ kind, text, symbol: undefined, isVariable: false });

  function property(name: ts.Node): boolean {
    if (!ts.isIdentifier(name) && !ts.isStringLiteral(name) && !ts.isNumericLiteral(name)) return false;
    add('property', name.text);
    return true;
  }
  function variable(node: ts.Identifier, symbol: ts.Symbol | undefined): void {
    declared.set(node, tokens.length);
    tokens.push({ kind: 'variable', text: node.text, symbol, isVariable: true });
  }
  function visit(node: ts.Node): void {
    if (ts.isShorthandPropertyAssignment(node)) {
      add('PropertyAssignment');
      property(node.name);
      variable(node.name, checker.getShorthandAssignmentValueSymbol(node));
      add('end');
    } else if (ts.isPropertyAccessExpression(node)) {
      add('member');
      visit(node.expression);
      property(node.name);
    } else if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression)) {
      add('member');
      visit(node.expression);
      property(node.argumentExpression);
    } else if (ts.isIdentifier(node)) {
      variable(node, checker.getSymbolAtLocation(node));
    } else {
      add(
        ts.SyntaxKind[node.kind],
        ts.isLiteralExpression(node) || ts.isTemplateLiteralToken(node) ? node.text : undefined,
      );
      const name =
        ts.isPropertyAssignment(node) || ts.isMethodDeclaration(node) || ts.isGetAccessor(node) ? node.name : undefined;
      const bound = ts.isBindingElement(node) ? node.propertyName : name;
      node.forEachChild((child) => {
        if (child !== bound || !property(child)) visit(child);
      });
      if (ts.isBinaryExpression(node) || ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
        const operator = ts.isBinaryExpression(node) ? node.operatorToken.kind : node.operator;
        add('operator', ts.SyntaxKind[operator]);
      }
    }
    add('end');
  }
  visit(source);
  return tokens.map(({ kind, text, symbol, isVariable }) => {
    const [declaration] = symbol?.declarations ?? [];
    const name = declaration === undefined ? undefined : (ts.getNameOfDeclaration(declaration) ?? declaration);
    return { kind, text, declaredAt: isVariable ? (name === undefined ? -1 : (declared.get(name) ?? -1)) : undefined };
  });
}

/** A harmless name, and the one that stands in its place. */
export type Replacement = readonly [harmless: string, hostile: string];

const camel = (name: string): string =>
  name
    .split('-')
    .map((word, index) => {
      const lower = word.toLowerCase();
      return index === 0 ? lower : lower.slice(0, 1).toUpperCase() + lower.slice(1);
    })
    .join('');
const pascal = (name: string): string => camel(`x-${name}`).slice(1);
const quoted = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);

/**
 * Says where two texts differ by more than the names in them: in their structure, in which variable means which, in a
 * text besides the name. `undefined` if they do not.
 */
export function differenceOf(
  harmless: string,
  hostile: string,
  replacements: readonly Replacement[],
): string | undefined {
  const [ours, theirs] = [tokensOf(harmless), tokensOf(hostile)];
  const forms = new Map(
    replacements.flatMap(([from, to]) => [
      [from, `(?:${[...new Set([to, camel(to)])].map(quoted).join('|')})`],
      [pascal(from), quoted(pascal(to))],
    ]),
  );
  const markers = new RegExp([...forms.keys()].map(quoted).join('|'), 'g');

  /** The glue has the names of some of its variables in texts, too. */
  const variables = new Map<string | undefined, string | undefined>();
  ours.forEach(({ text, declaredAt }, at) => {
    if (declaredAt !== undefined && declaredAt >= 0) variables.set(text, theirs[at]?.text);
  });

  function isReplaced(text: string, other: string): boolean {
    if (text === other || variables.get(text) === other) return true;
    let pattern = '';
    let from = 0;
    for (const match of text.matchAll(markers)) {
      pattern += quoted(text.slice(from, match.index)) + (forms.get(match[0]) ?? '');
      from = match.index + match[0].length;
    }
    return from > 0 && new RegExp(`^${pattern}${quoted(text.slice(from))}$`, 's').test(other);
  }

  for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
    const [our, their] = [ours[at], theirs[at]];
    const show = (token: Token | undefined): string => `${token?.kind ?? 'the end'} ${token?.text ?? ''}`;
    if (our === undefined || their === undefined || our.kind !== their.kind || our.declaredAt !== their.declaredAt)
      return `token ${at}: ${show(our)} became ${show(their)}`;
    const isOwn = our.declaredAt !== undefined && our.declaredAt >= 0;
    if (isOwn || our.text === their.text) continue; // a variable of its own may have any name
    if (our.declaredAt === -1 || !isReplaced(our.text ?? '', their.text ?? ''))
      return `token ${at}: ${show(our)} became ${show(their)}`;
  }
  return undefined;
}
