import { z } from 'zod';
import { MOST_ACCESSES, MOST_SHOWN } from './approval/question-form.ts';
import type { ApprovalRequest } from './contracts/approval.ts';

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

/** A request as its cell asks about it. What is too long to be shown is left out, and said to be: its digest is there. */
export function askOf(request: ApprovalRequest): ApprovalAsk {
  const { decision, accesses, summary, payload, partial = false, digest, policy, rules, terms, label } = request;
  const whole = JSON.stringify({ summary, ...(payload === undefined ? {} : { payload }) });
  const shown = whole.length <= MOST_SHOWN ? whole : JSON.stringify({ summary, omitted: 'the payload is too long' });
  return {
    ...{ decision, accesses: [...accesses], shown, partial, digest, policy },
    ...{ rules: [...rules], roles: [...terms.roles], ttlMs: terms.ttlMs },
    ...(label === undefined ? {} : { label }),
  };
}
