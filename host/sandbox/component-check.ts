import { HostError } from '../contracts/errors.ts';
import type { Program } from '../contracts/program.ts';
import type { RefusedInterface, ServedInterface } from '../contracts/served-interface.ts';
import type { FunctionTypes } from './component-types.ts';
import type { ComponentWorld, InterfaceId } from './component-world.ts';
import type { GlueFacts } from './glue.ts';
import { camelCase, resourceOf } from './import-names.ts';
import { printable } from './printable.ts';

const RUN = /^func\([a-z][a-z0-9-]*: string\) -> result<string, string>$/;
const WANTED = 'run: func(input: string) -> result<string, string>';

/** The export of a WASI command. */
export const COMMAND = /^wasi:cli\/run@0\.2\.\d{1,9}$/;

/** What the host will call of a component, and which kind of program that makes it. */
export interface Entry {
  readonly program: Exclude<Program, 'module'>;
  /** The name of the function, as the transpiler knows it. */
  readonly entry: string;
}

/** Refuses a component without an export that the host calls. Where there are several, it is an agent. */
export function checkExports(world: ComponentWorld): Entry {
  const run = world.exports.get('run');
  if (run !== undefined && RUN.test(run)) return { program: 'agent', entry: 'run' };
  if (run !== undefined) {
    throw new HostError(
      'ERR_COMPONENT_INVALID',
      `the component exports \`run\` as \`${printable(run, 200)}\`, not as \`${WANTED}\``,
    );
  }
  const names = [...world.exports.keys()];
  const commands = names.filter((name) => name.startsWith('wasi:cli/run'));
  const [command] = commands;
  if (command !== undefined) return commandEntry(commands, command);
  const proxy = names.find((name) => name.startsWith('wasi:http/incoming-handler'));
  const hints = [
    `an agent is built against the world \`agent\` of the package \`sallyport:agent\`: it exports \`${WANTED}\``,
  ];
  if (proxy !== undefined) hints.unshift('the component is a WASI HTTP handler; agents are called, they do not serve');
  const has =
    names.length === 0
      ? 'it exports nothing'
      : `it exports ${names
          .map((name) => `\`${printable(name, 60)}\``)
          .slice(0, 8)
          .join(', ')}`;
  throw new HostError('ERR_COMPONENT_INVALID', `the component does not export \`run\`; ${has}`, { hints });
}

/** A component that is no agent and exports `wasi:cli/run`: one version of 0.2. */
function commandEntry(names: readonly string[], name: string): Entry {
  const shown = printable(name, 60);
  if (names.length > 1) throw invalid('the component exports `wasi:cli/run` more than once');
  if (!COMMAND.test(name))
    throw invalid(`the component exports \`${shown}\`; commands of WASI 0.2 are run`, ['build it for WASI 0.2']);
  return { program: 'command', entry: `${name}#run` };
}

/** Refuses every import that no gate serves, and two versions of one interface: they fall on one key of the glue. */
export function checkImports(
  world: ComponentWorld,
  served: readonly ServedInterface[],
  known: readonly RefusedInterface[] = [],
): void {
  const [bare] = world.bareImports;
  if (bare !== undefined)
    throw refused(`the component imports \`${bare}\`, which is not an interface of a package; no gate serves it`);
  const versions = new Map<string, string>();
  for (const id of world.imports) {
    const row = served.find(({ name }) => name === id.name);
    if (row === undefined) throw unserved(id, known);
    if (!row.versions.some((pattern) => matchesVersion(pattern, id.version))) {
      const what = `the component imports \`${fullName(id)}\`; this host serves version ${row.versions.join(', ')} of it`;
      throw refused(what + whyRefused(id, known));
    }
    const other = versions.get(id.name);
    if (other !== undefined && other !== id.version) {
      throw refused(`the component imports two versions of \`${id.name}\`: ${other} and ${id.version ?? 'none'}`);
    }
    versions.set(id.name, id.version ?? '');
  }
}

/**
 * Refuses an import whose functions have other types than those of the contract: a gate is to be handed what its
 * interface says. Interfaces that the contract does not know (a test's own) are not compared.
 */
