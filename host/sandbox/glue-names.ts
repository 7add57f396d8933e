import { Script } from 'node:vm';
import { HostError } from '../contracts/errors.ts';

const DECLARED = /^( *)(?:async )?(class|function\*?|let|const|var) ([\w$]+)/gm;
/** Where the glue declares what it makes of exports, and where its own variables around that: by indentation. */
const EXPORTED = 4;
const AROUND = 2;
const METHOD = /^( *[\w$]+(?:\.prototype)?\.[\w$]+ = (?:async )?function\*?) [\w$]+\(/gm;
const SURROUNDINGS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(globalThis));

/**
 * Refuses glue in which a name of the component took the place of another: the transpiler makes variables of the names
 * of functions and resources, and does not keep all of them apart from its own (`exports0`) and from those of the
 * language (`Promise`). The glue is compiled here, and never run.
 */
export function vetGlueNames(glue: string): void {
  const [exported, around] = [new Set<string>(), new Set<string>()];
  for (const [, indent = '', kind = '', name = ''] of glue.matchAll(DECLARED)) {
    if (SURROUNDINGS.has(name)) throw taken(name);
    const isVariable = kind === 'let' || kind === 'const' || kind === 'var';
    if (!isVariable && indent.length === EXPORTED) exported.add(name);
    if (isVariable && indent.length <= AROUND) around.add(name);
  }
  for (const name of exported) if (around.has(name)) throw taken(name);
  try {
    new Script(`'use strict';${glue.replace(/^export /gm, '').replaceAll('import.meta', 'importMeta')}`);
  } catch (error) {
    const [, name] = /^Identifier '([\w$]+)' has already been declared$/.exec(messageOf(error)) ?? [];
    if (name !== undefined) throw taken(name);
    throw new HostError('ERR_COMPONENT_REFUSED', 'a name of the component makes the generated code invalid', {
      cause: error,
    });
  }
}

/** Takes the names of methods from their functions: inside of them, they would hide the glue's own (`handleTable0`). */
export const namelessMethods = (glue: string): string => glue.replace(METHOD, '$1(');

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : '');

const taken = (name: string): HostError =>
  new HostError('ERR_COMPONENT_REFUSED', `the component uses a name that the generated code needs itself: \`${name}\``);
