import type { z } from 'zod';
import { didYouMean } from '../contracts/suggestion.ts';
import type { JsonSchema } from './json-schema.ts';
import type { ConfigPath, Position, ProblemList } from './problem-list.ts';
import { schemaProblems } from './schema-problem.ts';
import type { YamlSource } from './yaml-source.ts';

/** A section's value, `undefined` where it is absent; not `ok` where it does not fit. */
export type Section<Value> = { readonly ok: true; readonly value: Value | undefined } | { readonly ok: false };

/** Reads a configuration section by section, so that a mistake in one does not hide those in another. */
export interface SectionReader {
  section<Value>(key: string, schema: z.ZodType<Value>): Section<Value>;
  /** The value of a section; nothing where it is absent or does not fit. */
  value<Value>(key: string, schema: z.ZodType<Value>): Value | undefined;
  problem(path: ConfigPath, message: string): void;
}

/** Starts reading. `known` are the keys that may be there; `schema` makes that of the whole file, for the first mistake. */
export function createSectionReader(
  yaml: YamlSource,
  known: readonly string[],
  schema: () => JsonSchema,
  problems: ProblemList,
): SectionReader {
  const top = topLevel(yaml, known, problems);

  function section<Value>(key: string, zod: z.ZodType<Value>): Section<Value> {
    if (!top.has(key)) return { ok: true, value: undefined };
    const parsed = zod.safeParse(top.get(key));
    if (parsed.success) return { ok: true, value: parsed.data };
    const issues = parsed.error.issues.map((issue) => ({ ...issue, path: [key, ...issue.path] }));
    for (const { path, key: name, message } of schemaProblems(issues, yaml.value, schema())) {
      problems.add(() => yaml.position(path, name), path, message);
    }
    return { ok: false };
  }

  return Object.freeze({
    section,
    value<Value>(key: string, zod: z.ZodType<Value>): Value | undefined {
      const read = section(key, zod);
      return read.ok ? read.value : undefined;
    },
    problem: (path: ConfigPath, message: string) => problems.add(() => yaml.position(path), path, message),
  });
}

const TOP = (): Position => ({ line: 1, column: 1 });

/** The keys of the file. Those that nobody knows are problems, and so is a missing version. */
function topLevel(yaml: YamlSource, known: readonly string[], problems: ProblemList): ReadonlyMap<string, unknown> {
  const { value } = yaml;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const found = value === null || value === undefined ? 'is empty' : 'is not a map of keys';
    problems.add(TOP, [], `the configuration ${found}: it begins with \`version: 1\``);
    return new Map();
  }
  const top = new Map<string, unknown>(Object.entries(value));
  for (const key of top.keys()) {
    if (!known.includes(key))
      problems.add(() => yaml.position([], key), [], `unknown key \`${key}\`${didYouMean(key, known)}`);
  }
  if (!top.has('version')) problems.add(TOP, [], 'missing key `version`: write `version: 1`');
  return top;
}
