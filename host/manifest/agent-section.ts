import { resolve } from 'node:path';
import type { CellKind } from '../contracts/cell-kind.ts';
import type { ResolveContext } from '../contracts/gate-config.ts';
import type { GuestWorld } from '../contracts/guest-world.ts';
import type { RunLimits } from '../contracts/limits.ts';
import { didYouMean } from '../contracts/suggestion.ts';
import { lowerLimits, resolveLimits } from './limit-section.ts';
import { limitsFor } from './shared-cell.ts';
import type { RawAgent } from './manifest-section.ts';
import { resolveWasi } from './wasi-section.ts';

/** One agent, as the configuration has it. Its roles are said by policy. */
export interface AgentManifest {
  readonly name: string;
  /** Absolute path. Whether it is there is seen when it runs: another agent's component may not be built yet. */
  readonly component: string;
  /** The only component that may run: `sha256:` and hex. */
  readonly digest?: string;
  readonly purpose?: string;
  readonly environment?: string;
  /** `user:NAME`. */
  readonly onBehalfOf?: string;
  readonly env: ReadonlyMap<string, string>;
  readonly args: readonly string[];
  /** Whether a component that imports what no rule grants is refused at load; the stricter of the host's and its own. */
  readonly imports: 'deny' | 'strict';
  /** Where it lives: what it says itself, what the host says for all, or what `unsaidCell` does. */
  readonly cell: CellKind;
  /** What it takes for the time and for chance: what it says itself, or what the host says for all. */
  readonly wasi: GuestWorld;
  /** The lower of the host's and its own. */
  readonly limits: RunLimits;
}

/** What the rest of the configuration declares. */
export interface Declared {
  readonly purposes: readonly string[];
  readonly environments: readonly string[];
  readonly limits: RunLimits;
  readonly imports: 'deny' | 'strict';
  readonly wasi: GuestWorld;
  /** For agents that do not say it themselves; without it, what is known of their components decides. */
  readonly cell?: CellKind;
}

/** Checks the agents against what is declared. */
export function resolveAgents(
  raw: Readonly<Record<string, RawAgent>>,
  declared: Declared,
  context: ResolveContext,
): ReadonlyMap<string, AgentManifest> {
  return new Map(Object.entries(raw).map(([name, agent]) => [name, resolveAgent(name, agent, declared, context)]));
}

function resolveAgent(name: string, raw: RawAgent, declared: Declared, context: ResolveContext): AgentManifest {
  const { digest, purpose, environment, onBehalfOf, env, args, cell, limits, wasi } = raw;
  const at = (...rest: string[]): string[] => ['agents', name, ...rest];
  const component = resolve(context.directory, raw.component);
  const kind = context.probe.kind(component);
  if (kind !== undefined && kind !== 'file') {
    context.problem(
      at('component'),
      `\`${raw.component}\` is ${kind === 'directory' ? 'a directory' : 'not a regular file'}`,
    );
  }
  checkDeclared('purpose', purpose, declared.purposes, at('purpose'), context);
  checkDeclared('environment', environment, declared.environments, at('environment'), context);
  if (raw.imports === 'deny' && declared.imports === 'strict')
    context.problem(at('imports'), 'the host is `strict`: an agent can be no less; leave it out');
  const own = resolveLimits(limits ?? {}, declared.limits, (key, message) =>
    context.problem(at('limits', key), message),
  );
  const livesIn = cell ?? declared.cell ?? unsaidCell(digest);
  const lower = lowerLimits(own, declared.limits);
  return Object.freeze({
    name,
    component,
    ...(digest === undefined ? {} : { digest }),
    ...(purpose === undefined ? {} : { purpose }),
    ...(environment === undefined ? {} : { environment }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    env: new Map(Object.entries(env ?? {})),
    args: args ?? [],
    imports: raw.imports ?? declared.imports,
    cell: livesIn,
    wasi: resolveWasi(wasi ?? {}, declared.wasi, (key, message) => context.problem(at('wasi', key), message)),
    limits: limitsFor(livesIn, digest, lower, (message) => context.problem(at('cell'), message)),
  });
}

/** Somebody chose a pinned component byte by byte; any other is what a file happens to hold today. */
const unsaidCell = (digest: string | undefined): CellKind => (digest === undefined ? 'process' : 'thread');

function checkDeclared(
  what: 'purpose' | 'environment',
  name: string | undefined,
  declared: readonly string[],
  path: readonly string[],
  context: ResolveContext,
): void {
  if (name === undefined || declared.includes(name)) return;
  const hint = didYouMean(name, declared);
  context.problem(path, `the ${what} \`${name}\` is not declared${hint === '' ? `: add it to \`${what}s\`` : hint}`);
}
