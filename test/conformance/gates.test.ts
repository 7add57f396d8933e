import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SERVED } from '../../host/configuration/settings.ts';
import { DB_CASES } from './db.cases.ts';
import { FS_CASES } from './fs.cases.ts';
import { gateCases } from './gate.cases.ts';
import { HTTP_CASES } from './http.cases.ts';
import { TOOL_CASES } from './tool-exec.cases.ts';

for (const cases of [HTTP_CASES, FS_CASES, DB_CASES, TOOL_CASES]) gateCases(cases);

const wit = join(import.meta.dirname, '..', '..', 'wit');

/** The functions of every interface in a WIT text, methods as `[method]RESOURCE.NAME`. */
function functionsOf(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let [current, resource] = ['', ''];
  for (const line of text.replaceAll(/\/\/.*$/gm, '').split('\n')) {
    const [, name] = /^\s*interface ([a-z0-9-]+) \{/.exec(line) ?? [];
    const [, type] = /^\s*resource ([a-z0-9-]+) \{/.exec(line) ?? [];
    const [, member, kind = ''] = /^\s*%?([a-z0-9-]+):\s*(static |async )?func\(/.exec(line) ?? [];
    if (name !== undefined) found.set((current = name), []);
    else if (type !== undefined) resource = type;
    // Inside an interface only a resource holds functions that are indented twice.
    else if (/^ {4}\}/.test(line)) resource = '';
    else if (member !== undefined && current !== '') {
      if (kind !== '') throw new Error(`a function of a kind that this test does not know: ${line}`);
      found.get(current)?.push(resource === '' ? member : `[method]${resource}.${member}`);
    }
    if (/^\}/.test(line)) current = '';
  }
  return found;
}

describe('the import matrix', () => {
  const texts = readdirSync(wit).map((file) => readFileSync(join(wit, file), 'utf8'));
  const written = new Map(texts.flatMap((text) => [...functionsOf(text)]));
  const served = SERVED.filter(({ name }) => name.startsWith('sallyport:agent/'));

  it('has a row for every interface of the contract, and for no other', () => {
    expect(served.map(({ name }) => name).sort()).toEqual(
      [...written.keys()].map((name) => `sallyport:agent/${name}`).sort(),
    );
  });

  it.each(served)('serves exactly the functions that the contract has: $name', ({ name, functions }) => {
    const contract = written.get(name.slice('sallyport:agent/'.length)) ?? [];
    expect(functions.map((entry) => entry.name).sort()).toEqual(contract.sort());
  });

  it('serves the version that the contract has', () => {
    const [, version] = /^package sallyport:agent@([0-9.]+);/m.exec(texts.join('\n')) ?? [];
    for (const { versions } of served) expect(versions).toEqual([version]);
  });
});
