import { NO_ATTRIBUTES } from '../../../host/contracts/request.ts';
import { ACTIONS, createPolicyGate, POLICY_INTERFACE } from '../../../host/gates/policy/index.ts';
import { gateCases } from '../../conformance/gate.cases.ts';

gateCases({
  name: 'policy',
  served: POLICY_INTERFACE,
  actions: ACTIONS,
  intention: { action: 'policy:check', resource: 'policy:self', attributes: NO_ATTRIBUTES },
  create: (pipeline) => {
    let asked = 0;
    const gate = createPolicyGate({
      config: { maxIntentions: 256 },
      pipeline,
      canonicalise: ({ action }) => {
        asked += 1;
        return { parsed: { refused: 'no gate', action }, discharges: new Set() };
      },
    });
    return {
      gate,
      call: ({ check }) =>
        (check as (intentions: unknown) => Promise<unknown>)([{ action: 'a:b', resource: 'c', arguments: undefined }]),
      performed: () => asked,
    };
  },
});
