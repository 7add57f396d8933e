import { CellError } from '../cell-error.ts';
import type { SourceText } from '../policy-file.ts';
import type { ProblemList } from '../problem-list.ts';
import { suggestion } from '../spelling.ts';
import { parseEffect, type PolicyEffect } from './effect.ts';
import { parseMatcher, type Alternatives, type MatcherScope } from './matcher.ts';
import { refusedColumn } from './refused-word.ts';
import { MAX_MODEL, readModelText, shown, type Definition, type Place } from './model-text.ts';

/** A Casbin model of the accepted subset. It says how rows are read; what decides is the same for every model. */
export interface Model extends MatcherScope {
  readonly effect: PolicyEffect;
  readonly matcher: Alternatives;
  /** Where something in a definition stands in the file. */
  readonly place: (section: Section, offset?: number) => Place;
}

export type Section = 'request_definition' | 'policy_definition' | 'role_definition' | 'policy_effect' | 'matchers';

const SECTIONS: ReadonlyMap<string, { readonly key: string; readonly example: string }> = new Map([
  ['request_definition', { key: 'r', example: 'r = sub, act, obj, ctx' }],
  ['policy_definition', { key: 'p', example: 'p = sub, act, obj, when, eft, then' }],
  ['role_definition', { key: 'g', example: 'g = _, _' }],
  ['policy_effect', { key: 'e', example: 'e = some(where (p.eft == allow)) && !some(where (p.eft == deny))' }],
  ['matchers', { key: 'm', example: 'm = g(r.sub, p.sub) && actMatch(r.act, p.act) && objMatch(r.obj, p.obj)' }],
]);

const REQUEST_COLUMNS = ['sub', 'dom', 'act', 'obj', 'ctx'];
const POLICY_COLUMNS = ['sub', 'dom', 'act', 'obj', 'when', 'eft', 'then', 'purpose', 'on_behalf_of'];

/** Reads a model. Every mistake goes to `problems`; `undefined` where there is one. */
export function parseModel(source: SourceText, problems: ProblemList): Model | undefined {
  const { file } = source;
  const mistakes: Place[] = [];
  const report = (place: Place, message: string): void => {
    mistakes.push(place);
    problems.add({ file, ...place, message });
  };
  if (source.text.length > MAX_MODEL) {
    report({ line: 1, column: 1 }, `a model has at most ${MAX_MODEL} characters, this one has ${source.text.length}`);
    return undefined;
  }
  const { definitions, lines } = readModelText(source, report);
  const bySection = new Map<string, Definition>();
  for (const definition of definitions) {
    const mistake = misplaced(definition, bySection);
    if (mistake === undefined) bySection.set(definition.section, definition);
    else report(definition.at, mistake);
  }
  for (const [section, { example }] of SECTIONS) {
    if (!bySection.has(section) && section !== 'role_definition')
      report({ line: lines, column: 1 }, `section \`[${section}]\` is missing; expected for instance \`${example}\``);
  }

  function read<Value>(section: Section, parse: (text: string) => Value): Value | undefined {
    const definition = bySection.get(section);
    if (definition === undefined) return undefined;
    try {
      return parse(definition.value);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      report(definition.place(error.offset), error.message);
      return undefined;
    }
  }

  const request = read('request_definition', (text) => parseColumns(text, REQUEST_COLUMNS, 'a request'));
  const policy = read('policy_definition', (text) => parseColumns(text, POLICY_COLUMNS, 'a row'));
  const roles = bySection.has('role_definition') ? read('role_definition', parseRoles) : 'none';
  if (request === undefined || policy === undefined || roles === undefined) return undefined;
  const effect = read('policy_effect', (text) => parseEffect(text, policy.includes('eft')));
  const matcher = read('matchers', (text) => parseMatcher(text, { request, policy, roles }));
  if (effect === undefined || matcher === undefined || mistakes.length > 0) return undefined;
  const place = (section: Section, offset?: number): Place => {
    const definition = bySection.get(section);
    if (definition === undefined) return { line: lines, column: 1 };
    return offset === undefined ? definition.at : definition.place(offset);
  };
  return Object.freeze({ request, policy, roles, effect, matcher, place });
}

/** What is wrong with a definition as such: its section, its key, or that there is one already. */
function misplaced({ section, key }: Definition, known: ReadonlyMap<string, Definition>): string | undefined {
  const wanted = SECTIONS.get(section);
  if (wanted === undefined) return `unknown section \`${shown(section)}\`${suggestion(section, [...SECTIONS.keys()])}`;
  if (key !== wanted.key && new RegExp(`^${wanted.key}\\d+$`).test(key))
    return `\`${key}\` in \`[${section}]\`: a model has one definition in each section, \`${wanted.key}\``;
  if (key !== wanted.key) return `\`${shown(key)}\` in \`[${section}]\`; expected \`${wanted.example}\``;
  return known.has(section) ? `\`${section}\` is defined twice` : undefined;
}

function parseColumns(text: string, known: readonly string[], what: string): readonly string[] {
  const columns: string[] = [];
  let offset = 0;
  for (const piece of text.split(',')) {
    const name = piece.trim();
    const at = offset + piece.length - piece.trimStart().length;
    const refused = refusedColumn(name);
    if (refused !== undefined) throw new CellError(at, `a column \`${name}\` is not accepted: ${refused}`);
    if (!known.includes(name))
      throw new CellError(at, `unknown column \`${shown(name)}\` of ${what}${suggestion(name, known)}`);
    if (columns.includes(name)) throw new CellError(at, `the column \`${name}\` stands twice`);
    columns.push(name);
    offset += piece.length + 1;
  }
  return columns;
}

function parseRoles(text: string): 'global' | 'domain' {
  const form = text.replace(/\s+/g, '');
  if (form === '_,_') return 'global';
  if (form === '_,_,_') return 'domain';
  throw new CellError(
    0,
    `\`${shown(text)}\` is no definition of roles; expected \`_, _\`, or \`_, _, _\` with domains`,
  );
}
