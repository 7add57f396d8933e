import { describe, expect, it } from 'vitest';
import { HostError } from '../../host/contracts/errors.ts';
import { loadPolicy, type PolicySnapshot } from '../../host/policy/policy-snapshot.ts';
import { lintPolicy } from '../../host/policy/policy-lint.ts';
import type { Vocabulary } from '../../host/policy/vocabulary.ts';
import { NOON, row, VOCABULARY } from './fixture.ts';

/** A valid cell, and which cells one slip of the hand away from it may load: another number, another name, and nothing else that the lint has nothing to say of. */
type Case = readonly [cell: string, loads: RegExp];

/** What a hand may hit instead, and what an eye does not see. */
const CHARACTERS = ['a', 'M', '0', '5', '-', '.', '/', '*', '|', '=', '<', '!', '(', ' ', '%', '@', ',', '\u200b', 'а'];

const HOUR = '(?:[01]\\d|2[0-3])(?::[0-5]\\d)?';
const NUMBER = '-?(?:0|[1-9]\\d*)(?:\\.\\d+)?';
const COUNT = '[1-9]\\d*';
/** A value, or a part of a pattern. No look-alike stands in a name of the vocabulary, but in values and paths they may. */
const TEXT = '[^\\s,/|()<>~=!%@]';

const WHEN: readonly Case[] = [
  ['hours(08-19 Europe/Paris)', new RegExp(`^hours\\(${HOUR}-${HOUR} Europe/Paris\\)$`)],
  ['hours(22:30-06:15 UTC)', new RegExp(`^hours\\(${HOUR}-${HOUR} UTC\\)$`)],
  ['hours(09-17 Asia/Kathmandu)', new RegExp(`^hours\\(${HOUR}-${HOUR} Asia/Kath?mandu\\)$`)],
  ['hours(00-06 Etc/GMT+1)', new RegExp(`^hours\\(${HOUR}-${HOUR} Etc/GMT(?:[-+]\\d+)?\\)$`)],
  ['days(mon-fri Europe/Paris)', /^days\(mon-fri Europe\/Paris\)$/],
  ['days(sat+sun America/New_York)', /^days\(sat[-+]sun America\/New_York\)$/],
  ['before(2026-12-31)', /^before\(\d{4}-\d\d-\d\d\)$/],
  ['after(2026-01-15T06:30Z)', new RegExp(`^after\\(\\d{4}-\\d\\d-\\d\\dT${HOUR}Z\\)$`)],
  ['label<=confidential', /^label(?:<|>)?=confidential$/],
  ['label=secret', /^label[<>]?=secret$/],
  ['purpose=triage|audit', /^purpose!?=triage\|audit$/],
  ['env!=prod', /^env!?=prod$/],
  ['on-behalf-of=user:ada|group:ops', /^on-behalf-of!?=(?:user:[^\s:|,()%]+|group:[^\s:|,()%]+)(?:\|(?:user|group):[^\s:|,()%]+)*$/],
  ['arg.branch=main|dev', /^arg\.[A-Za-z_][\w.-]*(?:!?[=~]|=~?)[^\s,()%]+$|^arg\.[A-Za-z_][\w.-]*$/],
  ['arg.branch!=main', /^arg\.[A-Za-z_][\w.-]*!?=[^\s,()%]+$/],
  ['arg.path~agent/**', /^arg\.[A-Za-z_][\w.-]*!?[~=][^\s,()%]+$/],
  ['arg.path!~agent/*.md', /^arg\.[A-Za-z_][\w.-]*!?[~=][^\s,()%]+$/],
  ['arg.n<=100', new RegExp(`^arg\\.[A-Za-z_][\\w.-]*(?:[<>]=?|!?=)${NUMBER}$`)],
  ['arg.n>-1.5', new RegExp(`^arg\\.[A-Za-z_][\\w.-]*(?:[<>]=?|!?=)${NUMBER}$`)],
  ['arg.n<10MB', new RegExp(`^arg\\.[A-Za-z_][\\w.-]*[<>]=?${NUMBER}MB$`)],
  ['arg.note=a%20b%2Cc', /^arg\.[A-Za-z_][\w.-]*!?=\S+$/],
]; // prettier-ignore

const SCOPE = '(?:@(?:agent|role|user|resource))?';
const THEN: readonly Case[] = [
  ['rate=60/m', new RegExp(`^rate=${COUNT}/m$`)],
  ['rate=60/h@resource', new RegExp(`^rate=${COUNT}/h@resource$`)],
  ['bytes=20MB/h@user', new RegExp(`^bytes=${COUNT}M?B/h@user$`)],
  ['bytes=512KB', new RegExp(`^bytes=${COUNT}[KM]?B$`)],
  ['cost=5.00EUR/d', /^cost=(?:0|[1-9]\d*)(?:\.\d+)?EUR\/d$/],
  ['rows=1000', new RegExp(`^rows=${COUNT}$`)],
  ['concurrency=4@role', new RegExp(`^concurrency=${COUNT}${SCOPE}$`)],
  ['timeout=30s', new RegExp(`^timeout=${COUNT}s$`)],
  ['redact=email|iban', /^redact=email\|iban$/],
  ['label=confidential', /^label=confidential$/],
  ['approve=owner ttl=15m', new RegExp(`^approve=owner ttl=${COUNT}m$`)],
  ['log=full alert=soc', /^log=full alert=soc$/],
];

