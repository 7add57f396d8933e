import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { GateConfig } from '../../host/contracts/gate-config.ts';
import { HostError } from '../../host/contracts/errors.ts';
import type { AnyGateConfig } from '../../host/manifest/json-schema.ts';
import { parseManifest, type Manifest } from '../../host/manifest/manifest.ts';
import { createPathProbe } from '../../host/powers/path-probe.ts';

const boxSchema = z
  .strictObject({
    size: z.int().min(1).max(9).optional().describe('Its size.'),
    kind: z.enum(['open', 'closed']).optional().describe('Its kind.'),
    items: z
      .array(z.strictObject({ name: z.string().describe('Its name.') }))
      .optional()
      .describe('What is in it.'),
    form: z
      .union([
        z.strictObject({ round: z.number().describe('Radius.') }),
        z.strictObject({ square: z.number().describe('Side.') }),
      ])
      .optional()
      .describe('Its form.'),
  })
  .describe('A box.');

/** A gate's section, for tests: `box`. Items named `bad` are problems. */
export const boxConfig: GateConfig<
  z.output<typeof boxSchema>,
  { readonly size: number; readonly directory: string }
> = {
  key: 'box',
  schema: boxSchema,
  absent: {},
  resolve(raw, context) {
    raw.items?.forEach(({ name }, index) => {
      if (name === 'bad') context.problem(['items', index, 'name'], 'this item is bad');
      if (name === 'worse') context.problem(['box', 'items', index, 'name'], 'this item is worse');
    });
    return { size: raw.size ?? 1, directory: context.directory };
  },
};
export const GATES: readonly AnyGateConfig[] = [boxConfig];

/** A folder with a policy in it, gone when the test is over. */
export function folderWithPolicy(): {
  directory: string;
  at: (...names: string[]) => string;
  [Symbol.dispose](): void;
} {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-manifest-'));
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'policy', 'policy.csv'), '');
  return {
    directory,
    at: (...names) => join(directory, ...names),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export const parse = (source: string | Uint8Array, directory: string): Manifest =>
  parseManifest(source, join(directory, 'sallyport.yaml'), GATES, { probe: createPathProbe() });

/** The problems of a configuration, as `LINE:COLUMN: message`. */
export function problemsOf(source: string | Uint8Array, directory?: string): readonly string[] {
  using folder = folderWithPolicy();
  const where = directory ?? folder.directory;
  try {
    parse(source, where);
    return [];
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'ERR_CONFIG_INVALID') throw error;
    return error.hints.map((hint) => hint.replace(join(where, 'sallyport.yaml:'), ''));
  }
}
