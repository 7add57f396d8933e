import { DEFAULT_MODEL } from './default-model.ts';
import type { SourceText } from './policy-file.ts';
import type { ProblemList } from './problem-list.ts';
import { suggestion } from './spelling.ts';

interface Definition {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

const PURPOSE: ReadonlyMap<string, string> = new Map([
  ['request_definition', 'what a request is'],
  ['policy_definition', 'the six columns of a row'],
  ['role_definition', 'how roles are given'],
  ['policy_effect', 'that a deny overrides and nothing matched denies'],
  ['matchers', 'when a row matches'],
]);

/**
 * Compares `model.conf` with the accepted model. The file shows an operator what decides; it cannot change it, because
 * another matcher or effect can turn a missing row into an allow. White space and comments are free.
 */
export function checkModelFile({ file, text }: SourceText, problems: ProblemList): void {
  const accepted = new Map(readDefinitions(DEFAULT_MODEL, () => undefined).map((entry) => [entry.section, entry]));
  const found = new Set<string>();
  const lines = text.split('\n').length;
  const report = (line: number, message: string) => problems.add({ file, line, column: 1, message });
  for (const entry of readDefinitions(text, report)) {
    const wanted = accepted.get(entry.section);
    if (wanted === undefined)
      report(entry.line, `unknown section \`${entry.section}\`${suggestion(entry.section, [...accepted.keys()])}`);
    else if (found.has(entry.section)) report(entry.line, `\`${entry.section}\` is defined twice`);
    else if (entry.key !== wanted.key || squeeze(entry.value) !== squeeze(wanted.value)) {
      report(
        entry.line,
        `this does not define ${PURPOSE.get(entry.section) ?? 'the model'} as accepted; expected \`${wanted.key} = ${wanted.value}\``,
      );
    }
    found.add(entry.section);
  }
  for (const { section, key, value } of accepted.values()) {
    if (!found.has(section)) report(lines, `section \`[${section}]\` is missing; expected \`${key} = ${value}\``);
  }
}

const squeeze = (value: string): string => value.replace(/\s+/g, '');

function readDefinitions(text: string, report: (line: number, message: string) => void): readonly Definition[] {
  const definitions: Definition[] = [];
  let section = '';
  for (const { content, line } of logicalLines(text)) {
    const header = /^\[\s*([^\]]*?)\s*\]$/.exec(content);
    const equals = content.indexOf('=');
    if (header) section = header[1] ?? '';
    else if (equals < 0)
      report(line, `\`${content}\` is neither a section nor a definition; expected \`[section]\` or \`key = value\``);
    else
      definitions.push({
        section,
        key: content.slice(0, equals).trim(),
        value: content.slice(equals + 1).trim(),
        line,
      });
  }
  return definitions;
}

/** Lines without comments and blank ones; a line that ends with a backslash goes on in the next. */
function* logicalLines(text: string): Generator<{ content: string; line: number }> {
  let held = '';
  let start = 0;
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  for (const [index, raw] of lines.entries()) {
    const content = raw.replace(/[#;].*$/, '').trim();
    if (held === '') start = index + 1;
    if (content.endsWith('\\')) {
      held += content.slice(0, -1);
      continue;
    }
    const whole = held + content;
    held = '';
    if (whole !== '') yield { content: whole, line: start };
  }
  if (held !== '') yield { content: held, line: start };
}
