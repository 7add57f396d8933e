import { HostError } from '../contracts/errors.ts';

/** What the generated glue shows of one imported interface. */
export interface GlueImport {
  /** WIT names of the functions that the component can call: `fetch`, `[method]transaction.query`. */
  readonly functions: string[];
  /** Those of them that the glue awaits. */
  readonly waits: string[];
}

/** A function of an interface, by WIT names: `sallyport:agent/http@0.1.0` and `fetch`. */
export interface GlueCall {
  readonly iface: string;
  readonly name: string;
}

/** What the glue reads from the import object. */
export interface GlueFacts {
  /** By the interface's full name, `sallyport:agent/http@0.1.0`. */
  readonly calls: ReadonlyMap<string, GlueImport>;
  /** The property names that it takes from an interface, by unversioned name. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** Which function the glue calls by which of its trampolines. */
  readonly trampolines: ReadonlyMap<string, GlueCall>;
}

const DEBUG_LOG =
  /const _debugLog = \(\.\.\.args\) => \{\s*if \(!globalThis\?\.process\?\.env\?\.JCO_DEBUG\) \{ return; \}\s*console\.debug\(\.\.\.args\);\s*\};/g;
/** A call names its function; a trampoline names its number, and whether it is awaited. */
const STEP =
  /\[iface="(?<iface>[^"\n]*)", function="(?<name>[^"\n]*)"\] \[Instruction::CallInterface\]|_trampoline(?<trampoline>\d+)\.fnName = '[^'\n]*';(?:\s*_trampoline\k<trampoline>\.manuallyAsync = (?<waits>true|false);)?/g;
const MEMBERS = /^\s*const \{ ([^{}\n]*) \} = imports\['([^'\n]*)'\];$/gm;
const READS = /imports\[/g;

/** Empties the tracing function of the glue, which reads the environment at every step: it halves the cost of a call. */
export function quietGlue(glue: string): string {
  const matches = glue.match(DEBUG_LOG)?.length ?? 0;
  if (matches !== 1) throw changed('the tracing function');
  return glue.replace(DEBUG_LOG, 'const _debugLog = () => {};');
}

const DECODER = /\bnew TextDecoder\(([^()]*)\)/g;
const LENIENT = new Map([
  ['', 'utf-8'],
  ["'utf-16'", 'utf-16'],
]);

/** Texts that the glue lifts are what their encoding says, or a trap: as the canonical ABI wants it, and as the host lifts. */
export function strictTexts(glue: string): string {
  return glue.replace(DECODER, (_, given: string) => {
    const encoding = LENIENT.get(given);
    if (encoding === undefined) throw changed('the reading of texts');
    return `new TextDecoder('${encoding}', { fatal: true, ignoreBOM: true })`;
  });
}

/** The statement that makes one lowered import. */
const LOWERED =
  /let trampoline(?<number>\d+) = _trampoline\k<number>\.manuallyAsync \? [^]*?importFn: _trampoline\k<number>,\s*\},\s*\);\n/g;
