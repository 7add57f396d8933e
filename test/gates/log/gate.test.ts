import { NO_ATTRIBUTES } from '../../../host/contracts/request.ts';
import { ACTIONS, createLogGate, LOG_INTERFACE } from '../../../host/gates/log/index.ts';
import { gateCases } from '../../conformance/gate.cases.ts';

gateCases({
  name: 'log',
  served: LOG_INTERFACE,
  actions: ACTIONS,
  intention: { action: 'log:write', resource: 'log:info', attributes: NO_ATTRIBUTES },
  create: (pipeline) => {
    const lines: string[] = [];
    const gate = createLogGate({
      pipeline,
      config: { maxLineBytes: 4096 },
      limits: { logBytes: 65_536 },
      sink: { line: (_, text) => lines.push(text) },
    });
    return {
      gate,
      call: ({ write }) => (write as (level: string, message: string) => Promise<void>)('info', 'hello'),
      performed: () => lines.length,
    };
  },
});
