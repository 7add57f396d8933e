import { resolve } from 'node:path';
import type { ResolveContext } from '../contracts/gate-config.ts';
import { REAL_WORLD } from '../contracts/guest-world.ts';
import { DEFAULT_LIMITS, type RunLimits } from '../contracts/limits.ts';
import { resolveAgents, type AgentManifest } from './agent-section.ts';
import { resolveLimits } from './limit-section.ts';
import { DEFAULT_LABELS, HOST_SECTIONS, type RawPrice } from './manifest-section.ts';
import { resolvePolicy, type PolicyManifest } from './policy-section.ts';
import type { ConfigPath } from './problem-list.ts';
import { parseQuantity } from './quantity.ts';
import type { SectionReader } from './section-reader.ts';
import { resolveWasi } from './wasi-section.ts';

/** The host's own part of a configuration, checked. */
export interface HostManifest {
  readonly policy: PolicyManifest;
  readonly audit: { readonly directory: string; readonly sync: 'write' | 'fsync' };
  readonly cache: { readonly directory: string; readonly maxBytes: number };
  readonly purposes: readonly string[];
  readonly environments: readonly string[];
  /** From the least to the most sensitive. */
  readonly labels: readonly string[];
  /** The people behind each name that `approve=` may give: `user:NAME`. */
  readonly approvers: ReadonlyMap<string, readonly string[]>;
  readonly approvals: {
    /** Whether people may approve what an agent does on their own behalf. */
    readonly self: boolean;
  };
  readonly alerts: readonly string[];
  /** The people of each group, by its name; nothing where the configuration names no groups. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  readonly state: { readonly directory: string };
  /** As they are written; patterns are read with the policy. */
  readonly prices: readonly RawPrice[];
  readonly limits: RunLimits;
  readonly agents: ReadonlyMap<string, AgentManifest>;
}

/** Reads the host's own sections. */
export function readHostSections(reader: SectionReader, context: ResolveContext): HostManifest {
  const sections = HOST_SECTIONS;
  reader.value('version', sections.version);
  const audit = reader.value('audit', sections.audit);
  const cache = reader.value('cache', sections.cache);
  const purposes = distinct(['purposes'], reader.value('purposes', sections.purposes) ?? [], context);
  const environments = distinct(['environments'], reader.value('environments', sections.environments) ?? [], context);
  const labels = distinct(['labels'], reader.value('labels', sections.labels) ?? DEFAULT_LABELS, context);
  const approvers = reader.value('approvers', sections.approvers) ?? {};
  for (const [name, people] of Object.entries(approvers)) distinct(['approvers', name], people, context);
  const alerts = distinct(['alerts'], reader.value('alerts', sections.alerts) ?? [], context);
  const groups = reader.value('groups', sections.groups);
  const state = reader.value('state', sections.state);
  const limits = resolveLimits(reader.value('limits', sections.limits) ?? {}, DEFAULT_LIMITS, (key, message) => {
    context.problem(['limits', key], message);
  });
  const imports = reader.value('imports', sections.imports) ?? 'deny';
  const wasi = resolveWasi(reader.value('wasi', sections.wasi) ?? {}, REAL_WORLD, (key, message) => {
    context.problem(['wasi', key], message);
  });
  const cell = reader.value('cell', sections.cell);
  const agents = reader.value('agents', sections.agents) ?? {};
  return {
    policy: resolvePolicy(reader.value('policy', sections.policy) ?? 'policy', context),
    audit: {
      directory: resolveDirectory('audit', audit?.directory ?? '.sallyport/audit', context),
      sync: audit?.sync ?? 'write',
    },
    cache: {
      directory: resolveDirectory('cache', cache?.directory ?? '.sallyport/cache', context),
      maxBytes: cacheBytes(cache?.maxBytes ?? '2GiB', context),
    },
    purposes,
    environments,
    labels,
    approvers: new Map(Object.entries(approvers)),
    approvals: { self: reader.value('approvals', sections.approvals)?.self ?? false },
    alerts,
    groups: groups && new Map(Object.entries(groups).map(([name, people]) => [name, new Set(people)])),
    state: { directory: resolveDirectory('state', state?.directory ?? '.sallyport/state', context) },
    prices: reader.value('prices', sections.prices) ?? [],
    limits,
    agents: resolveAgents(
      agents,
      { purposes, environments, limits, imports, wasi, ...(cell === undefined ? {} : { cell }) },
      context,
    ),
  };
}

function distinct(path: ConfigPath, names: readonly string[], context: ResolveContext): readonly string[] {
  names.forEach((name, index) => {
    if (names.indexOf(name) < index) context.problem([...path, index], `\`${name}\` stands there twice`);
  });
  return names;
}

const LEAST_CACHE_BYTES = 1_048_576;

function cacheBytes(written: string | number, context: ResolveContext): number {
  const amount = parseQuantity(written, 'size');
  const path: ConfigPath = ['cache', 'maxBytes'];
  if (typeof amount === 'string') context.problem(path, amount);
  else if (amount < LEAST_CACHE_BYTES) context.problem(path, `\`${written}\` is too little: the least is 1MiB`);
  else return amount;
  return LEAST_CACHE_BYTES;
}

/** A directory that is made when it is first needed. */
function resolveDirectory(section: string, written: string, context: ResolveContext): string {
  const absolute = resolve(context.directory, written);
  const kind = context.probe.kind(absolute);
  const path: ConfigPath = [section, 'directory'];
  if (kind !== undefined && kind !== 'directory') context.problem(path, `\`${written}\` is not a directory`);
  return absolute;
}
