import { z } from 'zod';
import { PRIMITIVES, type FunctionSignature, type ValueType } from './value-type.ts';

const NAME = z.string();
const TYPE: z.ZodType<ValueType> = z.lazy(() =>
  z.union([
    z.enum(PRIMITIVES),
    z.strictObject({ kind: z.enum(['list', 'option']), of: TYPE }),
    z.strictObject({ kind: z.literal('tuple'), of: z.array(TYPE) }),
    z.strictObject({ kind: z.enum(['enum', 'flags']), names: z.array(NAME) }),
    z.strictObject({ kind: z.enum(['own', 'borrow']), resource: NAME }),
    z.strictObject({ kind: z.literal('record'), fields: z.array(z.tuple([NAME, TYPE])) }),
    z.strictObject({ kind: z.literal('variant'), cases: z.array(z.tuple([NAME, TYPE.nullable()])) }),
    z.strictObject({ kind: z.literal('result'), ok: TYPE.nullable(), err: TYPE.nullable() }),
  ]),
);

/** Signatures by the WIT name of their function, as they stand in a file or an answer. */
export const SIGNATURES: z.ZodType<Record<string, FunctionSignature>> = z.record(
  NAME,
  z.strictObject({ self: z.boolean(), parameters: z.array(TYPE), result: TYPE.nullable() }),
);
