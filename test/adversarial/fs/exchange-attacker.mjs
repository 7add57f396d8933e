// Exchanges a directory and a file of a mount with links to the outside, as fast as it can, until its input ends.
import { renameSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
let running = true;
process.stdin.on('end', () => (running = false)).resume();

/** Puts `fake` in the place of `real` and back: each step is one atomic rename. */
function exchange(real, fake) {
  renameSync(join(folder, real), join(folder, `${real}.away`));
  renameSync(join(folder, fake), join(folder, real));
  renameSync(join(folder, real), join(folder, fake));
  renameSync(join(folder, `${real}.away`), join(folder, real));
}

function round() {
  for (let index = 0; index < 200; index += 1) {
    exchange('d', 'link-to-outside');
    exchange('f', 'link-to-secret');
  }
  if (running) setImmediate(round);
}
process.stdout.write('ready\n');
round();
