import { NO_ATTRIBUTES } from '../../host/contracts/request.ts';
import { createToolGate, TOOL_ACTIONS, TOOL_INTERFACE } from '../../host/gates/tool-exec/index.ts';
import type { ProcessRequest } from '../../host/gates/tool-exec/process-request.ts';
import { createProcessSpawner } from '../../host/powers/process-spawner.ts';
import { NO_SUPERVISOR, resolveTools, type GuestTools } from '../gates/tool-exec/tool-fixture.ts';
import type { GateCases } from './gate.cases.ts';

export const TOOL_CASES: GateCases = {
  name: 'tool-exec',
  served: TOOL_INTERFACE,
  actions: TOOL_ACTIONS,
  intention: { action: 'tool:call', resource: 'tool:echo', attributes: NO_ATTRIBUTES },
  secrets: ['/bin/'],
  create(pipeline) {
    const { config } = resolveTools({
      echo: { description: 'echoes', isolation: 'none', command: '/bin/echo', arguments: ['hello'] },
    });
    let started = 0;
    const spawner = createProcessSpawner({ started: () => undefined, ended: () => undefined });
    const run = (request: ProcessRequest) => {
      started += 1;
      return spawner.run(request);
    };
    return {
      gate: createToolGate({
        pipeline,
        config,
        spawner: { ...spawner, run },
        supervisor: NO_SUPERVISOR,
        mounts: [],
        callBytes: 1 << 20,
        mayCall: () => true,
      }),
      // The members of the interface are typed by WIT, not by TypeScript.
      call: (members) => (members as unknown as GuestTools).call('echo', '{}'),
      performed: () => started,
    };
  },
};
