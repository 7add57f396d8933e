/** Writes what is made from the code: schemas/sallyport.schema.json, ERRORS.md, the import matrix in host/README.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REFERENCES } from './reference.ts';

const root = join(import.meta.dirname, '..');
for (const { path, make } of REFERENCES) {
  const file = join(root, path);
  writeFileSync(
    file,
    make(() => readFileSync(file, 'utf8')),
  );
}
