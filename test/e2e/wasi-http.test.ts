import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openHost, verifyAudit, type RunOptions, type RunResult, type ShownQuestion } from '../../host/index.ts';
import { CELLS, type CellUnderTest } from '../sandbox/support/cell.ts';
import { httpServer, rawServer, type LoopbackServer } from '../gates/http/loopback.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { celledAgent, celledLimits } from '../support/celled-agent.ts';
import { nestedPackages, starlingGuest } from '../support/starling-guest.ts';

const wasi = join(import.meta.dirname, '..', 'wasi');
const packages = join(wasi, 'wit', 'deps');

let component: string;
beforeAll(async () => {
  const world = readFileSync(join(wasi, 'wit', 'http-agent.wit'), 'utf8');
  const deps = readdirSync(packages).map((file) => readFileSync(join(packages, file), 'utf8'));
  component = await starlingGuest(join(wasi, 'http-agent.mjs'), {
    wit: `package sallyport:probe;\n${world}\n${nestedPackages(deps)}`,
    world: 'http-agent',
    features: ['stdio', 'random', 'clocks', 'http'],
  });
}, 900_000);

let world: AgentWorld;
let server: LoopbackServer;
beforeEach(async () => {
  server = await httpServer((response, _incoming, { target, body }) => {
    if (target === '/large') response.end('x'.repeat(10_000_000));
    else if (target === '/moved') response.writeHead(302, { location: '/' }).end();
    else if (target === '/slow') setTimeout(() => response.end('slow'), 200);
    else response.end(body === '' ? `hello from ${target}` : `${body.length} bytes`);
  });
});
afterEach(() => world.remove());

interface Record {
  readonly type: string;
  readonly action?: string;
  readonly resource?: string;
  readonly outcome?: { readonly status: string; readonly code?: string };
}

interface Play {
  readonly cell: CellUnderTest;
  readonly input: object;
  readonly rows?: readonly string[];
  readonly options?: Partial<RunOptions>;
}

async function play({ cell, input, rows, options }: Play): Promise<{ result: RunResult; records: Record[] }> {
  const configuration = `version: 1\nlimits: ${celledLimits(cell, '')}\napprovers: { owner: [user:ada] }\nagents: { tester: ${celledAgent(cell, component)} }\n`;
  world = makeAgentWorld({
    configuration,
    rows: rows ?? [`p, agent:tester, http:*, ${server.origin}/**, -, allow, -`],
  });
  const host = await openHost({
    configuration: join(world.directory, 'sallyport.yaml'),
    workingDirectory: world.directory,
  });
  const result = await host.run({ agent: 'tester', component, input: JSON.stringify(input), ...options });
  await host.close();
  expect(result.cell).toBe(cell);
  const location = { directory: world.directory, workingDirectory: world.directory };
  expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  return { result, records: world.lastRecords() as unknown as Record[] };
}

async function answerTo(cell: CellUnderTest, input: object): Promise<unknown> {
  const { result } = await play({ cell, input: { authority: new URL(server.origin).host, ...input } });
  expect(result).toMatchObject({ status: 'ok' });
  return JSON.parse(result.output ?? '') as unknown;
}

