import { NO_ATTRIBUTES } from '../../host/contracts/request.ts';
import { createToolGate, TOOL_ACTIONS, TOOL_INTERFACE } from '../../host/gates/tool-exec/index.ts';
import { createProcessSpawner } from '../../host/powers/process-spawner.ts';
import { resolveTools, type GuestTools } from '../gates/tool-exec/tool-fixture.ts';
import type { GateCases } from './gate.cases.ts';

export const TOOL_CASES: GateCases = {
  name: 'tool-exec',
  served: TOOL_INTERFACE,
  actions: TOOL_ACTIONS,
  intention: { action: 'tool:call', resource: 'tool:echo', attributes: NO_ATTRIBUTES },
  secrets: ['/bin/'],
  create(pipeline) {
    const { config } = resolveTools({ echo: { description: 'echoes', command: '/bin/echo', arguments: ['hello'] } });
    let started = 0;
    const spawner = createProcessSpawner({ started: () => (started += 1), ended: () => undefined });
    return {
      gate: createToolGate({ pipeline, config, spawner, mounts: [], callBytes: 1 << 20, mayCall: () => true }),
      // The members of the interface are typed by WIT, not by TypeScript.
      call: (members) => (members as unknown as GuestTools).call('echo', '{}'),
      performed: () => started,
    };
  },
};
