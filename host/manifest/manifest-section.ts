import { z } from 'zod';
import { CELL_KINDS } from '../contracts/cell-kind.ts';
import { limitsSchema } from './limit-section.ts';
import { policySchema } from './policy-section.ts';
import { sizeSchema } from './quantity.ts';
import { wasiSchema } from './wasi-section.ts';

/** The host's own part of `sallyport.yaml`: everything but the gates' sections. */

/** Names that stand in policies: one word, as the grammar of cells has it. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const nameSchema = z
  .string()
  .regex(NAME, { error: 'expected a name of letters, digits, `.`, `_` and `-`, at most 64' });
// A zero byte would end a path early in the system's eyes (CWE-158).
const pathSchema = z.string().regex(/^[^\0]+$/, { error: 'expected a path' });
const textSchema = z.string().regex(/^[^\0]*$/, { error: 'expected text without zero bytes' });

const importsSchema = z.enum(['deny', 'strict']);

const namesSchema = z.array(nameSchema).max(1000);

const userSchema = z
  .string()
  .regex(/^user:[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/, { error: 'expected `user:` and a name' });

const CELL_MEANING =
  '`process`: the agent lives in a process of its own that has nothing but its calls to the gates; `thread`: beside them; ' +
  '`shared`: with many others on one thread, for small agents whose digest is pinned.';
const UNSAID_CELL = '`process` without it, and `thread` for an agent whose `digest` is pinned.';

export const agentSchema = z
  .strictObject({
    component: pathSchema.describe('The WebAssembly component; relative to this file.'),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, { error: 'expected `sha256:` and 64 hexadecimal digits in lower case' })
      .optional()
      .describe('The only component that may run under this name: `sha256:` and hex.'),
    purpose: nameSchema.optional().describe('Why it runs: one of `purposes`. Rules may ask for it.'),
    environment: nameSchema.optional().describe('Where it runs: one of `environments`. Rules may ask for it.'),
    onBehalfOf: userSchema.optional().describe('The person on whose behalf it runs: `user:NAME`.'),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected the name of a variable' }), textSchema)
      .optional()
      .describe('Environment variables that the agent sees. It sees no others. No secrets: they enter at the gates.'),
    args: z.array(textSchema).max(1000).optional().describe('Command line arguments that the agent sees.'),
    imports: importsSchema
      .optional()
      .describe('`strict` for this agent alone; where the host is strict, every agent is.'),
    cell: z.enum(CELL_KINDS).optional().describe(`${CELL_MEANING} The host's without it.`),
    wasi: wasiSchema.optional().describe('Its own clock and random bytes; what it does not say is said by the host.'),
    limits: limitsSchema.optional().describe('Lower limits for this agent.'),
  })
  .describe('One agent.');
export type RawAgent = z.output<typeof agentSchema>;

export const priceSchema = z
  .strictObject({
    resource: z
      .string()
      .min(1)
      .describe('What it is for: a pattern as in rules, for instance `https://api.example.com/**`.'),
    action: z
      .string()
      .min(1)
      .optional()
      .describe('For which action alone, for instance `http:POST` or `tool:*`. For all without it.'),
    price: z
      .string()
      .regex(/^\d{1,9}(?:\.\d{1,6})?[A-Z]{3}$/, { error: 'expected an amount and a currency, for instance `0.02EUR`' })
      .describe('What one call costs at the most. It is taken before the call.'),
    report: z
      .union([
        z.strictObject({
          header: z
            .string()
            .regex(/^[A-Za-z0-9-]{1,64}$/)
            .describe('A header of the response.'),
        }),
        z.strictObject({
          field: z
            .string()
            .regex(/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/)
            .max(256)
            .describe('A field of the JSON that a tool answers, with dots.'),
        }),
      ])
      .optional()
      .describe(
        'Where the call says what it did cost, as a decimal number without a currency: the rest is given back.',
      ),
  })
  .describe('One price.');
export type RawPrice = z.output<typeof priceSchema>;

/** The sections by key, in the order in which they are explained. */
export const HOST_SECTIONS = {
  version: z.literal(1).describe('Version of this format: 1.'),
  policy: z
    .union([pathSchema.describe('The directory alone.'), policySchema(pathSchema)], {
      error: 'expected a directory, or a map of keys with `directory`, `engine`, `shadow`',
    })
    .optional()
    .describe('The policy set: its directory, or a section with directory and engine. `policy` without it.'),
  audit: z
    .strictObject({
      directory: pathSchema.optional().describe('Where the records go. `.sallyport/audit` without it.'),
      sync: z
        .enum(['write', 'fsync'])
        .optional()
        .describe(
          '`write` (the default): a record survives the end of the process; `fsync`: the loss of power as well.',
        ),
    })
    .optional()
    .describe('The record of what was asked, decided and done.'),
  cache: z
    .strictObject({
      directory: pathSchema.optional().describe('`.sallyport/cache` without it. Nobody else may write to it.'),
      maxBytes: sizeSchema
        .optional()
        .describe('How large it may become: what was used least recently makes way. 2GiB without it.'),
    })
    .optional()
    .describe('Prepared components. It can be deleted at any time.'),
  purposes: namesSchema.optional().describe('The purposes that agents may have and rules may name.'),
  environments: namesSchema.optional().describe('The environments that agents may run in and rules may name.'),
  labels: namesSchema
    .optional()
    .describe(
      'Labels of data, from the least to the most sensitive. public, internal, confidential, secret without it.',
    ),
  approvers: z
    .record(nameSchema, z.array(userSchema).min(1).max(1000))
    .optional()
    .describe('Who may approve, by the name that `approve=` gives in rules: lists of `user:NAME`.'),
  groups: z
    .record(nameSchema, z.array(userSchema).max(10_000))
    .optional()
    .describe('Groups of people, for rules that test `on-behalf-of=group:NAME`: lists of `user:NAME`.'),
  approvals: z
    .strictObject({
      self: z
        .boolean()
        .optional()
        .describe(
          'Whether people may approve what an agent does on their own behalf. `false` without it: nobody approves his own agent.',
        ),
    })
    .optional()
    .describe('How questions to people are answered.'),
  alerts: namesSchema.optional().describe('The names that `alert=` may give in rules.'),
  state: z
    .strictObject({ directory: pathSchema.optional().describe('`.sallyport/state` without it.') })
    .optional()
    .describe('What outlives a run: counters of budgets, and questions to people.'),
  prices: z
    .array(priceSchema)
    .max(1000)
    .optional()
    .describe(
      'What actions cost, for `cost=` in rules. Of several that fit, the dearest. What no price fits is denied under such a rule.',
    ),
  cell: z.enum(CELL_KINDS).optional().describe(`${CELL_MEANING} ${UNSAID_CELL}`),
  limits: limitsSchema.optional(),
  wasi: wasiSchema.optional(),
  imports: importsSchema
    .optional()
    .describe(
      'What happens to a component that imports an interface of which no rule allows its agent anything. `deny` (the ' +
        'default): every call is denied and recorded; `strict`: it is refused when it is loaded.',
    ),
  agents: z
    .record(nameSchema, agentSchema)
    .optional()
    .describe('The agents, by name. In policies they are `agent:NAME`.'),
} as const;

export const DEFAULT_LABELS: readonly string[] = ['public', 'internal', 'confidential', 'secret'];
