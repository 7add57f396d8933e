import { z } from 'zod';
import type { PolicySource } from '../policy-snapshot.ts';
import { finish, type Steps } from '../steps.ts';
import { wordsOf, type Words } from '../vocabulary.ts';
import type { PolicyVersion } from './policy-store.ts';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const count = z.int().min(0);
const text = z.string().max(1000);

const Version = z.strictObject({
  generation: z.int().min(1),
  digest,
  source: digest,
  time: z.iso.datetime(),
  by: text.optional(),
  why: text,
  rules: count,
  added: count,
  removed: count,
});

const SourceText = z.strictObject({ file: z.string(), text: z.string() });
const Texts = z.strictObject({ policy: SourceText, model: SourceText.optional(), words: z.unknown() });

/** A version as its file holds it. */
export const versionJson = (version: PolicyVersion): Uint8Array => Buffer.from(`${JSON.stringify(version)}\n`);

/** Reads the file of a version: known fields in their forms, nothing else; `undefined` for anything else. */
export function parseVersion(bytes: Uint8Array): PolicyVersion | undefined {
  const parsed = Version.safeParse(jsonOf(bytes));
  if (!parsed.success) return undefined;
  const { by, ...version } = parsed.data;
  return { ...version, ...(by === undefined ? {} : { by }) };
}

/** Texts and words, always in the same spelling. The names of files do not count: what counts is what they say. */
export const textsJson = (source: PolicySource, words: Words): Uint8Array => finish(textsSteps(source, words));

/** The same, with pauses. */
export function* textsSteps({ policy, model }: PolicySource, words: Words): Steps<Uint8Array> {
  const rest = {
    ...(model === undefined ? {} : { model: { file: 'model.conf', text: model.text } }),
    words: wordsOf(words),
  };
  const pieces = [Buffer.from('{"policy":{"file":"policy.csv","text":"')];
  for (let at = 0; at < policy.text.length;) {
    const end = at + CHARACTERS_OF_A_STEP;
    // A pair of surrogates stays together: each half alone would be written as an escape.
    const stop = isLeading(policy.text.charCodeAt(end - 1)) ? end + 1 : end;
    pieces.push(Buffer.from(JSON.stringify(policy.text.slice(at, stop)).slice(1, -1)));
    at = stop;
    yield;
  }
  pieces.push(Buffer.from(`"},${JSON.stringify(rest).slice(1)}\n`));
  return Buffer.concat(pieces);
}

const CHARACTERS_OF_A_STEP = 65_536;
const isLeading = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** Reads the file of texts; `undefined` for anything else. */
export function parseTexts(bytes: Uint8Array): PolicySource | undefined {
  const parsed = Texts.safeParse(jsonOf(bytes));
  if (!parsed.success) return undefined;
  const { policy, model } = parsed.data;
  return { policy, ...(model === undefined ? {} : { model }) };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    return undefined;
  }
}
