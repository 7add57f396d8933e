import { z } from 'zod';
import { MOST_ACCESSES, MOST_SHOWN } from './question-bounds.ts';
import type { QuestionRow } from './approval-table.ts';
import { bondOf, coverOf } from './bond.ts';
import { QUESTION_STATES, type Question, type Vote } from './question.ts';

const text = (most: number) => z.string().max(most);
const name = text(256).min(1);
const count = z.int().nonnegative();
const person = z.string().regex(/^user:[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const questionSchema = z.strictObject({
  id: name,
  run: name,
  agent: name,
  component: name,
  callers: z.array(name).max(16),
  onBehalfOf: z.array(person).max(17),
  purpose: name.optional(),
  environment: name.optional(),
  accesses: z
    .array(z.strictObject({ action: name, resource: text(65_536) }))
    .min(1)
    .max(MOST_ACCESSES),
  shown: text(MOST_SHOWN),
  partial: z.boolean(),
  digest,
  policy: z.strictObject({ digest: name, generation: count }),
  rules: z.array(z.strictObject({ id: name, line: count.optional(), row: text(16_384).optional() })).max(4096),
  roles: z.array(name).min(1).max(64),
  label: name.optional(),
  askedMs: count,
  expiresMs: count,
});

const rowSchema = z.strictObject({
  id: name,
  run: name,
  agent: name,
  bond: digest,
  cover: digest,
  state: z.enum(QUESTION_STATES),
  askedMs: count,
  expiresMs: count,
  waiter: text(256).nullable(),
  body: z.string(),
});

const voteSchema = z.strictObject({
  person,
  verdict: z.enum(['yes', 'no']),
  scope: z.enum(['once', 'run']),
  atMs: count,
});

/** A row with the question in it. */
export interface KeptQuestion extends QuestionRow {
  readonly question: Question;
}

/**
 * Reads a row that anybody may have written who can write the file: every member of its type, and the columns those of the
 * question in it. Nothing where that is not so.
 */
export function parseRow(value: unknown): KeptQuestion | undefined {
  const row = rowSchema.safeParse({ ...(typeof value === 'object' ? value : {}) }).data;
  if (row === undefined) return undefined;
  const question = parseQuestion(row.body);
  if (question === undefined) return undefined;
  const same =
    row.id === question.id &&
    row.agent === question.agent &&
    row.askedMs === question.askedMs &&
    row.expiresMs === question.expiresMs &&
    row.bond === bondOf(question) &&
    row.cover === coverOf(question);
  return same ? { ...row, question } : undefined;
}

function parseQuestion(body: string): Question | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const question = questionSchema.safeParse(value).data;
  return question as Question | undefined; // `exactOptionalPropertyTypes`: what is absent in JSON is absent here
}

/** The votes among some rows; a row that is none has no say. */
export const parseVotes = (rows: readonly unknown[]): readonly Vote[] =>
  rows.flatMap((row) => voteSchema.safeParse({ ...(typeof row === 'object' ? row : {}) }).data ?? []);

/** The row of a new question. */
export const rowOf = (question: Question, waiter: string): QuestionRow => ({
  id: question.id,
  run: question.run,
  agent: question.agent,
  bond: bondOf(question),
  cover: coverOf(question),
  state: 'open',
  askedMs: question.askedMs,
  expiresMs: question.expiresMs,
  waiter,
  body: JSON.stringify(question),
});

/** Whether a question is within the bounds of what can be kept. */
export const fits = (question: Question): boolean => questionSchema.safeParse(question).success;
