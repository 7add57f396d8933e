import { readFileSync, writeSync } from 'node:fs';
import { HostError } from '../contracts/errors.ts';
import { MODULE_FILE, type ArtefactImport } from './artefact.ts';
import { CONTRACT_TYPES } from './contract-types.ts';
import { importedFunctions, type ImportedFunctions } from './component-types.ts';
import { checkExports, checkGlue, checkImports, checkTypes, fullName, waitingImports } from './component-check.ts';
import { isCoreModule } from './component-source.ts';
import { readWorld, type ComponentWorld } from './component-world.ts';
import { vetCoreNames, vetFileName } from './core-names.ts';
import { checkCommandGlue } from './command-glue.ts';
import { decodeFrame, encodeFrame } from './frame.ts';
import { addFuel } from './fuel.ts';
import { openGlue, quietGlue, readGlue, strictTexts, type GlueFacts } from './glue.ts';
import { namelessMethods, vetGlueNames } from './glue-names.ts';
import { mostOf, planMemory } from './memory-plan.ts';
import { ownedBy, rewriteModule, type Ceilings, type Owned } from './module-limits.ts';
import {
  ANSWER_FD,
  type PrepareAnswer,
  type ChildRequest,
  type PreparedModule,
  type PrepareJob,
} from './prepare-job.ts';
import { checkModule } from './preview1-check.ts';
import { withoutPaths } from './printable.ts';
import { loadTranspiler } from './transpiler.ts';
import { isShort } from './value-type.ts';

/*
 * The child in which one untrusted component is prepared. It lives for this one component, because a malformed one
 * leaves the transpiler unusable, and it never imports what is generated here.
 */

interface Prepared {
  readonly answer: PrepareAnswer;
  readonly blobs: readonly Uint8Array[];
}

const prepare = async (file: Uint8Array, request: ChildRequest): Promise<Prepared> =>
  isCoreModule(file) ? prepareModule(file, request) : prepareComponent(file, request);

async function prepareComponent(component: Uint8Array, { job, toolchain }: ChildRequest): Promise<Prepared> {
  if (toolchain === undefined) throw new HostError('ERR_PREPARE_FAILED', 'the preparing process has no transpiler');
  const transpiler = await loadTranspiler(toolchain);
  const world = readWorld(await invalidIfThrows(() => transpiler.printWit(component)));
  const { program, entry } = checkExports(world);
  checkImports(world, job.served, job.refused);
  const imported = await invalidIfThrows(() => importedFunctions(component));
  checkTypes(imported.types, CONTRACT_TYPES);
  const waiting = waitingImports(world, job.served);
  const files = await invalidIfThrows(() => transpiler.transpile(component, waiting, entry));

  const sources = new Map<string, Uint8Array<ArrayBuffer>>();
  let glueBytes: Uint8Array | undefined;
  for (const [name, bytes] of files) {
    vetFileName(name);
    if (name.endsWith('.js')) {
      glueBytes = bytes;
      continue;
    }
    const source = Uint8Array.from(bytes);
    vetCoreNames(compiled(name, source));
    sources.set(name, source);
  }
  if (glueBytes === undefined) throw new HostError('ERR_PREPARE_FAILED', 'the transpiler wrote no glue');

  const glue = strictTexts(namelessMethods(quietGlue(new TextDecoder('utf-8', { fatal: true }).decode(glueBytes))));
  vetGlueNames(glue);
  const facts = readGlue(glue);
  checkGlue(facts, world, job.served);
  if (program === 'command') checkCommandGlue(glue, entry);
  const modules = capModules(sources, job);
  return {
    answer: {
      status: 'ok',
      program,
      modules: modules.map(({ module }) => module),
      imports: importsOf(world, facts, imported),
    },
    blobs: [new TextEncoder().encode(openGlue(glue, facts)), ...modules.map(({ bytes }) => bytes)],
  };
}

/** A core module runs as it is: it is vetted and capped like those of a component, and needs no glue. */
function prepareModule(file: Uint8Array, { job }: ChildRequest): Prepared {
  const source = Uint8Array.from(file);
  const module = compiled(MODULE_FILE, source);
  vetCoreNames(module);
  const imports = checkModule(module, source, job.served);
  const modules = capModules(new Map([[MODULE_FILE, source]]), job);
  return {
    answer: { status: 'ok', program: 'module', modules: modules.map((prepared) => prepared.module), imports },
    blobs: [new Uint8Array(), ...modules.map(({ bytes }) => bytes)],
  };
}

function capModules(
  sources: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  { budget, fuel }: PrepareJob,
): { module: PreparedModule; bytes: Uint8Array }[] {
  const owned = new Map([...sources].map(([name, source]) => [name, ownedBy(source)]));
  const plan = planMemory(owned, budget);
  return [...sources].map(([name, source]) => {
    const own: Owned = owned.get(name) ?? { memories: [], tables: [] };
    const ceilings: Ceilings = plan.get(name) ?? { memories: [], tables: [] };
    const bytes = rewriteModule(fuel ? addFuel(source) : source, ceilings);
    compiled(name, bytes);
    const pages = mostOf(own.memories, ceilings.memories);
    const tableEntries = mostOf(own.tables, ceilings.tables);
    const [memories, tables] = [own.memories.length, own.tables.length];
    return { module: { name, pages, tableEntries, memories, tables }, bytes };
  });
}

function importsOf(
  world: ComponentWorld,
  facts: GlueFacts,
  imported: ImportedFunctions,
): Record<string, ArtefactImport> {
  return Object.fromEntries(
    world.imports.map((id) => {
      const { functions, waits } = facts.calls.get(fullName(id)) ?? { functions: [], waits: [] };
      const classes = (facts.members.get(id.name) ?? []).filter((member) => /^[A-Z]/.test(member));
      const signatures = functions.flatMap((name) => {
        const signature = imported.signatures.get(`${id.name}#${name}`);
        return signature !== undefined && isShort(signature) ? [[name, signature] as const] : [];
      });
      return [
        id.name,
        { version: id.version ?? '', functions, waits, classes, signatures: Object.fromEntries(signatures) },
      ];
    }),
  );
}

function compiled(name: string, bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    throw invalid(error, `the core module \`${name}\` is not valid`);
  }
}

/** Whatever the transpiler says about a component is about the component. */
async function invalidIfThrows<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof HostError ? error : invalid(error, 'the file is not a valid component');
  }
}

function invalid(error: unknown, what: string): HostError {
  const text = error instanceof Error ? ('payload' in error ? String(error.payload) : error.message) : String(error);
  const [line = ''] = text.trim().split('\n');
  return new HostError('ERR_COMPONENT_INVALID', `${what}: ${withoutPaths(line, 300)}`);
}

function refusal(error: unknown): PrepareAnswer {
  if (error instanceof HostError) {
    return { status: 'refused', code: error.code, message: error.message, hints: error.hints };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    status: 'refused',
    code: 'ERR_PREPARE_FAILED',
    message: `preparing failed: ${withoutPaths(text, 300)}`,
    hints: [],
  };
}

function answer(prepared: Prepared): void {
  for (const part of encodeFrame({ header: prepared.answer, blobs: prepared.blobs })) {
    for (let at = 0; at < part.length;) at += writeSync(ANSWER_FD, part, at);
  }
}

const { header, blobs } = decodeFrame(readFileSync(0));
const [component = new Uint8Array()] = blobs;
try {
  answer(await prepare(component, header as ChildRequest)); // the host wrote it a moment ago: the two files are one program
} catch (error) {
  answer({ answer: refusal(error), blobs: [] });
}
