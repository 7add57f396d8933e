import { z } from 'zod';
import type { GateConfig } from '../../contracts/gate-config.ts';
import { resolveTls, tlsSchema } from './tls-config.ts';
import type { TlsEntry } from '../../contracts/tls-entry.ts';
import { parseNetwork, type Network } from './ip-address.ts';

const MIB = 1024 * 1024;
const milliseconds = (most: number, fallback: number, meaning: string) =>
  z.int().min(1).max(most).default(fallback).describe(meaning);
const bytes = (most: number, fallback: number, meaning: string) =>
  z.int().min(1).max(most).default(fallback).describe(meaning);

const timeouts = z
  .strictObject({
    connectMs: milliseconds(120_000, 10_000, 'Longest wait for a name and for a connection, each. Milliseconds.'),
    firstByteMs: milliseconds(600_000, 30_000, 'Longest wait for the header of an answer. Milliseconds.'),
    idleMs: milliseconds(600_000, 30_000, 'Longest pause inside a body. Milliseconds.'),
    totalMs: milliseconds(
      3_600_000,
      60_000,
      'Longest time for one request; for a streamed answer, until its header. Milliseconds.',
    ),
  })
  .describe('Deadlines of one request.');

const schema = z
  .strictObject({
    maxRequestBytes: bytes(256 * MIB, 8 * MIB, 'Most bytes of a request body.'),
    maxResponseBytes: bytes(
      256 * MIB,
      16 * MIB,
      'Most bytes of an answer that is read whole: as received, and again as decompressed.',
    ),
    maxStreamBytes: bytes(
      1024 * 1024 * MIB,
      1024 * MIB,
      'Most bytes of an answer that is streamed: as received, and again as decompressed.',
    ),
    maxUploadBytes: bytes(1024 * 1024 * MIB, 1024 * MIB, 'Most bytes of a request body that is streamed.'),
    maxRatio: z
      .int()
      .min(2)
      .max(1100)
      .default(200)
      .describe('Most bytes that one received byte may decompress to, beyond the first MiB.'),
    maxRedirects: z
      .int()
      .min(0)
      .max(20)
      .default(5)
      .describe('Most redirects that are followed. Each is decided like a request.'),
    timeouts: timeouts.prefault({}),
    networks: z
      .array(z.string())
      .max(64)
      .default([])
      .describe(
        'Private or loopback networks that names may lead to, `ADDRESS/LENGTH`. Without one, a rule must name the host.',
      ),
    tls: tlsSchema,
  })
  .describe('HTTP requests of agents.');

/** The section `http` of the configuration, defaults filled in. */
export type RawHttpConfig = z.output<typeof schema>;

/** What the gate works with. */
export interface HttpConfig extends Omit<RawHttpConfig, 'networks' | 'tls'> {
  readonly networks: readonly Network[];
  readonly tls: readonly TlsEntry[];
}

// Shorter prefixes hold more than one site's addresses.
const SHORTEST = { 4: 8, 6: 16 } as const;

/** The section `http` of `sallyport.yaml`. It grants nothing: rules do. */
export const httpConfig: GateConfig<RawHttpConfig, HttpConfig> = {
  key: 'http',
  schema,
  absent: schema.parse({}),
  resolve(raw, context) {
    const networks = raw.networks.flatMap((text, index) => {
      const network = parseNetwork(text);
      if (network === undefined) {
        context.problem(
          ['networks', index],
          `\`${text}\` is not a network in the form ADDRESS/LENGTH with zero bits after it`,
        );
        return [];
      }
      if (network.length < SHORTEST[network.family]) {
        context.problem(
          ['networks', index],
          `\`${text}\` is too broad: the prefix must have at least ${SHORTEST[network.family]} bits`,
        );
        return [];
      }
      return [network];
    });
    return { ...raw, networks, tls: resolveTls(raw.tls, context) };
  },
};
