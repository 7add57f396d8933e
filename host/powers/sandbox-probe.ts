import { spawnSync } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { findBubblewrap, linkOrKind } from './sandbox-spares.ts';
import { knowsChildren } from './process-tree.ts';
import { LAUNCHER_DESCRIPTORS, sandboxArguments, systemArguments } from './sandbox-arguments.ts';

const TIMEOUT_MS = 5000;
const SAMPLE = '/usr';

/** Makes a sandbox with all that tools get, and runs nothing much in it. Says why it does not work. */
export function probeSandbox(): string | undefined {
  if (process.platform !== 'linux') return 'sandboxes for tools need Linux';
  const bubblewrap = findBubblewrap();
  if (bubblewrap === undefined) return 'bubblewrap is not installed';
  if (!knowsChildren()) return 'this kernel does not tell the children of a process (CONFIG_PROC_CHILDREN)';
  const descriptor = openSync(SAMPLE, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const plan = {
      system: systemArguments(linkOrKind, false),
      readOnly: [],
      mounts: [{ descriptor: LAUNCHER_DESCRIPTORS.order, path: '/probe', access: 'ro' as const }],
      programs: [],
      network: false,
      environment: [],
      directory: '/probe',
      command: ['/bin/sh', '-c', 'exit 0'],
    };
    const { status, stderr, error } = spawnSync(bubblewrap, sandboxArguments(plan), {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
      env: {},
      timeout: TIMEOUT_MS,
      encoding: 'utf8',
    });
    if (status === 0) return undefined;
    const [line = ''] = (error?.message ?? stderr).split('\n');
    return `bubblewrap does not work here: ${line.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)}`;
  } finally {
    closeSync(descriptor);
  }
}
