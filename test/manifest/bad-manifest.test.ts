import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { folderWithPolicy, parse, problemsOf } from './manifest-fixture.ts';

const agent = (rest: string) => `version: 1\nagents:\n  triage:\n    component: triage.wasm\n${rest}`;

/** What stands in the file, and every problem that must be told, with its place. */
const CASES: readonly (readonly [name: string, text: string, problems: readonly string[]])[] = [
  ['nothing', '', ['1:1: the configuration is empty: it begins with `version: 1`']],
  ['only a comment', '# later', ['1:1: the configuration is empty: it begins with `version: 1`']],
  ['a list', '- 1', ['1:1: the configuration is not a map of keys: it begins with `version: 1`']],
  ['plain text', 'hello', ['1:1: the configuration is not a map of keys: it begins with `version: 1`']],
  ['no version', 'labels: [a]', ['1:1: missing key `version`: write `version: 1`']],
  ['another version', 'version: 2', ['1:10: version: expected `1`, found `2`']],
  ['the version as text', "version: '1'", ['1:10: version: expected `1`, found `1`']],
  ['an unknown key', 'version: 1\nagnets: {}', ['2:1: unknown key `agnets`; did you mean `agents`?']],
  ['a key that is like none', 'version: 1\nfrobnicate: 1', ['2:1: unknown key `frobnicate`']],
  ['the key of a gate, misspelt', 'version: 1\nbxo: {}', ['2:1: unknown key `bxo`; did you mean `box`?']],
  ['a key in other case', 'version: 1\nAgents: {}', ['2:1: unknown key `Agents`; did you mean `agents`?']],
  ['an unknown key of an agent', agent('    purpos: x'), ['5:5: agents.triage: unknown key `purpos`; did you mean `purpose`?']],
  ['an unknown key of an agent\'s limits', agent('    limits: {wallMs: 3}'), ['5:14: agents.triage.limits: unknown key `wallMs`; did you mean `wall`?']],
  ['an unknown key of a gate', 'version: 1\nbox: {sze: 3}', ['2:7: box: unknown key `sze`; did you mean `size`?']],
  ['an unknown key in a list of a gate', 'version: 1\nbox:\n  items:\n    - name: a\n    - nme: b', ['5:7: box.items[1]: missing key `name`', '5:7: box.items[1]: unknown key `nme`; did you mean `name`?']],
  ['the key `__proto__`', 'version: 1\n__proto__: {a: 1}', ['2:1: unknown key `__proto__`']],
  ['an agent called `__proto__`', 'version: 1\nagents:\n  __proto__: {component: a}', ['3:3: unknown key `__proto__`']],
  ['the key `constructor`', 'version: 1\nconstructor: 1', ['2:1: unknown key `constructor`']],
  ['a list for a map', 'version: 1\nagents: [a]', ['2:1: agents: expected a map of keys, found a list']],
  ['nothing for a map', 'version: 1\nagents:', ['2:8: agents: expected a map of keys, found nothing']],
  ['text for a list', 'version: 1\npurposes: triage', ['2:11: purposes: expected a list, found `triage`']],
  ['a number for a path', 'version: 1\npolicy: 5', ['2:9: policy: expected a directory, or a map of keys with `directory`, `engine`, `shadow`, found `5`']],
  ['a number for a variable', agent('    env:\n      PORT: 8080'), ['6:13: agents.triage.env.PORT: expected text, found `8080`; put it in quotes']],
  ['a wrong word', 'version: 1\naudit: {sync: fsnc}', ['2:15: audit.sync: expected one of `write`, `fsync`, found `fsnc`; did you mean `fsync`?']],
  ['a wrong word of a gate', 'version: 1\nbox: {kind: ajar}', ['2:13: box.kind: expected one of `open`, `closed`, found `ajar`']],
  ['a number that is too large', 'version: 1\nbox: {size: 10}', ['2:13: box.size: `10` is too large: at most 9']],
  ['a number that is not whole', 'version: 1\nbox: {size: 1.5}', ['2:13: box.size: expected a whole number, found `1.5`']],
  ['a form that is none of two', 'version: 1\nbox: {form: {oval: 1}}', ['2:7: box.form: fits none of the allowed forms, found a map of keys']],
  ['an agent without component', 'version: 1\nagents:\n  triage:\n    args: []', ['3:3: agents.triage: missing key `component`']],
  ['an empty agent', 'version: 1\nagents:\n  triage:', ['3:10: agents.triage: expected a map of keys, found nothing']],
  ['a name that no policy can write', 'version: 1\nagents:\n  "my agent": {component: a}', ['3:3: agents: the key `my agent` does not fit: expected a name of letters, digits, `.`, `_` and `-`, at most 64']],
  ['a digest without its kind', agent(`    digest: ${'a'.repeat(64)}`), [`5:13: agents.triage.digest: expected \`sha256:\` and 64 hexadecimal digits in lower case, found \`${'a'.repeat(40)}…\``]],
  ['a person without `user:`', agent('    onBehalfOf: ada'), ['5:17: agents.triage.onBehalfOf: expected `user:` and a name, found `ada`']],
  ['an undeclared purpose', agent('    purpose: triage'), ['5:14: agents.triage.purpose: the purpose `triage` is not declared: add it to `purposes`']],
  ['a purpose like a declared one', `${agent('    purpose: triag')}\npurposes: [triage]`, ['5:14: agents.triage.purpose: the purpose `triag` is not declared; did you mean `triage`?']],
  ['an undeclared environment', agent('    environment: staging'), ['5:18: agents.triage.environment: the environment `staging` is not declared: add it to `environments`']],
  ['a name that is declared twice', 'version: 1\nlabels: [a, b, a]', ['2:16: labels[2]: `a` stands there twice']],
  ['an engine that there is not', 'version: 1\npolicy: {engine: compild}', ['2:18: policy.engine: expected one of `casbin`, `compiled`, found `compild`; did you mean `compiled`?']],
  ['an unknown key beside the engine', 'version: 1\npolicy: {engin: casbin}', ['2:10: policy: unknown key `engin`; did you mean `engine`?']],
  ['a shadow of Casbin itself', 'version: 1\npolicy: {shadow: 10}', ['2:18: policy.shadow: this compares the compiled engine; it stands beside `engine: compiled`']],
  ['a shadow that is less than none', 'version: 1\npolicy: {engine: compiled, shadow: -1}', ['2:36: policy.shadow: `-1` is too small: at least 0']],
  ['a share of a decision', 'version: 1\npolicy: {engine: compiled, shadow: 0.5}', ['2:36: policy.shadow: expected a whole number, found `0.5`']],
  ['a zero byte in a path', 'version: 1\npolicy: "a\\0b"', ['2:9: policy: expected a path, found `a\\u0000b`']],
  ['a variable without a name', agent('    env: {1X: a}'), ['5:11: agents.triage.env: the key `1X` does not fit: expected the name of a variable']],
  ['a duration without a unit that is known', 'version: 1\nlimits: {wall: 5d}', ['2:16: limits.wall: expected a duration such as `500ms`, `30s`, `2m`, or a number of milliseconds, found `5d`']],
  ['a size as a list', 'version: 1\nlimits: {memory: [1]}', ['2:10: limits.memory: expected a size such as `64MB`, `512KiB`, `1MiB`, or a number of bytes, found a list']],
  ['a limit of nothing', 'version: 1\nlimits: {wall: 0s, cpu: -1, hostCalls: 1.5}', ['2:16: limits.wall: `0s` is too little: the least is 1', '2:25: limits.cpu: expected a duration such as `500ms`, `30s`, `2m`, or a number of milliseconds', '2:40: limits.hostCalls: expected a whole number']],
  ['a limit without end', 'version: 1\nlimits: {memory: 5000GB, wall: 25h, hostCalls: 10}', ['2:18: limits.memory: `5000GB` is too much: the most is 4294967296', '2:32: limits.wall: `25h` is too much: the most is 86400000']],
  ['a clock that is no moment', 'version: 1\nwasi: {clock: now}', ['2:15: wasi.clock: expected `real` or a moment as RFC 3339 has it: `2026-01-02T03:04:05Z`, found `now`']],
  ['a day that is none', 'version: 1\nwasi: {clock: "2026-02-30T00:00:00Z"}', ['2:15: wasi.clock: `2026-02-30T00:00:00Z` is no moment of the calendar']],
  ['an hour that is none', agent('    wasi: {clock: "2026-02-03T25:00:00Z"}'), ['5:19: agents.triage.wasi.clock: `2026-02-03T25:00:00Z` is no moment of the calendar']],
  ['a moment before 1970', 'version: 1\nwasi: {clock: "1969-12-31T23:59:59Z"}', ['2:15: wasi.clock: `1969-12-31T23:59:59Z` is before 1970, for which WASI has no form']],
  ['a seed of half a byte', 'version: 1\nwasi: {random: "seed:0"}', ['2:16: wasi.random: expected `real`, or `seed:` and 1 to 64 bytes in hexadecimal digits in lower case, found `seed:0`']],
  ['what a gate finds', 'version: 1\nbox:\n  items:\n    - name: good\n    - name: bad\n    - name: worse', ['5:13: box.items[1].name: this item is bad', '6:13: box.items[2].name: this item is worse']],
  ['several at once, in order', 'version: 2\nagnets: {}\nbox: {size: 0}\npolicy: [1]\n', ['1:10: version: expected `1`, found `2`', '2:1: unknown key `agnets`; did you mean `agents`?', '3:13: box.size: `0` is too small: at least 1', '4:1: policy: expected a directory, or a map of keys with `directory`, `engine`, `shadow`, found a list']],
]; // prettier-ignore

