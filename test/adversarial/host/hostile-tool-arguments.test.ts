import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { AgentWorld } from '../../support/agent-world.ts';
import { makeBed, makeWorld, tree, verdictOf, verified, type Call, type Seen } from './host-bed.ts';

let world: AgentWorld;
afterEach(() => {
  world.remove();
  vi.unstubAllEnvs();
});

const ROWS = [
  'p, role:any, tool:call, tool:print, arg.text=secret, deny, -',
  'p, agent:tester, tool:call, tool:print, arg.text!=never, allow, -',
  'p, agent:tester, tool:call, tool:environment, -, allow, -',
];

const TEXTS = [
  'x',
  '%s',
  '%n%n%n',
  '-v',
  '--help',
  '-',
  '--',
  '$(touch NAME)',
  '`touch NAME`',
  '; touch NAME',
  '| touch NAME',
  '&& touch NAME',
  '> NAME',
  '\n touch NAME',
  '$HOME',
  '${IFS}',
  '*',
  '~',
  '\\',
  '"',
  "'",
  '\u0000',
  'a\u0000b',
  '\u001b[2J',
  '\u202e',
  'x'.repeat(201),
  '{text}',
  '{{',
  '@NAME',
  '%',
  '\\x41',
  '\ud83d\ude00',
  'secret',
  'secret\u0000',
  'sécret',
  ' secret',
  'SECRET',
];
const FORMS = [
  (text: string) => JSON.stringify({ text }),
  (text: string) => JSON.stringify({ text, text2: text }),
  (text: string) => JSON.stringify({ text: [text] }),
  (text: string) => JSON.stringify({ text: { text } }),
  (text: string) => JSON.stringify([text]),
  (text: string) => JSON.stringify(text),
  (text: string) => `{"text":${JSON.stringify(text)},"text":"x"}`,
  (text: string) => `{"text":"x","text":${JSON.stringify(text)}}`,
  (text: string) => `{"te\\u0078t":"x","text":${JSON.stringify(text)}}`,
  (text: string) => `\ufeff${JSON.stringify({ text })}`,
  (text: string) => `${JSON.stringify({ text })} // x`,
  (text: string) => `${JSON.stringify({ text })}{}`,
  (text: string) => `{'text':'${text}'}`,
  (text: string) => `{"text":"\\ud800${text.slice(0, 3)}"}`,
];

function corpus(): Call[] {
  const forms = TEXTS.flatMap((text) => FORMS.map((form) => form(text)));
  const more = [
    '',
    ' ',
    'null',
    '0',
    '1e999',
    'NaN',
    '{',
    '{}',
    '{"text":1}',
    '{"text":null}',
    '{"text":true}',
    '['.repeat(5000),
    `${'{"text":'.repeat(2000)}1${'}'.repeat(2000)}`,
    `{"text":${'9'.repeat(10_000)}}`,
    `{${Array.from({ length: 5000 }, (_, at) => `"k${at}":1`).join()}}`,
  ];
  const names = [
    'print',
    'PRINT',
    'print ',
    'print/',
    '../print',
    '/usr/bin/printf',
    'print\u0000',
    'tool:print',
    'wait',
    'sh',
    'environment/../print',
    '*',
    '**',
  ];
  return [
    ...[...forms, ...more].map((text): Call => ['tools.call', 'print', text]),
    ...names.flatMap((name): Call[] => [
      ['tools.call', name, '{"text":"x"}'],
      ['tools.call', name, '{}'],
    ]),
  ];
}

describe('whatever the arguments of a tool look like', () => {
  it('only the declared program runs, with what the schema and the rules let in', async () => {
    world = makeWorld({ rows: ROWS });
    const { see } = await makeBed(world);
    const before = tree(world.directory, '.sallyport');
    const calls = corpus();
    expect(calls.length).toBeGreaterThan(500);
    const seen = await see(calls);
    const known = /^(ok|denied:(no-rule|forbidden-by-rule)|unknown-tool|invalid-arguments)$/;
    expect(seen.map(verdictOf).filter((verdict) => !known.test(verdict))).toEqual([]);
    const wrong = seen.flatMap((one, at) =>
      isPrinted(one, calls[at]) ? [] : [JSON.stringify([calls[at], one]).slice(0, 200)],
    );
    expect(wrong).toEqual([]);
    expect(tree(world.directory, '.sallyport')).toEqual(before);
    expect(existsSync(join(process.cwd(), 'NAME')) || existsSync('/NAME')).toBe(false);
    expect(verified(world.records().at(-1) ?? '').ok).toBe(true);
  }, 60_000);
});

/** A call that went through printed its own text, and not the one that is forbidden. */
function isPrinted(one: Seen, call: Call | undefined): boolean {
  if (one.ok === undefined) return true;
  const { text } = JSON.parse(String(call?.[2]).replace(/^\ufeff/, '')) as { text: string };
  return (one.ok as { stdout: string }).stdout === text && text !== 'secret' && text.length <= 200;
}

it('gives a tool no variable of the host', async () => {
  for (const [name, value] of [
    ['NODE_OPTIONS', '--no-deprecation'],
    ['HTTP_PROXY', 'http://127.0.0.1:1'],
    ['LD_PRELOAD', '/nonexistent/lib.so'],
    ['SECRET_TOKEN', 'secret-of-the-host'],
  ] as const) {
    vi.stubEnv(name, value);
  }
  world = makeWorld({ rows: ['p, agent:tester, tool:call, tool:environment, -, allow, -'] });
  const yaml =
    '  environment: { description: Prints., isolation: none, command: /usr/bin/cat, arguments: [/proc/self/environ], environment: { ONLY: this } }';
  world.write(
    'sallyport.yaml',
    `version: 1\nagents: { tester: { component: agent.wasm } }\ncache: { directory: cache }\ntools:\n${yaml}\n`,
  );
  const { see } = await makeBed(world);
  const [seen] = await see([['tools.call', 'environment', '{}']]);
  expect((seen?.ok as { stdout: string }).stdout).toBe('ONLY=this\u0000');
});