export function checkTypes(types: FunctionTypes, contract: FunctionTypes): void {
  const known = new Set([...contract.keys()].map((name) => name.split('#')[0]));
  for (const [name, digest] of types) {
    if (!known.has(name.split('#')[0]) || contract.get(name) === digest) continue;
    const what = contract.has(name) ? 'has another type there than in the contract' : 'is no function of the contract';
    throw new HostError('ERR_COMPONENT_REFUSED', `the component imports \`${printable(name, 200)}\`, which ${what}`, {
      hints: ['build the component against the WIT of this host'],
    });
  }
}

/** The imports to which the glue must wait, with the versions of this component. */
export function waitingImports(world: ComponentWorld, served: readonly ServedInterface[]): string[] {
  return world.imports.flatMap((id) =>
    functionsOf(id.name, served)
      .filter(({ waits }) => waits)
      .map(({ name }) => `${fullName(id)}#${name}`),
  );
}

/**
 * Compares what the glue can call with what is served. An `asyncImports` entry that matches nothing is accepted in
 * silence by the transpiler, and the guest would then read a promise as a value: so waiting is compared as well.
 */
export function checkGlue(facts: GlueFacts, world: ComponentWorld, served: readonly ServedInterface[]): void {
  const imported = new Map(world.imports.map((id) => [fullName(id), id.name]));
  for (const [full, { functions, waits }] of facts.calls) {
    const name = imported.get(full);
    if (name === undefined) throw refused(`the component calls \`${printable(full, 120)}\`, which it does not import`);
    for (const called of functions) {
      const row = functionsOf(name, served).find((candidate) => candidate.name === called);
      if (row === undefined)
        throw refused(`the component calls \`${printable(`${full}#${called}`, 200)}\`, which no gate serves`);
      if (row.waits !== waits.includes(called)) {
        throw new HostError(
          'ERR_PREPARE_FAILED',
          `the generated code does not wait for \`${full}#${called}\` as it must`,
        );
      }
    }
  }
  for (const [name, members] of facts.members) checkMembers(name, members, facts, world);
}

/** Everything that the glue takes from an interface is a function that it calls, or a resource class. */
function checkMembers(name: string, members: readonly string[], facts: GlueFacts, world: ComponentWorld): void {
  const id = world.imports.find((candidate) => candidate.name === name);
  if (id === undefined)
    throw refused(`the component reads the interface \`${printable(name, 120)}\`, which it does not import`);
  const functions = facts.calls.get(fullName(id))?.functions ?? [];
  const plain = new Set(functions.filter((called) => resourceOf(called) === undefined).map(camelCase));
  const odd = members.find((member) => !plain.has(member) && !/^[A-Z][A-Za-z0-9]*$/.test(member));
  if (odd !== undefined)
    throw refused(
      `the component reads \`${printable(odd, 80)}\` of \`${name}\`, which is neither function nor resource`,
    );
}

export const fullName = ({ name, version }: InterfaceId): string =>
  version === undefined ? name : `${name}@${version}`;

function functionsOf(name: string, served: readonly ServedInterface[]): ServedInterface['functions'] {
  return served.find((row) => row.name === name)?.functions ?? [];
}

/** `0.2.*` stands for every patch version of 0.2; anything else is exact. */
function matchesVersion(pattern: string, version: string | undefined): boolean {
  if (version === undefined) return false;
  if (!pattern.endsWith('.*')) return version === pattern;
  const prefix = pattern.slice(0, -1);
  return version.startsWith(prefix) && /^\d{1,9}$/.test(version.slice(prefix.length));
}

function unserved(id: InterfaceId, known: readonly RefusedInterface[]): HostError {
  return refused(`the component imports \`${fullName(id)}\`, which no gate serves${whyRefused(id, known)}`);
}

function whyRefused({ name, version }: InterfaceId, known: readonly RefusedInterface[]): string {
  const row = known.find(
    (entry) =>
      (entry.name.endsWith('*') ? name.startsWith(entry.name.slice(0, -1)) : name === entry.name) &&
      entry.versions.some((pattern) => pattern === '*' || matchesVersion(pattern, version)),
  );
  return row === undefined ? '' : `: ${row.why}`;
}

const invalid = (message: string, hints: readonly string[] = []): HostError =>
  new HostError('ERR_COMPONENT_INVALID', message, { hints });
const refused = (message: string): HostError => new HostError('ERR_COMPONENT_REFUSED', message);
