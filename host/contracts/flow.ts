/**
 * Which way data goes in an effect, seen from the run: `in` brings it into the run, `out` takes it out. An action that is
 * not named here moves it both ways: a request takes its address along, and a tool gets arguments and answers.
 */
export interface Flow {
  readonly in: boolean;
  readonly out: boolean;
}

const IN: Flow = { in: true, out: false };
const OUT: Flow = { in: false, out: true };
const BOTH: Flow = { in: true, out: true };
const NONE: Flow = { in: false, out: false };

const FLOWS: ReadonlyMap<string, Flow> = new Map([
  ['fs:read', IN],
  ['fs:list', IN],
  ['fs:stat', IN],
  ['fs:write', OUT],
  ['fs:create', OUT],
  ['fs:remove', OUT],
  ['db:select', IN],
  ['db:insert', OUT],
  ['db:update', OUT],
  ['db:delete', OUT],
  ['db:schema', OUT],
  ['log:write', OUT],
  ['policy:check', NONE],
]);

export const flowOf = (action: string): Flow => FLOWS.get(action) ?? BOTH;
