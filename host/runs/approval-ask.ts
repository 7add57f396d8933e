import { z } from 'zod';
import { MOST_ACCESSES, MOST_SHOWN } from '../approval/question-bounds.ts';

const name = z.string().min(1).max(256);

/**
 * What a cell says of a question. Who asks, on whose behalf and in which run is not for it to say: the supervisor knows. A
 * timer of the host can hold `ttlMs`.
 */
const askSchema = z.strictObject({
  decision: name,
  accesses: z
    .array(z.strictObject({ action: name, resource: z.string().max(65_536) }))
    .min(1)
    .max(MOST_ACCESSES),
  shown: z.string().max(MOST_SHOWN),
  partial: z.boolean(),
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  policy: z.strictObject({ digest: name, generation: z.int().nonnegative() }),
  rules: z.array(name).max(4096),
  roles: z.array(name).min(1).max(64),
  ttlMs: z.number().positive().max(2_147_483_647),
  label: name.optional(),
});

/** A question on its way from the cell to its supervisor: plain data. */
export type ApprovalAsk = z.infer<typeof askSchema>;

/** Reads a question of a cell: members of known types within their bounds, and nothing else. */
export const parseApprovalAsk = (value: unknown): ApprovalAsk | undefined => askSchema.safeParse(value).data;
