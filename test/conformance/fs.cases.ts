import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { NO_ATTRIBUTES } from '../../host/contracts/request.ts';
import { createFsGate, FS_ACTIONS, FS_INTERFACE } from '../../host/gates/fs/index.ts';
import { bytes, mountOf, realFiles, type GuestFs } from '../gates/fs/fs-fixture.ts';
import type { GateCases } from './gate.cases.ts';
import { sampleFolder } from './sample-folder.ts';

export const FS_CASES: GateCases = {
  name: 'fs',
  served: FS_INTERFACE,
  actions: FS_ACTIONS,
  intention: { action: 'fs:write', resource: '/workspace/notes.txt', attributes: NO_ATTRIBUTES },
  secrets: [tmpdir()],
  create(pipeline) {
    const directory = join(sampleFolder(), 'workspace');
    mkdirSync(directory);
    const file = join(directory, 'notes.txt');
    writeFileSync(file, '');
    const gate = createFsGate({
      pipeline,
      config: { mounts: [mountOf('/workspace', directory)] },
      files: realFiles(),
      callBytes: 1 << 20,
    });
    return {
      gate,
      // The members of the interface are typed by WIT, not by TypeScript.
      call: async (members) => (members as unknown as GuestFs).append('/workspace/notes.txt', bytes('x')),
      performed: () => readFileSync(file).length,
    };
  },
};
