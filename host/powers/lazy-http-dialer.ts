import type { DialCall, HttpDialer, Receiver } from '../gates/http/dialer.ts';
import type { HttpDialerOptions } from './http-dialer.ts';

/**
 * The dialer of `http-dialer.ts`, loaded with the first request: its library takes longer to load than the rest of a cell,
 * and runtimes import every interface whether they call it or not.
 */
export function createLazyHttpDialer(options: HttpDialerOptions): HttpDialer {
  let loading: Promise<HttpDialer> | undefined;
  let loaded: HttpDialer | undefined;
  let closed = false;

  async function load(): Promise<HttpDialer> {
    const { createHttpDialer } = await import('./http-dialer.ts');
    loaded = createHttpDialer(options);
    if (closed) await loaded.close();
    return loaded;
  }

  return Object.freeze({
    dial(call: DialCall, receiver: Receiver): void {
      if (loaded !== undefined) loaded.dial(call, receiver);
      else
        (loading ??= load()).then(
          (dialer) => dialer.dial(call, receiver),
          () => receiver.fail('connection-failed', false),
        );
    },
    async close(): Promise<void> {
      closed = true;
      await loaded?.close();
    },
  });
}