describe.each(CELLS)('in a cell of kind `%s`, an agent that speaks wasi:http', (cell) => {
  it('sends, reads the answer, and everything is recorded', async () => {
    const input = { step: 'get', authority: new URL(server.origin).host, path: '/one' };
    const { result, records } = await play({ cell, input });
    expect(JSON.parse(result.output ?? '')).toEqual({ status: 200, read: 15, head: 'hello from /one' });
    const effects = records.filter(({ type }) => type.startsWith('effect.'));
    expect(effects).toMatchObject([
      { type: 'effect.intended', action: 'http:GET', resource: `${server.origin}/one` },
      { type: 'effect.settled', outcome: { status: 'ok' } },
    ]);
  });

  it('is denied by error-code where no rule allows it, and reaches nobody', async () => {
    const input = { step: 'get', authority: new URL(server.origin).host, path: '/' };
    const { result, records } = await play({ cell, input, rows: [] });
    expect(JSON.parse(result.output ?? '')).toEqual({ code: 'HTTP-request-denied' });
    expect(records.filter(({ type }) => type.startsWith('effect.'))).toMatchObject([
      { type: 'effect.denied', action: 'http:GET', resource: `${server.origin}/` },
    ]);
    expect(server.contacts()).toBe(0);
  });

  it("meets a denial of the engine's fetch as its error, without a word of the host", async () => {
    const input = { step: 'fetchDenied', authority: new URL(server.origin).host };
    const { result } = await play({ cell, input, rows: [] });
    expect(JSON.parse(result.output ?? '')).toMatchObject({ name: 'TypeError' });
    expect(result.output).not.toMatch(/policy|rule|sallyport|casbin/i);
    expect(server.contacts()).toBe(0);
  });

  it.each([
    ['a post', { step: 'post' }, { status: 200, head: '11 bytes' }],
    ['an upload of ten megabytes', { step: 'upload', size: 10_000_000 }, { status: 200, head: '10000000 bytes' }],
    ['an answer of ten megabytes', { step: 'get', path: '/large' }, { status: 200, read: 10_000_000 }],
    ['a redirect, as it is', { step: 'get', path: '/moved' }, { status: 302 }],
    [
      'two at once, and a timer',
      { step: 'race' },
      { first: [1], all: [{ head: 'slow' }, { head: 'hello from /quick' }] },
    ],
    ['a fetch of the engine', { step: 'fetch', path: '/one' }, { status: 200, head: 'hello from /one' }],
    ['a fetch with a body', { step: 'fetch', size: 200_000 }, { status: 200, head: '200000 bytes' }],
    ['fetches at once', { step: 'fetches' }, { texts: ['slow', 'hello from /quick', 'hello from /one'] }],
    ['a field that belongs to the host', { step: 'forbidden' }, { tag: 'forbidden' }],
  ])('handles %s', async (_, input, answer) => {
    expect(await answerTo(cell, input)).toMatchObject(answer);
  });

  it('reads of a body that was cut that it broke, and nothing of the host', async () => {
    const cut = await rawServer((socket, received) => {
      if (received.includes('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
    });
    const rows = [`p, agent:tester, http:*, ${cut.origin}/**, -, allow, -`];
    const input = { step: 'get', authority: new URL(cut.origin).host, path: '/' };
    const { result } = await play({ cell, input, rows });
    expect(JSON.parse(result.output ?? '')).toMatchObject({
      read: 4,
      failed: expect.stringMatching(/^HTTP-/) as string,
      told: 'the last operation on the stream failed',
    });
  });

  it('that leaves with exchanges open leaves none: each intent has its outcome', async () => {
    const input = { step: 'drop', authority: new URL(server.origin).host };
    const { result, records } = await play({ cell, input });
    expect(result).toMatchObject({ status: 'ok' });
    const of = (type: string) => records.filter((record) => record.type === type);
    expect(of('effect.intended')).toHaveLength(2);
    expect(of('effect.settled')).toHaveLength(2);
  });

  describe('where a rule asks for a person', () => {
    const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const asking = (ttl = '1m'): string[] => [
      `p, role:any, http:*, ${server.origin}/**, -, allow, approve=owner ttl=${ttl}`,
    ];
    const yes = { answer: 'yes', by: 'user:ada' } as const;
    const WAIT_MS = 500;

    it('waits before anything leaves, and the clock of the run stands still', async () => {
      const asked: ShownQuestion[] = [];
      const input = { step: 'get', authority: new URL(server.origin).host, path: '/one' };
      const start = performance.now();
      const { result, records } = await play({
        ...{ cell, input, rows: asking() },
        options: {
          async onApproval(question) {
            asked.push(question);
            await later(WAIT_MS);
            expect(server.contacts()).toBe(0);
            return yes;
          },
        },
      });
      expect(JSON.parse(result.output ?? '')).toMatchObject({ status: 200, head: 'hello from /one' });
      expect(result.usage.wallMs).toBeLessThan(performance.now() - start - WAIT_MS);
      expect(asked).toMatchObject([{ accesses: [{ action: 'http:GET', resource: `${server.origin}/one` }] }]);
      expect(records.map(({ type }) => type).slice(1, 4)).toEqual([
        ...['approval.asked', 'approval.answered', 'effect.intended'],
      ]);
    });

    it.each([
      ['a no', '1m', { onApproval: () => ({ answer: 'no' }) as const }],
      ['no answer', '1s', {}],
    ])('meets %s as a denial of its own kind, and reaches nobody', async (_, ttl, options) => {
      const input = { step: 'get', authority: new URL(server.origin).host, path: '/one' };
      const { result } = await play({ cell, input, rows: asking(ttl), options });
      expect(JSON.parse(result.output ?? '')).toEqual({ code: 'HTTP-request-denied' });
      expect(server.contacts()).toBe(0);
    });

    it('says that a body which is still to come was not seen, and sends it after the yes', async () => {
      const asked: ShownQuestion[] = [];
      const input = { step: 'upload', size: 300_000, authority: new URL(server.origin).host };
      const { result } = await play({
        ...{ cell, input, rows: asking() },
        options: { onApproval: (question) => (asked.push(question), yes) },
      });
      expect(JSON.parse(result.output ?? '')).toMatchObject({ status: 200, head: '300000 bytes' });
      expect(asked).toMatchObject([{ partial: true }]);
    });

    it('has other requests answered while one waits', async () => {
      const rows = [
        `p, role:any, http:*, ${server.origin}/**, -, allow, -`,
        `p, role:any, http:*, ${server.origin}/slow, -, allow, approve=owner`,
      ];
      const input = { step: 'race', authority: new URL(server.origin).host };
      const { result } = await play({
        ...{ cell, input, rows },
        options: {
          async onApproval() {
            while (server.contacts() === 0) await later(10); // the quick one has been sent
            return yes;
          },
        },
      });
      expect(JSON.parse(result.output ?? '')).toMatchObject({
        first: [1],
        all: [{ head: 'slow' }, { head: 'hello from /quick' }],
      });
    });
  });
});
