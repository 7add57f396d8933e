import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WASI_INTERFACES } from '../../host/wasi/interfaces.ts';
import { createWasiRun } from './run.ts';

const folder = new URL('wit/deps/', import.meta.url);

/** Every function of the WIT texts, by interface: `func`, methods, statics, constructors. */
function functionsOfWit(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of readdirSync(folder)) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const packageName = /^package (\S+)@/m.exec(text)?.[1] ?? '';
    let functions = new Set<string>();
    let resource: string | undefined;
    for (const line of text.split('\n')) {
      const opened = /^interface (\S+) \{/.exec(line);
      if (opened) found.set(`${packageName}/${opened[1]!}`, (functions = new Set()));
      const resourceOpened = /^\s+resource (\S+?)\s*(\{|;)/.exec(line);
      if (resourceOpened) resource = resourceOpened[2] === '{' ? resourceOpened[1] : undefined;
      if (/^\s+constructor\(/.test(line)) functions.add(`[constructor]${resource!}`);
      const declared = /^\s+%?([a-zA-Z0-9-]+): (static )?func\(/.exec(line);
      if (declared) {
        const kind = declared[2] ? 'static' : 'method';
        functions.add(resource === undefined ? declared[1]! : `[${kind}]${resource}.${declared[1]!}`);
      }
      if (/^\s+\}/.test(line)) resource = undefined;
    }
  }
  return found;
}

const camel = (name: string) => name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const pascal = (name: string) => camel(`-${name}`);
const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');

/** The WIT names of everything that an interface object offers. */
function functionsOfImplementation(members: object): Set<string> {
  const found = new Set<string>();
  for (const [name, member] of Object.entries(members) as [string, { prototype?: object }][]) {
    if (!/^[A-Z]/.test(name)) {
      found.add(kebab(name));
      continue;
    }
    for (const method of Object.getOwnPropertyNames(member.prototype ?? {})) {
      if (method !== 'constructor') found.add(`[method]${kebab(name)}.${kebab(method)}`);
    }
    for (const own of Object.getOwnPropertyNames(member)) {
      if (!['length', 'name', 'prototype'].includes(own)) found.add(`[static]${kebab(name)}.${kebab(own)}`);
    }
  }
  return found;
}

const sorted = (names: Iterable<string>) => [...names].sort();
const table = new Map(WASI_INTERFACES.map(({ name, functions }) => [name, functions.map((entry) => entry.name)]));
/** In the WIT behind a feature that no released tool turns on. */
const UNSTABLE = new Set(['[method]response-outparam.send-informational']);
const imports = createWasiRun().imports;

describe('the table of WASI interfaces', () => {
  it('has every interface of the WIT, and no other', () => {
    expect(sorted(table.keys())).toEqual(sorted(functionsOfWit().keys()));
  });

  it.each([...functionsOfWit()])('names exactly the functions of %s', (name, functions) => {
    expect(sorted(table.get(name) ?? [])).toEqual(sorted([...functions].filter((entry) => !UNSTABLE.has(entry))));
  });

  it('has every interface that is implemented, and no other', () => {
    expect(sorted(imports.keys())).toEqual(sorted(table.keys()));
  });

  it.each([...table])('has each function of %s implemented, and nothing more', (name, functions) => {
    const declared = functions.filter((entry) => !entry.startsWith('[constructor]'));
    expect(sorted(functionsOfImplementation(imports.get(name)!))).toEqual(sorted(declared));
    for (const constructed of functions.filter((entry) => entry.startsWith('[constructor]'))) {
      expect(imports.get(name)?.[pascal(constructed.slice('[constructor]'.length))]).toBeTypeOf('function');
    }
  });

  it('marks as waiting exactly what may answer later', () => {
    const waiting = WASI_INTERFACES.flatMap(({ name, functions }) =>
      functions.filter(({ waits }) => waits).map((entry) => `${name}#${entry.name}`),
    );
    expect(sorted(waiting)).toEqual(
      sorted([
        'wasi:io/poll#[method]pollable.block',
        'wasi:io/poll#poll',
        ...['blocking-read', 'blocking-skip'].map((name) => `wasi:io/streams#[method]input-stream.${name}`),
        ...['blocking-write-and-flush', 'blocking-flush', 'blocking-write-zeroes-and-flush', 'blocking-splice'].map(
          (name) => `wasi:io/streams#[method]output-stream.${name}`,
        ),
        // What names a file, for a person.
        ...'create-directory-at is-same-object link-at metadata-hash metadata-hash-at open-at read-directory readlink-at'
          .concat(' remove-directory-at rename-at set-times set-times-at stat stat-at symlink-at unlink-file-at')
          .split(' ')
          .map((name) => `wasi:filesystem/types#[method]descriptor.${name}`),
        'wasi:filesystem/types#[method]directory-entry-stream.read-directory-entry',
      ]),
    );
  });

  it('has nothing that answers with a promise where nothing waits', () => {
    for (const [, members] of imports) {
      for (const member of Object.values(members) as { prototype?: object }[]) {
        const methods = Object.values(Object.getOwnPropertyDescriptors(member.prototype ?? {}));
        for (const candidate of [member, ...methods.map(({ value }): unknown => value)])
          expect(Object.prototype.toString.call(candidate)).not.toBe('[object AsyncFunction]');
      }
    }
  });
});

describe('the interface objects', () => {
  it.each([...imports])('%s has no prototype and cannot be changed', (_, members) => {
    expect(Object.getPrototypeOf(members)).toBeNull();
    expect(Object.isFrozen(members)).toBe(true);
    for (const member of Object.values(members)) {
      expect(Object.isFrozen(member)).toBe(true);
      if (typeof member.prototype === 'object') expect(Object.isFrozen(member.prototype)).toBe(true);
    }
  });
});
