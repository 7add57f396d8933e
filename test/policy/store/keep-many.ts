/** Keeps twenty versions of its own in a store that others write at the same time, and prints their numbers. */
import { createFileStore } from '../../../host/policy/store/file-store.ts';
import { createClock } from '../../../host/powers/clock.ts';
import { createRandom } from '../../../host/powers/random.ts';
import { createVersionFiles } from '../../../host/powers/version-files.ts';

const [, , directory = '', own = ''] = process.argv;
const store = createFileStore({ directory, files: createVersionFiles(createRandom()), clock: createClock() });
const words = { purposes: [], environments: [], labels: [], approvers: [], detectors: [], alerts: [] };
for (let turn = 0; turn < 20; turn += 1) {
  const text = `p, role:any, fs:read, /${own}/${turn}, -, allow, -\n`;
  const texts = { policy: { file: 'policy.csv', text } };
  console.log(store.keep({ digest: `sha256:${'a'.repeat(64)}`, texts, words, why: own }).generation);
}
