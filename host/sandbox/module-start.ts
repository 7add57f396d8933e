import type { HostImports } from '../contracts/guest-import.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { CoreInstances } from './core-instances.ts';
import type { HostCalls } from './host-call.ts';
import { preview1Functions, PREVIEW1 } from './preview1-check.ts';
import { createPreview1 } from './preview1/index.ts';

export interface ModuleStart {
  readonly module: WebAssembly.Module;
  readonly cores: CoreInstances;
  /** WASI 0.2 of the run. */
  readonly imports: HostImports;
  readonly calls: HostCalls;
}

export type StartModule = (start: ModuleStart) => () => Promise<GuestEnd>;

/** Instantiates a command of WASI preview 1; what it returns runs it. There is no generated code. */
export const startModule: StartModule = ({ module, cores, imports, calls }) => {
  const own: { memory?: WebAssembly.Memory } = {};
  const preview1 = createPreview1({
    imports,
    calls,
    wanted: preview1Functions(module),
    memory(): WebAssembly.Memory {
      if (own.memory === undefined) throw new Error('the module calls before it is instantiated');
      return own.memory;
    },
  });
  const { exports } = cores.instantiate(module, { [PREVIEW1]: preview1.imports });
  const { memory: exported, _start: start } = exports;
  if (!(exported instanceof WebAssembly.Memory) || typeof start !== 'function')
    throw new Error('a prepared module does not export `_start` and its memory');
  own.memory = exported;
  const run = WebAssembly.promising(start as () => unknown); // `typeof` says that it is one
  return async () => {
    await run();
    return { kind: 'exit', code: 0 };
  };
};
