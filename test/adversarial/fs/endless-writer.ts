// Replaces a file of a mount again and again, until it is killed.
import { createMountFiles } from '../../../host/powers/mount-files.ts';
import { createRandom } from '../../../host/powers/random.ts';

const tree = createMountFiles({ random: createRandom() }).open(process.argv[2] ?? '', { access: 'rw' });
const contents = ['a', 'b'].map((letter) => Buffer.alloc(4 << 20, letter));
for (let turn = 0; ; turn += 1) {
  tree.write(['f'], contents[turn % 2] ?? Buffer.alloc(0), { sync: false });
  if (turn === 20) process.stdout.write('writing\n');
}
