import type { LintedRule, LintFinding } from './lint-finding.ts';
import { matchParts, parsePath } from './path-glob.ts';
import { matchesResource } from './resource-pattern.ts';
import { splitCanonical } from './resource-parts.ts';
import { capabilityOf } from './vocabulary.ts';

/** What the configuration declares, as far as rows can name it. */
export interface Declared {
  readonly tools: readonly DeclaredTool[];
  readonly databases: readonly string[];
  /** Virtual paths of the mounts. */
  readonly mounts: readonly string[];
}

export interface DeclaredTool {
  readonly name: string;
  /** The file that is run, if it is one. */
  readonly program?: string;
  readonly takesArguments: boolean;
}

/** Warns of allow rows that let more through than a reader sees. */
export function* lintBreadth({ rule }: LintedRule, declared: Declared | undefined): Generator<LintFinding> {
  if (rule.effect !== 'allow') return;
  switch (capabilityOf(rule.action)) {
    case 'http':
      yield* lintHost(rule);
      return;
    case 'db':
      yield* lintTables(rule, declared);
      return;
    case 'tool':
      yield* lintPrograms(rule, declared);
  }
}

type Rule = LintedRule['rule'];

/** Names of one label under which nobody registers: of private networks, and reserved ones (RFC 2606, 6762, 9476). */
const PRIVATE_NAMES =
  /^(?:alt|corp|example|home|internal|intranet|invalid|lan|local|localhost|localdomain|private|test)$/;
/** Labels under which countries register names. */
const SECOND_LEVEL = /^(?:ac|co|com|edu|gob|gov|ltd|net|ne|nom|or|org)\.[a-z]{2}$/;

function* lintHost({ resource: { host, text } }: Rule): Generator<LintFinding> {
  if (host === undefined) return;
  const suffix = host.suffix.replace(/^\./, '');
  if (suffix === '')
    yield { message: `\`${text}\` is every host there is, and data may leave to any of them; name the hosts` };
  else if ((!suffix.includes('.') && !PRIVATE_NAMES.test(suffix)) || SECOND_LEVEL.test(suffix))
    yield {
      message: `anybody can register a name under \`${suffix}\`, so \`${text}\` is a host of anybody's; name the hosts`,
    };
}

const hasClause = ({ condition }: Rule, ...names: readonly string[]): boolean =>
  condition.clauses.some(({ about }) =>
    names.some((name) => about === name || (name === 'arg.' && about.startsWith(name))),
  );

function* lintTables(rule: Rule, declared: Declared | undefined): Generator<LintFinding> {
  const [, ...table] = rule.resource.parts.path;
  if (!table.some((segment) => segment === '*' || segment === '**')) return;
  // A declared statement says by itself which tables it is about.
  if (hasClause(rule, 'arg.statement')) return;
  const name = rule.resource.parts.path[0] ?? '';
  const known = declared?.databases.includes(name) === true ? name : undefined;
  const [who, action, , when, , then] = rule.cells;
  yield {
    message: `\`${rule.resource.text}\` is every table, those that are made later and the schema among them; write a row for each table`,
    ...(known === undefined ? {} : { mend: [`p, ${who}, ${action}, db:${known}/TABLE, ${when}, allow, ${then}`] }),
  };
}

/** Programs of which one option or one operand can run another program, or write any file. */
const FAR_REACHING: ReadonlySet<string> = new Set(
  (
    'git hg svn sh bash dash zsh ksh fish busybox env xargs find tar zip unzip rsync ssh scp sftp curl wget nc socat ' +
    'make cmake ninja npm npx pnpm yarn node deno bun python python3 perl ruby php lua awk gawk mawk sed ed vi vim ' +
    'less more man docker podman kubectl helm psql sqlite3 mysql openssl gpg sudo su nice timeout watch parallel ' +
    'systemd-run crontab at go cargo pip apt apt-get dpkg'
  ).split(' '),
);

function* lintPrograms(rule: Rule, declared: Declared | undefined): Generator<LintFinding> {
  if (declared === undefined || hasClause(rule, 'arg.')) return;
  const wide = declared.tools.filter(({ name, program, takesArguments }) => {
    const parts = splitCanonical(`tool:${name}`);
    const file = program?.slice(program.lastIndexOf('/') + 1).replace(/[-.\d]+$/, '') ?? '';
    const reaching = FAR_REACHING.has(file) || FAR_REACHING.has(program?.slice(program.lastIndexOf('/') + 1) ?? '');
    return takesArguments && reaching && parts !== undefined && matchesResource(rule.resource, parts);
  });
  const [who, action, resource, , , then] = rule.cells;
  for (const { name, program } of wide)
    yield {
      message: `\`tool:${name}\` runs \`${program ?? ''}\`, which can do far more than it seems, with any arguments; test them (\`arg.NAME=value\`)`,
      mend: [
        `p, ${who}, ${action}, ${resource.includes('*') ? `tool:${name}` : resource}, arg.NAME=value, allow, ${then}`,
      ],
    };
}

/** Warns of rows about something that the configuration does not declare: a misspelt deny row protects nothing. */
export function* lintDeclared({ rule }: LintedRule, declared: Declared | undefined): Generator<LintFinding> {
  if (declared === undefined) return;
  const { parts } = rule.resource;
  const says = (kind: string) => ({
    message: `the configuration declares no ${kind} that \`${rule.resource.text}\` names: under it this row says nothing`,
  });
  const reaches = (resource: string): boolean => {
    const given = splitCanonical(resource);
    return given !== undefined && matchesResource(rule.resource, given);
  };
  switch (capabilityOf(rule.action)) {
    case 'tool':
      if (parts.head === 'tool:' && !declared.tools.some(({ name }) => reaches(`tool:${name}`))) yield says('tool');
      return;
    case 'db':
      if (parts.head === 'db:' && !declared.databases.some((name) => beginsAt(parts.path, [name.toLowerCase()])))
        yield says('database');
      return;
    case 'fs':
      if (parts.head === '' && !declared.mounts.some((mount) => beginsAt(parts.path, mount.split('/').slice(1))))
        yield says('mount');
  }
}

/** Whether a pattern can match something at these segments or below them. */
function beginsAt(pattern: readonly string[], segments: readonly string[]): boolean {
  if (segments.length === 1 && segments[0] === '') return true; // the root
  for (const [index, segment] of segments.entries()) {
    const part = pattern[index];
    if (part === '**') return true;
    if (part === undefined || !matchParts(parsePath(part, 0), [segment])) return false;
  }
  return true;
}
