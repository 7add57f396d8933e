import { z } from 'zod';
import type { GateConfig, ResolveContext } from '../../contracts/gate-config.ts';
import { componentToolSchema, resolveComponentTool } from './component-tool.ts';
import { functionToolSchema, resolveFunctionTool } from './function-tool.ts';
import { processToolSchema, resolveProcessTool } from './process-tool.ts';
import type { ToolDeclaration } from './tool-declaration.ts';
import type { Report } from './tool-fields.ts';
import { isToolName } from './tool-schema.ts';

/** One case for each kind. Tools of another protocol (`mcp`) are a case of their own: a schema and a resolver beside these. */
const toolSchema = z.discriminatedUnion('kind', [processToolSchema, functionToolSchema, componentToolSchema], {
  error: 'expected one of `process`, `function`, `component`',
});

const toolsSchema = z
  .record(z.string(), toolSchema)
  .describe(
    'Tools that agents may call, by name (`git/log`): programs, functions of the embedding program, other agents.',
  );

export type ToolSection = z.infer<typeof toolsSchema>;
type RawTool = z.infer<typeof toolSchema>;

export interface ToolConfig {
  /** In order of name. */
  readonly tools: readonly ToolDeclaration[];
}

/** The key `tools` of the configuration. */
export const toolConfig: GateConfig<ToolSection, ToolConfig> = {
  key: 'tools',
  schema: toolsSchema,
  absent: {},
  resolve(raw: ToolSection, context: ResolveContext): ToolConfig {
    const tools = Object.entries(raw).map(([name, tool]) => resolveTool(name, tool, context));
    return { tools: tools.sort((one, other) => (one.name < other.name ? -1 : 1)) };
  },
};

function resolveTool(name: string, tool: RawTool, context: ResolveContext): ToolDeclaration {
  const report: Report = (field, message) =>
    context.problem(['tools', name, ...(field === '' ? [] : [field])], message);
  if (!isToolName(name)) report('', 'not a tool name: words of `a-z`, `0-9` and `-`, parted by `/`');
  switch (tool.kind) {
    case undefined:
    case 'process':
      return resolveProcessTool(name, tool, context, report);
    case 'function':
      return resolveFunctionTool(name, tool, report);
    case 'component':
      return resolveComponentTool(name, tool, report);
  }
}
