import Pool from 'undici/lib/dispatcher/pool.js';
import type { DialCall, HttpDialer, Receiver } from '../gates/http/dialer.ts';
import type { TlsEntry } from '../contracts/tls-entry.ts';
import { createPinnedConnector, type ConnectorTrust } from './http-connector.ts';
import { exchange, LARGEST_HEADER } from './http-exchange.ts';
import { createTrust } from './http-trust.ts';
import { createWatches } from './http-watch.ts';

/** Options of a dialer, for the composition root. */
export interface HttpDialerOptions {
  /** How TLS is spoken with some hosts. */
  readonly tls?: readonly TlsEntry[];
  /** Certificate authorities, PEM, in place of the built-in ones. */
  readonly ca?: string | readonly string[];
}

const MOST_POOLS = 64;
const MOST_CONNECTIONS = 32;
const MOST_STREAMS = 64;
const STREAM_WINDOW = 1024 * 1024;

/**
 * Sends requests with undici over connections of its own: no proxies, no environment, no redirects, no cookies, no
 * global dispatcher. A connection is made to the vetted address only, and shared only by calls with the same origin,
 * address and policy generation. Over TLS it speaks HTTP/2 where the server offers it.
 */
export function createHttpDialer({ tls = [], ca }: HttpDialerOptions = {}): HttpDialer {
  const trusted: ConnectorTrust = {
    trust: createTrust(tls),
    ca: ca === undefined ? undefined : typeof ca === 'string' ? [ca] : ca,
  };
  const watches = createWatches();
  const pools = new Map<string, Pool>();
  const retired = new Set<Pool>();
  let generation = -1;
  let closed = false;

  function poolFor(call: DialCall): Pool {
    if (call.generation !== generation) {
      generation = call.generation;
      for (const [key, pool] of pools) retire(key, pool);
    }
    const key = `${call.origin} ${call.address}`;
    const known = pools.get(key);
    if (known !== undefined) return known;
    for (const [oldest, pool] of pools) {
      if (pools.size < MOST_POOLS) break;
      retire(oldest, pool);
    }
    const pool = createPinnedPool(call, trusted);
    pools.set(key, pool);
    return pool;
  }

  /** Takes no new requests; those under way end by themselves. */
  function retire(key: string, pool: Pool): void {
    pools.delete(key);
    retired.add(pool);
    void pool.close().then(() => retired.delete(pool));
  }

  return Object.freeze({
    dial(call: DialCall, receiver: Receiver): void {
      if (closed) receiver.fail('connection-failed', false);
      else exchange(poolFor(call), watches, call, receiver);
    },
    async close(): Promise<void> {
      closed = true;
      const open = [...pools.values(), ...retired];
      pools.clear();
      await Promise.all(open.map((pool) => pool.destroy()));
      watches.close();
    },
  });
}

/** Connections of one origin to one address. */
function createPinnedPool(call: DialCall, trusted: ConnectorTrust): Pool {
  return new Pool(call.origin, {
    connect: createPinnedConnector(call, trusted),
    connections: MOST_CONNECTIONS,
    pipelining: 1,
    allowH2: true,
    h2Options: { maxConcurrentStreams: MOST_STREAMS, settings: { initialWindowSize: STREAM_WINDOW }, pingInterval: 0 },
    maxHeaderSize: LARGEST_HEADER,
    strictContentLength: true,
  });
}