const PART = `(?:\\*\\*|(?:${TEXT}|[!=<%@()|~*])*)`;
const RESOURCES: readonly (readonly [...Case, action: string])[] = [
  ['https://api.example.com:8443/v1/*', new RegExp(`^https?://[a-z0-9.*-]+(?::\\d+)?(?:/${PART})*$`), 'http:GET'],
  ['https://**.example.com/**', new RegExp(`^https?://\\*\\*?\\.[a-z0-9.-]+(?:/${PART})*$`), 'http:GET'],
  ['https://127.0.0.1/x', new RegExp(`^https?://[a-z0-9.-]+(?:/${PART})+$`), 'http:GET'],
  ['https://[::1]/x', new RegExp(`^https?://\\[[0-9a-f:]+\\](?:/${PART})+$`), 'http:GET'],
  ['/w/**/.env', new RegExp(`^(?:/${PART})+$`), 'fs:read'],
  ['/w/report-*.csv', new RegExp(`^(?:/${PART})+$`), 'fs:read'],
  ['db:main/orders', new RegExp(`^db:${PART}(?:/${PART})*$`), 'db:select'],
  ['tool:git/*', new RegExp(`^tool:${PART}(?:/${PART})*$`), 'tool:call'],
];

const ROWS: readonly string[] = [
  'p, role:any, fs:read, /w, -, allow, -',
  'p, agent:ci-1, http:GET, https://h/, env=prod, deny, log=full',
  'g, agent:ci-1, role:reader',
];
/** Another agent, another file, and the other words of the closed sets, none of which is a letter away from these. */
const ROW_LOADS =
  /^\s*(?:p, *role:any, *fs:read, *(?:\/\S*) *, *-, *allow, *-|p, *agent:[\w.-]+ *, *http:(?:GET|\*), *https?:\/\/[\w.-]+(?:\/[^\s]*), *env!?=prod, *deny, *log=full|g, *(?:agent|role):[\w.-]+ *, *role:[\w.-]+)$/;

const PRICED: Vocabulary = { ...VOCABULARY, currency: 'EUR' };

/** A policy, or its problems. */
function outcome(text: string): PolicySnapshot | readonly string[] {
  try {
    return loadPolicy({ policy: { file: 'policy.csv', text } }, PRICED, 1);
  } catch (error) {
    if (error instanceof HostError && error.code === 'ERR_POLICY_INVALID') return error.hints;
    throw error;
  }
}

/** Every text that is one character away. */
function* mutantsOf(text: string): Generator<string> {
  for (let at = 0; at <= text.length; at++) {
    const [before, after] = [text.slice(0, at), text.slice(at + 1)];
    if (at < text.length) yield before + after;
    for (const character of CHARACTERS) {
      yield before + character + text.slice(at);
      if (at < text.length && text[at] !== character) yield before + character + after;
    }
  }
}

/** Where, and what stands there; then what was expected in its place, or why it can never be. */
const TELLS =
  /^policy\.csv:[12]:[1-9]\d*: .*(?:expected|in the form of|did you mean|known:|has no|have no|stands|without|cannot|leave it out|write|written|missing|at the same time|too (?:large|long)|at most|never matches|whole segment|no day|alone|closes a cycle|end it|finer|of its own|in lower case|whole first label|a deny row)/s;

/** What is wrong with how the mutants of a cell were answered. */
function complaints(cell: string, loads: RegExp, rowOf: (cell: string) => string): readonly string[] {
  const same = outcome(rowOf(cell));
  if (!('ref' in same)) return [`the corpus does not load: ${same.join(' ')}`];
  const found = new Set<string>();
  for (const mutant of new Set(mutantsOf(cell))) {
    const result = outcome(rowOf(mutant));
    if (!('ref' in result)) {
      const silent = result.find((hint) => !TELLS.test(hint));
      if (silent !== undefined) found.add(`${JSON.stringify(mutant)} is refused with: ${silent}`);
    } else if (
      result.ref.digest !== same.ref.digest &&
      !loads.test(mutant.trim().replace(/ +/g, ' ')) &&
      lintPolicy(result, NOON).length === 0
    ) {
      found.add(`${JSON.stringify(mutant)} loads`);
    }
  }
  return [...found];
}

describe('one character away from a valid policy', () => {
  it.each(WHEN)('a condition like `%s` is refused, or another of its kind', (cell, loads) => {
    expect(complaints(cell, loads, (when) => row({ when }))).toEqual([]);
  });

  it.each(THEN)('an obligation like `%s` is refused, or another of its kind', (cell, loads) => {
    expect(complaints(cell, loads, (then) => row({ then }))).toEqual([]);
  });

  it.each(RESOURCES)('a resource like `%s` is refused, or another of its kind', (cell, loads, action) => {
    expect(complaints(cell, loads, (resource) => row({ resource, action }))).toEqual([]);
  });

  it.each(ROWS)('a row like `%s` is refused, or another of its kind', (cells) => {
    expect(complaints(cells, ROW_LOADS, (line) => `${line}\n`)).toEqual([]);
  });
});
