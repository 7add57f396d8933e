import { hash } from 'node:crypto';
import { z } from 'zod';
import { HostError, type HostErrorCode } from '../contracts/errors.ts';
import { DEFAULT_LIMITS } from '../contracts/limits.ts';
import { PROGRAMS } from '../contracts/program.ts';
import type { RefusedInterface, ServedInterface } from '../contracts/served-interface.ts';
import { GLUE_FILE, type Artefact } from './artefact.ts';
import { createArtefactStore, sha256, type Manifest, type StoredArtefact } from './artefact-store.ts';
import { readShape } from './component-shape.ts';
import { readComponent, type ComponentSource } from './component-source.ts';
import { CONTRACT_TYPES } from './contract-types.ts';
import { vetFileName } from './core-names.ts';
import type { Frame } from './frame.ts';
import { PAGE_BYTES } from './memory-plan.ts';
import { isHostErrorCode, type PrepareJob } from './prepare-job.ts';
import { PREVIEW1_NEEDS } from './preview1/needs.ts';
import { PREVIEW1_SIGNATURES } from './preview1/signatures.ts';
import { prepareInChild, type PrepareBounds } from './prepare-process.ts';
import { SIGNATURES } from './signature-schema.ts';
import { REWRITER_VERSION, TRANSPILER } from './transpiler-version.ts';

/** The limits under which a component is prepared. */
export interface PrepareLimits {
  /** Linear memory of all instances together, bytes: it is written into the modules. */
  readonly memoryBytes: number;
  /** Entries of all tables of all instances together: written into the modules, too. The default of runs where absent. */
  readonly tableEntries?: number;
  /** The largest component. 64 MiB where absent. */
  readonly maxComponentBytes?: number;
  /** The longest that preparing may take. Two minutes where absent. */
  readonly timeoutMs?: number;
  /** The JavaScript heap of the preparing process. 1,024 MiB where absent. */
  readonly heapMebibytes?: number;
  /** All memory of the preparing process. 1,536 MiB where absent. */
  readonly residentBytes?: number;
}

export interface PrepareOptions {
  readonly source: ComponentSource;
  /** Made if it is not there. Holds nothing secret; who can write to it can change what runs. */
  readonly cacheDirectory: string;
  /** How large the cache may become, bytes. 2 GiB where absent. */
  readonly cacheBytes?: number;
  /** The import matrix: what is not in it is refused. */
  readonly served: readonly ServedInterface[];
  /** What is said of interfaces that are known and not served. */
  readonly refused?: readonly RefusedInterface[];
  readonly limits: PrepareLimits;
  /** Whether the modules count their instructions, for runs with the limit `fuel`. */
  readonly fuel?: boolean;
  /** Finds bubblewrap, for namespaces around the preparing process. Asked only where there is something to prepare. */
  readonly bubblewrap?: () => Promise<string | undefined>;
  readonly signal?: AbortSignal;
}

/** Wasm page counts end here (4 GiB), whatever the limit says. */
const MAX_PAGES = 65_536;

/**
 * Turns an untrusted component into vetted, capped modules and glue, once for each component, matrix and limit.
 * Throws `HostError`: `ERR_COMPONENT_*` for what is wrong with the component, `ERR_PREPARE_*` and
 * `ERR_TOOLCHAIN_MISSING` for what is wrong with preparing.
 */
export async function prepareComponent(options: PrepareOptions): Promise<Artefact> {
  const started = performance.now();
  const { limits, served, signal } = options;
  const component = await readComponent(options.source, limits.maxComponentBytes ?? 64 * 1_048_576);
  signal?.throwIfAborted();
  const digest = `sha256:${sha256(component)}`;
  const job: PrepareJob = {
    served,
    refused: options.refused ?? [],
    budget: {
      pages: Math.min(MAX_PAGES, Math.floor(limits.memoryBytes / PAGE_BYTES)),
      tableEntries: limits.tableEntries ?? DEFAULT_LIMITS.tableEntries,
    },
    fuel: options.fuel ?? false,
  };
  const store = createArtefactStore(options.cacheDirectory, options.cacheBytes);
  const key = cacheKey(digest, job);

  const finish = (artefact: StoredArtefact, cached: boolean): Artefact =>
    Object.freeze({ ...artefact, cached, prepareMs: performance.now() - started });

  const found = await store.load(key);
  if (found !== undefined) return finish(found, true);
  readShape(component);
  const bounds: PrepareBounds = { ...boundsOf(limits), bubblewrap: await options.bubblewrap?.() };
  const frame = await prepareInChild(component, job, bounds, signal);
  const { manifest, files } = readAnswer(frame, digest, job.fuel);
  return finish(await store.save(key, manifest, files), false);
}

function boundsOf(limits: PrepareLimits): PrepareBounds {
  const componentBytes = limits.maxComponentBytes ?? 64 * 1_048_576;
  return {
    timeoutMs: limits.timeoutMs ?? 120_000,
    heapMebibytes: limits.heapMebibytes ?? 1024,
    residentBytes: limits.residentBytes ?? 1536 * 1_048_576,
    answerBytes: 2 * componentBytes + 64 * 1_048_576, // modules are as large as the component; glue is at most some MiB
  };
}

/** Everything that the result depends on. */
function cacheKey(digest: string, job: PrepareJob): string {
  const parts = [
    digest,
    TRANSPILER,
    REWRITER_VERSION,
    [...CONTRACT_TYPES],
    [...PREVIEW1_NEEDS],
    [...PREVIEW1_SIGNATURES],
    job.budget,
    job.fuel,
    job.served,
  ];
  return hash('sha256', JSON.stringify(parts), 'hex').slice(0, 40);
}

const NAMES = z.array(z.string());
const ANSWER = z.discriminatedUnion('status', [
  z.strictObject({
    status: z.literal('ok'),
    program: z.enum(PROGRAMS),
    modules: z.array(
      z.strictObject({ name: z.string(), pages: z.int(), tableEntries: z.int(), memories: z.int(), tables: z.int() }),
    ),
    imports: z.record(
      z.string(),
      z.strictObject({ version: z.string(), functions: NAMES, waits: NAMES, classes: NAMES, signatures: SIGNATURES }),
    ),
  }),
  z.strictObject({
    status: z.literal('refused'),
    code: z.custom<HostErrorCode>(isHostErrorCode),
    message: z.string(),
    hints: NAMES,
  }),
]);

/** The child worked on untrusted input: its answer is checked like any other. */
function readAnswer(
  { header, blobs }: Frame,
  digest: string,
  fuel: boolean,
): { manifest: Manifest; files: Map<string, Uint8Array> } {
  const parsed = ANSWER.safeParse(header);
  if (!parsed.success)
    throw new HostError('ERR_PREPARE_FAILED', 'the preparing process gave an answer of the wrong form');
  const answer = parsed.data;
  if (answer.status === 'refused') throw new HostError(answer.code, answer.message, { hints: answer.hints });

  const [glue, ...modules] = blobs;
  if (glue === undefined || modules.length !== answer.modules.length) {
    throw new HostError('ERR_PREPARE_FAILED', 'the preparing process gave an answer without its files');
  }
  const files = new Map<string, Uint8Array>([[GLUE_FILE, glue]]);
  const described = answer.modules.map((module, index) => {
    const bytes = modules[index] ?? new Uint8Array();
    vetFileName(module.name);
    files.set(module.name, bytes);
    return { ...module, sha256: sha256(bytes) };
  });
  const { program, imports } = answer;
  return { manifest: { digest, fuel, program, glueSha256: sha256(glue), modules: described, imports }, files };
}