/** Texts that are not YAML of the plain kind, and a part of what must be told. */
const TEXTS: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
  ['a key twice', 'version: 1\npolicy: a\npolicy: b', /^3:1: the key `policy` stands there twice$/],
  ['a key twice further down', 'version: 1\nbox: {size: 1, size: 2}', /^2:16: the key `size` stands there twice$/],
  ['a bracket that is not closed', 'version: 1\nbox: {size: 1', /^2:14: /],
  ['a tab for indentation', 'version: 1\nbox:\n\tsize: 1', /^3:1: tabs are not allowed as indentation/],
  ['two documents', 'version: 1\n---\nversion: 1', /^2:1: /],
  ['an alias', 'version: 1\npurposes: &a [x]\nlabels: *a', /^3:9: aliases are not read: write the value out$/],
  ['a tag of a program', 'version: 1\nbox: !!js/function x', /^2:6: unresolved tag/],
  ['a known tag', 'version: 1\npolicy: !!str x', /^2:\d+: tags are not read: `tag:yaml.org,2002:str`$/],
  ['another version of YAML', '%YAML 1.1\n---\nversion: 1', /^1:1: only YAML 1.2 is read$/],
  ['a map as a key', 'version: 1\n? {a: 1}\n: b', /^2:3: .*key/],
  [
    'a private key',
    'version: 1\nbox: |\n  -----BEGIN RSA PRIVATE KEY-----\n  MIIE',
    /^2:6: this looks like a private key/,
  ],
  [
    'an access key',
    agent(`    env: {ID: AKIA${'A'.repeat(16)}}`),
    /^5:15: this looks like an access key of a cloud: no secret/,
  ],
  ['a token', agent(`    env: {TOKEN: ghp_${'a'.repeat(36)}}`), /this looks like an access token/],
  [
    'a URL with a password',
    agent('    args: ["postgres://app:hunter2@db/main"]'),
    /this looks like a URL with a password/,
  ],
];