/** How a trampoline begins that belongs to a method: it looks for the object behind its first argument. */
const METHOD =
  /const _trampoline(\d+) = (?:async )?function\([^)]*\) \{\s*var handle(\d+) = arg0;\s*var rep(\d+) = (handleTable\d+)\[\(handle\2 << 1\) \+ 1\] & ~T_FLAG;\s*var rsc\d+ = (captureTable\d+)\.get\(rep\3\);/g;
const HANDLE_CHECK = 'function rscTableGet(table, handle) {';
const MADE = /= _trampoline\d+\.manuallyAsync \?/g;
const MEMORY = /getMemoryFn: (\(\) => (?:memory\d+|null)),/g;
const REALLOC = /getReallocFn: (\(\) => realloc\d+|undefined),/g;
const INSTANCE = /componentIdx: (\d+),/g;
const ENCODING = /stringEncoding: '([a-z0-9+-]*)',/g;
/** What lifts the arguments of an import, calls it and lowers its answer. */
const LIFTING = /\b_lowerImportBackwardsCompat\.bind\(/g;
const ASYNC = /\b(?:isAsync|funcTypeIsAsync): (true|false),/g;

/**
 * Lets the host lower imports itself: behind each one that the glue has made stands a question to
 * `instantiateCore.lower`, with what the canonical ABI needs to know of it. What the glue lifts all the same, it lifts
 * after the host has measured it (`instantiateCore.measure`).
 */
export function openGlue(glue: string, { trampolines }: Pick<GlueFacts, 'trampolines'>): string {
  let opened = 0;
  const methods = new Map<string, string>();
  for (const [, number = '', , , handles = '', objects = ''] of glue.includes(HANDLE_CHECK)
    ? glue.matchAll(METHOD)
    : [])
    methods.set(number, `, self: (handle) => ${objects}.get(rscTableGet(${handles}, handle).rep)`);
  const text = glue.replace(LOWERED, (statement: string, number: string) => {
    opened++;
    const call = trampolines.get(number);
    if (call === undefined) return statement; // one of the glue's own: the drop of a handle, a fused call
    const [memory, realloc, instance, encoding, isAsync] = [MEMORY, REALLOC, INSTANCE, ENCODING, ASYNC].map((option) =>
      only(statement, option),
    );
    if (memory === undefined || realloc === undefined || instance === undefined)
      throw changed('the options of an import');
    const names = [call.iface, call.name].map((name) => JSON.stringify(name)).join(', ');
    const form = `{ memory: ${memory}, encoding: '${encoding ?? ''}', isAsync: ${isAsync !== 'false'} }`;
    const lifting = statement.match(LIFTING)?.length ?? 0;
    if (lifting !== 2) throw changed('the lifting of an import'); // one that waits, and one that does not
    const measured = statement.replace(
      LIFTING,
      `instantiateCore.measure(${names}, _lowerImportBackwardsCompat, ${form}).bind(`,
    );
    if (encoding !== 'utf8' || isAsync !== 'false') return measured;
    const options = `{ memory: ${memory}, realloc: ${realloc}, flags: () => INSTANCE_FLAGS.get(${instance})${methods.get(number) ?? ''} }`;
    return `${measured}  trampoline${number} = instantiateCore.lower(${names}, trampoline${number}, ${options});\n`;
  });
  if (opened !== (glue.match(MADE)?.length ?? 0)) throw changed('an import');
  return text;
}

/** What a pattern finds, if it is the same everywhere in the text. */
function only(text: string, pattern: RegExp): string | undefined {
  const found = new Set([...text.matchAll(pattern)].map(([, value]) => value));
  return found.size === 1 ? [...found][0] : undefined;
}

/** Reads from the glue what the component can call. Fails where the text is not the known one. */
export function readGlue(glue: string): GlueFacts {
  return { ...readCalls(glue), members: readMembers(glue) };
}

/** A call line names the function; the next trampoline line behind it says whether it is awaited. */
function readCalls(glue: string): Pick<GlueFacts, 'calls' | 'trampolines'> {
  const calls = new Map<string, GlueImport>();
  const trampolines = new Map<string, GlueCall>();
  let pending: GlueCall | undefined;
  for (const { groups = {} } of glue.matchAll(STEP)) {
    const { iface, name, trampoline, waits } = groups;
    if (iface !== undefined && name !== undefined) {
      if (pending !== undefined) throw changed('the order of call and trampoline');
      pending = { iface, name };
    } else if (trampoline !== undefined && pending !== undefined) {
      const found = calls.get(pending.iface) ?? { functions: [], waits: [] };
      calls.set(pending.iface, found);
      if (!found.functions.includes(pending.name)) found.functions.push(pending.name);
      trampolines.set(trampoline, pending);
      if (waits === 'true' && !found.waits.includes(pending.name)) found.waits.push(pending.name);
      pending = undefined;
    }
  }
  if (pending !== undefined) throw changed('a call without a trampoline');
  return { calls, trampolines };
}

function readMembers(glue: string): Map<string, readonly string[]> {
  const members = new Map<string, readonly string[]>();
  let seen = 0;
  for (const [, list = '', iface = ''] of glue.matchAll(MEMBERS)) {
    seen++;
    members.set(
      iface,
      list.split(',').map((item) => item.split(':')[0]?.trim() ?? ''),
    );
  }
  // A reading of the import object that was not understood would leave a function out of the checks.
  if (seen !== (glue.match(READS)?.length ?? 0) || members.size !== seen) throw changed('the reading of imports');
  return members;
}

const changed = (what: string): HostError =>
  new HostError('ERR_PREPARE_FAILED', `the generated code is not of the known form: ${what}`, {
    hints: ['the transpiler is not the version that this host was made for; install the pinned one'],
  });
