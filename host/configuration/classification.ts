import { z } from 'zod';
import type { LabelRef } from '../contracts/decision.ts';
import type { GateConfig } from '../contracts/gate-config.ts';
import type { LabelledResource } from '../contracts/label.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import { CellError } from '../policy/cell-error.ts';
import { parseResourcePattern } from '../policy/resource-pattern.ts';

/** An entry of `classification` as it is written. */
export interface RawClassification {
  readonly resource: string;
  readonly columns?: readonly string[] | undefined;
  readonly label: string;
}

const MOST_ENTRIES = 10_000;

const schema = z
  .array(
    z.strictObject({
      resource: z
        .string()
        .min(1)
        .max(1_024)
        .describe('A resource pattern, as rules have them: `/data/hr/**`, `db:main/orders`, `https://crm.example/**`.'),
      columns: z
        .array(z.string().min(1).max(128))
        .min(1)
        .max(1_000)
        .optional()
        .describe('Columns of a table that have the label; without it, all of the resource has.'),
      label: z.string().describe('One of `labels`.'),
    }),
  )
  .max(MOST_ENTRIES)
  .describe(
    'How sensitive data is: labels of files, tables, columns, hosts and tools. Of several, the highest counts.',
  );

/** The section `classification`: the labels of resources. Which labels there are is checked with `labelsOf`. */
export const classificationConfig: GateConfig<readonly RawClassification[], readonly RawClassification[]> = {
  key: 'classification',
  schema,
  absent: [],
  resolve(raw, context) {
    raw.forEach(({ resource, columns }, index) => {
      try {
        parseResourcePattern(resource);
      } catch (error) {
        if (!(error instanceof CellError)) throw error;
        context.problem([index, 'resource'], error.message);
      }
      if (columns !== undefined && !resource.startsWith('db:'))
        context.problem([index, 'columns'], 'only tables have columns: `db:NAME/TABLE`');
    });
    return raw;
  },
};

/** The entries with the labels that they name. `unknown` is called for each that is none of `order`. */
export function labelledResources(
  entries: readonly RawClassification[],
  order: readonly string[],
  unknown: (message: string) => void,
): readonly LabelledResource[] {
  return entries.flatMap(({ resource, columns, label }, index) => {
    const rank = order.indexOf(label);
    if (rank < 0) unknown(`classification[${index}].label: there is no label \`${label}\`${didYouMean(label, order)}`);
    const ref: LabelRef = { name: label, rank };
    return [{ pattern: resource, ...(columns === undefined ? {} : { columns }), label: ref }];
  });
}