describe('a configuration is refused, with every problem and its place', () => {
  it.each(CASES)('%s', (_name, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it.each(TEXTS)('%s', (_name, text, problem) => {
    expect(problemsOf(text)[0]).toMatch(problem);
  });

  it('what is not UTF-8, at the byte', () => {
    const bytes = Buffer.concat([Buffer.from('version: 1\nlabels: ["é'), Buffer.of(0xff), Buffer.from('"]')]);
    expect(problemsOf(bytes)).toEqual(['2:12: the file is not UTF-8']);
  });

  it('what ends within a character', () => {
    expect(problemsOf(Buffer.of(0x61, 0xc3))).toEqual(['1:2: the file is not UTF-8']);
  });

  it('random bytes', () => {
    expect(problemsOf(Buffer.from('7f454c460201010000ff', 'hex'))).toEqual(['1:10: the file is not UTF-8']);
  });

  it('without showing the secret', () => {
    const secret = `AKIA${'Z'.repeat(16)}`;
    expect(problemsOf(`version: 1\npolicy: ${secret}`).join()).not.toContain(secret);
  });

  it('as one error, with the place of the first problem', () => {
    using folder = folderWithPolicy();
    const file = folder.at('sallyport.yaml');
    expect(() => parse('version: 1\nagnets: 1\nx: 2', folder.directory)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_INVALID',
        exit: 3,
        message: `the configuration \`${file}\` has 2 problems`,
        position: { file, line: 2, column: 1 },
      }),
    );
  });

  it('with fifty problems told and the others counted', () => {
    const text = `version: 1\n${Array.from({ length: 70 }, (_, index) => `zzzzzzzz${index}: 1`).join('\n')}`;
    const problems = problemsOf(text);
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toBe('and 20 more');
  });
});

describe('a path of the configuration is refused', () => {
  it('where the policy is missing, is a file, has no rules, or rules that are a directory', () => {
    using folder = folderWithPolicy();
    writeFileSync(folder.at('file'), '');
    mkdirSync(folder.at('empty'));
    mkdirSync(folder.at('odd', 'policy.csv'), { recursive: true });
    mkdirSync(folder.at('odd', 'model.conf'));
    const told = (policy: string) => problemsOf(`version: 1\npolicy: ${policy}`, folder.directory);
    expect(told('gone')).toEqual(['2:9: policy: there is no directory `gone`: make it, with a `policy.csv` in it']);
    expect(told('file')).toEqual(['2:9: policy: `file` is not a directory: name the one that holds `policy.csv`']);
    expect(told('empty')).toEqual(['2:9: policy: there is no `policy.csv` in `empty`']);
    expect(told('{directory: gone}')).toEqual([
      '2:21: policy.directory: there is no directory `gone`: make it, with a `policy.csv` in it',
    ]);
    expect(told('odd')).toEqual([
      '2:9: policy: `odd/policy.csv` is not a file',
      '2:9: policy: `odd/model.conf` is not a file',
    ]);
  });

  it('where a component is a directory, or a record folder a file', () => {
    using folder = folderWithPolicy();
    writeFileSync(folder.at('file'), '');
    const text =
      'version: 1\naudit: {directory: file}\ncache: {directory: file}\nagents: {a: {component: policy}, b: {component: /dev/null}}';
    expect(problemsOf(text, folder.directory)).toEqual([
      '2:20: audit.directory: `file` is not a directory',
      '3:20: cache.directory: `file` is not a directory',
      '4:25: agents.a.component: `policy` is a directory',
      '4:49: agents.b.component: `/dev/null` is not a regular file',
    ]);
  });
});
