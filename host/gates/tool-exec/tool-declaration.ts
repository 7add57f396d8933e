import type { ComponentTool } from './component-tool.ts';
import type { FunctionTool } from './function-tool.ts';
import type { ProcessTool } from './process-tool.ts';

/** A tool of any kind, checked. Plain data. */
export type ToolDeclaration = ProcessTool | FunctionTool | ComponentTool;
