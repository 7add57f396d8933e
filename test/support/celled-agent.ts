import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { CellKind } from '../../host/index.ts';

/** An agent for the configuration that lives in a cell of that kind. Its digest is pinned: a shared one asks for that. */
export function celledAgent(cell: CellKind, component: string | Uint8Array, more = ''): string {
  const bytes = typeof component === 'string' ? bytesAt(component) : component;
  const digest = `sha256:${hash('sha256', bytes, 'hex')}`;
  return `{ component: agent.wasm, cell: ${cell}, digest: '${digest}'${more} }`;
}

/** Limits for the configuration. In a shared cell instructions are always counted: no test but those of fuel meets that. */
export function celledLimits(cell: CellKind, limits: string): string {
  const counted = cell === 'shared' && !limits.includes('fuel:') ? [limits, 'fuel: 1000000000000'] : [limits];
  return `{ ${counted.filter(Boolean).join(', ')} }`;
}

/** Of a file that cannot be read, nobody compares the digest. */
const bytesAt = (path: string): Uint8Array =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path) : new Uint8Array();
