import { homedir } from 'node:os';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repositoryFiles, root, textOf } from './repository.ts';

const files = repositoryFiles();
const documents = files.filter((path) => path.endsWith('.md'));

/** GitHub's id of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

function deadLinks(path: string): string[] {
  const text = textOf(path).replaceAll(/^```[^]*?^```$/gm, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return [];
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    if (!existsSync(join(root, target))) return [link];
    if (anchor === undefined) return [];
    const anchors = [...textOf(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
    return anchors.includes(anchor) ? [] : [link];
  });
}

describe('the documents', () => {
  it.each(documents)('link to files that are there: %s', (path) => expect(deadLinks(path)).toEqual([]));

  it('name, in SECURITY.md, tests that are there', () => {
    const [, table = ''] = /## Claim, test, known gap\n([^]*?)\n## /.exec(textOf('SECURITY.md')) ?? [];
    const cells = table.split('\n').flatMap((row) => row.split(' | ')[1] ?? []);
    const folders: string[] = [];
    const missing = cells.flatMap((cell) => {
      // A name without a folder stands in that of the name before it.
      let folder = '';
      return [...cell.matchAll(/`([^`]+)`/g)].flatMap(([, name = '']) => {
        const path = name.includes('/') ? name : join(folder, name);
        folder = dirname(path);
        folders.push(folder);
        return isTest(path) ? [] : [path];
      });
    });
    expect(folders.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });
});

/** A folder of tests, one test, or several with `*`. */
function isTest(name: string): boolean {
  const path = join(root, 'test', name);
  if (name.endsWith('/')) return existsSync(path) && statSync(path).isDirectory();
  if (!name.endsWith('*')) return existsSync(`${path}.test.ts`);
  const stem = path.slice(0, -1);
  return readdirSync(dirname(stem)).some(
    (file) => join(dirname(stem), file).startsWith(stem) && file.endsWith('.test.ts'),
  );
}

describe('the repository', () => {
  const texts = files.filter((path) => !/\.(?:wasm|png|db)$/.test(path)).map((path) => [path, textOf(path)] as const);
  const holding = (pattern: RegExp, except: readonly string[] = []): string[] =>
    texts.filter(([path, text]) => !except.includes(path) && pattern.test(text)).map(([path]) => path);

  it('has no path of the machine that it is on, nor of a person', () => {
    // `home/op…` and `home/x` are what tests call a path that must not reach a guest.
    const places = [root, homedir()].map((path) => path.replaceAll(/[^\w/]/g, '\\$&')).join('|');
    const personal = new RegExp(`(?<![\\w.-])(?:(?:${places})/\\w|/home/(?!op|x\\b)\\w|/Users/\\w)`);
    expect(holding(personal)).toEqual([]);
  });

  it('has no host name of a package registry', () => {
    const registry = new RegExp(
      [
        'registry\\.npmjs',
        'npmmirror\\.',
        'crates\\.io\\/api',
        'pypi\\.org',
        'files\\.pythonhosted',
        'artifactory',
      ].join('|'),
      'i',
    );
    expect(holding(registry, ['test/docs/repository.test.ts'])).toEqual([]);
  });

  it('locks packages by their digest, and not by the place where they came from', () => {
    const { packages } = JSON.parse(textOf('package-lock.json')) as {
      packages: Record<string, { integrity?: string }>;
    };
    expect(textOf('package-lock.json')).not.toContain('"resolved"');
    const loose = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined);
    expect(loose.map(([path]) => path)).toEqual([]);
  });
});
