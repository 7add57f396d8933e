import { NO_ATTRIBUTES } from '../../host/contracts/request.ts';
import { ACTIONS, createHttpGate, HTTP_INTERFACE } from '../../host/gates/http/index.ts';
import { createClock } from '../../host/powers/clock.ts';
import { startDecompression } from '../../host/powers/decompressor.ts';
import { createHttpDialer } from '../../host/powers/http-dialer.ts';
import { configOf, publicLoopback, request, type GuestHttp } from '../gates/http/http-gate.ts';
import { httpServer } from '../gates/http/loopback.ts';
import type { GateCases } from './gate.cases.ts';

// A port of its own, because the intention names it before any server listens.
const ADDRESS = '127.0.0.2';
const PORT = 28_317;
const RESOURCE = `http://${ADDRESS}:${PORT}/v1/orders`;

export const HTTP_CASES: GateCases = {
  name: 'http',
  served: HTTP_INTERFACE,
  actions: ACTIONS,
  intention: { action: 'http:GET', resource: RESOURCE, attributes: NO_ATTRIBUTES },
  async create(pipeline) {
    const server = await httpServer((response) => response.end('ok'), ADDRESS, PORT);
    const gate = createHttpGate({
      pipeline,
      config: configOf(),
      resolver: { resolve: () => Promise.resolve({ kind: 'not-found' }) },
      dialer: createHttpDialer(),
      decompressor: startDecompression,
      clock: createClock(),
      classify: publicLoopback,
    });
    return {
      gate,
      // The members of the interface are typed by WIT, not by TypeScript.
      call: (members) => (members as unknown as GuestHttp).fetch(request(RESOURCE)),
      performed: () => server.requests.length,
    };
  },
};
