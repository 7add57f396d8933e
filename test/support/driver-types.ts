import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..', '..');

/** One function of a driver that takes something, as the types have it. */
export interface DriverFunction {
  /** `host/gates/NAME/driver.ts`, or another that a gate has beside it. */
  readonly file: string;
  /** The exported function that makes the driver. */
  readonly factory: string;
  /** The name of the method; nothing where the driver is a function itself. */
  readonly method: string;
  /** The name of the type of the first parameter, and the file that declares it. */
  readonly first: { readonly name: string; readonly file: string } | undefined;
}

/** The types of all drivers, found by walking the gates, and a compiler for calls of them. */
export interface DriverTypes {
  readonly gates: readonly string[];
  readonly functions: readonly DriverFunction[];
  /** What the compiler says of each text, as a file beside the hosts'. Nothing is written. */
  errorsOf(texts: readonly string[]): readonly (readonly string[])[];
}

/** Reads the drivers of every gate with the compiler's own types. */
export function readDriverTypes(): DriverTypes {
  const gates = readdirSync(join(root, 'host/gates')).sort();
  const files = gates.flatMap((gate) =>
    readdirSync(join(root, 'host/gates', gate))
      .filter((name) => /(^|-)driver\.ts$/.test(name))
      .map((name) => join(root, 'host/gates', gate, name)),
  );
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    { noEmit: true, incremental: false },
    {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: (problem) => {
        throw new Error(ts.flattenDiagnosticMessageText(problem.messageText, '\n'));
      },
    },
  );
  if (config === undefined) throw new Error('there is no tsconfig.json');
  const program = ts.createProgram(files, config.options);
  const checker = program.getTypeChecker();
  return {
    gates,
    functions: files.flatMap((file) => functionsOf(file, program, checker)),
    errorsOf: (texts) => compile(texts, { ...config.options, noUnusedLocals: false }, program),
  };
}

function functionsOf(file: string, program: ts.Program, checker: ts.TypeChecker): DriverFunction[] {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (source === undefined || module === undefined) throw new Error(`${file} is not a module`);
  return checker.getExportsOfModule(module).flatMap((exported) => {
    if (!/^create\w*Driver$/.test(exported.name)) return [];
    const [made] = checker.getTypeOfSymbolAtLocation(exported, source).getCallSignatures();
    if (made === undefined) return [];
    const driver = made.getReturnType();
    const methods: readonly (readonly [string, ts.Type])[] = [
      ['', driver],
      ...driver
        .getProperties()
        .map((one): [string, ts.Type] => [one.name, checker.getTypeOfSymbolAtLocation(one, source)]),
    ];
    return methods.flatMap(([method, type]) =>
      type.getCallSignatures().flatMap((signature): DriverFunction[] => {
        // What takes nothing cannot be told what to do: it ends what is open.
        if (signature.getParameters().length === 0) return [];
        return [
          { file: relative(root, file), factory: exported.name, method, first: firstOf(signature, source, checker) },
        ];
      }),
    );
  });
}

function firstOf(signature: ts.Signature, source: ts.SourceFile, checker: ts.TypeChecker): DriverFunction['first'] {
  const [parameter] = signature.getParameters();
  const symbol = parameter && checker.getTypeOfSymbolAtLocation(parameter, source).getSymbol();
  const declared = symbol?.declarations?.[0]?.getSourceFile().fileName;
  return symbol === undefined || declared === undefined
    ? undefined
    : { name: symbol.name, file: relative(root, declared) };
}

function compile(texts: readonly string[], options: ts.CompilerOptions, before: ts.Program): readonly string[][] {
  const own = new Map(texts.map((text, index) => [join(root, 'host', `driver-call-${index}.ts`), text]));
  const base = ts.createCompilerHost(options);
  const program = ts.createProgram([...own.keys()], options, {
    ...base,
    fileExists: (path) => own.has(path) || base.fileExists(path),
    readFile: (path) => own.get(path) ?? base.readFile(path),
    getSourceFile: (path, language, ...rest) => {
      const text = own.get(path);
      if (text !== undefined) return ts.createSourceFile(path, text, language, true);
      return before.getSourceFile(path) ?? base.getSourceFile(path, language, ...rest);
    },
  });
  return [...own.keys()].map((path) =>
    program
      .getSemanticDiagnostics(program.getSourceFile(path))
      .map(({ code, messageText }) => `TS${code}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`),
  );
}
