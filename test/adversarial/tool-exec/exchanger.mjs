// Exchanges a program and one that says so, by name, until it is ended.
import { renameSync, writeFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
writeFileSync(`${path}.evil`, '#!/bin/sh\necho exchanged\n', { mode: 0o755 });
for (;;) {
  renameSync(path, `${path}.good`);
  renameSync(`${path}.evil`, path);
  renameSync(path, `${path}.evil`);
  renameSync(`${path}.good`, path);
}
