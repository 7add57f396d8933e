import { describe, expect, it } from 'vitest';
import type { Decision, ObligationName, Obligations } from '../../host/contracts/decision.ts';
import type { Gate, Intention } from '../../host/contracts/gate.ts';
import type { HostInterface } from '../../host/contracts/guest-import.ts';
import { isRefusal } from '../../host/contracts/request.ts';
import type { ServedInterface } from '../../host/contracts/served-interface.ts';
import type { Pipeline } from '../../host/enforcement/enforce.ts';
import { allow, approve, createMemoryRun, deny, RULES, type MemoryRun } from '../enforcement/in-memory.ts';

/** A gate with powers of its own, and one call that its powers can perform. */
export interface GateSample {
  readonly gate: Gate;
  /** One well-formed call, as the glue would make it. */
  readonly call: (members: HostInterface) => Promise<unknown>;
  /** How many times the effect behind `call` has happened: lines written, requests received, processes started. */
  readonly performed: () => number;
}

/** What a gate brings to the cases. */
export interface GateCases {
  readonly name: string;
  readonly served: ServedInterface;
  readonly actions: readonly string[];
  readonly create: (pipeline: Pipeline) => GateSample | Promise<GateSample>;
  /** The same effect as `call`, as an agent would ask `policy.check` about it. */
  readonly intention: Intention;
  /** What must not stand in any text for the guest, for instance a host path. */
  readonly secrets?: readonly string[];
}

/** But `approval`, which makes another kind of answer. */
const OBLIGATIONS: Readonly<Record<Exclude<ObligationName, 'approval'>, Obligations>> = {
  rows: { rows: 1 },
  timeoutMs: { timeoutMs: 5_000 },
  log: { log: 'full' },
  bytes: { bytes: 1 << 20 },
  redact: { redact: ['email'] },
  alert: { alert: ['soc'] },
  label: { label: { name: 'public', rank: 0 } },
  budgets: { budgets: [{ kind: 'rate', rule: 'p-1', limit: 10, periodMs: 1_000, scope: 'agent' }] },
};

const camel = (name: string) => name.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/** What a call ended with: its value, or the payload of the error that it threw. */
async function outcomeOf(call: () => Promise<unknown>): Promise<{ value: unknown } | { payload: unknown }> {
  try {
    return { value: await call() };
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'payload' in error) return { payload: error.payload };
    throw error;
  }
}

const denied = (reason: string) => ({
  payload: {
    tag: 'denied',
    val: expect.objectContaining({ reason, decision: expect.stringMatching(/./) as unknown }) as unknown,
  },
});

/** The cases that every gate passes. Call it once in the gate's own folder of tests. */
export function gateCases({ name, served, actions, create, intention, secrets = [] }: GateCases): void {
  async function withGate(
    decide: () => Decision,
    use: (
      sample: GateSample,
      run: MemoryRun,
      call: () => Promise<{ value: unknown } | { payload: unknown }>,
    ) => unknown,
  ): Promise<void> {
    const run = createMemoryRun(() => decide());
    const sample = await create(run.pipeline);
    try {
      await use(sample, run, () => outcomeOf(() => sample.call(sample.gate.imports.get(served.name)!)));
    } finally {
      await sample.gate.close();
    }
  }

  describe(`the ${name} gate`, () => {
    it('denies by default, without any effect, and records it', () =>
      withGate(deny, async ({ performed }, run, call) => {
        expect(await call()).toEqual(denied('no-rule'));
        expect(performed()).toBe(0);
        expect(run.types()).toEqual(['effect.denied']);
      }));

    it('performs what is allowed, once, between intent and outcome', () =>
      withGate(allow, async ({ performed }, run, call) => {
        expect(await call()).toHaveProperty('value');
        expect(performed()).toBe(1);
        expect(run.types().slice(0, 2)).toEqual(['effect.intended', 'effect.settled']);
        expect(run.records[1]).toMatchObject({ intent: 0, outcome: { status: 'ok' } });
        expect(run.faults).toEqual([]);
      }));

    it('performs nothing whose record cannot be written', () =>
      withGate(allow, async ({ performed }, run, call) => {
        run.breakLog();
        expect(await call()).toEqual(denied('audit-unavailable'));
        expect(await call()).toEqual(denied('audit-unavailable'));
        expect(performed()).toBe(0);
      }));

    it('performs nothing that needs an approval', () =>
      withGate(approve, async ({ performed }, _, call) => {
        expect(await call()).toEqual(denied('not-approved'));
        expect(performed()).toBe(0);
      }));

    it.each(Object.entries(OBLIGATIONS))('discharges %s, or denies', (obligation, obligations) =>
      withGate(
        () => allow(obligations),
        async ({ gate, performed }, _, call) => {
          const can = ['log', 'alert'].includes(obligation) || gate.discharges.has(obligation as ObligationName);
          const outcome = await call();
          if (can) expect(outcome).toHaveProperty('value');
          else expect(outcome).toEqual(denied('unsupported-obligation'));
          expect(performed()).toBe(can ? 1 : 0);
        },
      ),
    );

    it('moves no bytes that have no room, where it counts them', () =>
      withGate(
        () => allow({ bytes: 1 }),
        async ({ gate }, run, call) => {
          if (!gate.discharges.has('bytes')) return;
          const outcome = await call();
          // Some of the calls move none: a new directory, a statement without parameters.
          if ('payload' in outcome) expect(outcome).toEqual(denied('budget-exhausted'));
          expect(Number(run.records.at(-1)?.outcome?.discharged?.['bytes'])).toBeLessThanOrEqual(1);
        },
      ));

    it('denies on an obligation that nobody knows', () =>
      withGate(
        () => allow({ teleport: 1 } as Obligations),
        async ({ performed }, _, call) => {
          expect(await call()).toEqual(denied('unsupported-obligation'));
          expect(performed()).toBe(0);
        },
      ));

    it('turns a fault of the host into `internal`, and its text stays here', () =>
      withGate(
        () => {
          throw new Error('cannot open /home/operator/policy.csv');
        },
        async ({ performed }, run, call) => {
          expect(await call()).toEqual({ payload: { tag: 'internal' } });
          expect(performed()).toBe(0);
          expect(run.faults).toHaveLength(1);
        },
      ));

    it('tells a denied guest nothing of the policy', () =>
      withGate(
        () => ({ ...deny('forbidden-by-rule'), rules: RULES }),
        async (_, run, call) => {
          const text = JSON.stringify(await call());
          expect(text).toContain('forbidden-by-rule');
          for (const secret of [RULES[0].id, run.pipeline.redeem.name + '(', 'sha256:', 'role:', ...secrets]) {
            expect(text).not.toContain(secret);
          }
        },
      ));

    it('asks only about its own actions, on behalf of its own capability', () =>
      withGate(allow, async ({ gate }, run, call) => {
        await call();
        const asked = run.asked.flatMap(({ accesses }) => accesses);
        expect(asked.length).toBeGreaterThan(0);
        for (const { action } of asked) {
          expect(actions).toContain(action);
          expect(action.startsWith(`${gate.capability}:`)).toBe(true);
        }
      }));

    it('keeps the record of a request below 1 KiB', () =>
      withGate(allow, async (_, run, call) => {
        await call();
        expect(JSON.stringify(run.records[0]?.request).length).toBeLessThan(1024);
      }));

    it('brings an intention into the very form that the attempt has', () =>
      withGate(allow, async ({ gate }, run, call) => {
        const parsed = gate.intention(intention);
        if (isRefusal(parsed)) throw new Error(parsed.refused);
        await call();
        expect(run.asked[0]?.accesses.map(({ action, resource }) => ({ action, resource }))).toContainEqual({
          action: parsed.accesses[0].action,
          resource: parsed.accesses[0].resource,
        });
      }));

    it('changes nothing when it canonicalises twice', () =>
      withGate(allow, ({ gate }) => {
        const once = gate.intention(intention);
        if (isRefusal(once)) throw new Error(once.refused);
        const { action, resource } = once.accesses[0];
        expect(gate.intention({ ...intention, action, resource })).toMatchObject({ accesses: once.accesses });
      }));

    it.each([
      ['an action of nobody', { ...intention, action: 'nobody:does' }],
      ['an empty action', { ...intention, action: '' }],
      ['an empty resource', { ...intention, resource: '' }],
      ['a resource with a control character', { ...intention, resource: `${intention.resource}\u0000` }],
      ['a resource without end', { ...intention, resource: intention.resource + 'a'.repeat(100_000) }],
    ])('refuses an intention with %s', (_, odd) =>
      withGate(allow, ({ gate }) => {
        expect(gate.intention(odd)).toHaveProperty('refused');
      }),
    );

    it('serves exactly the functions of its row in the import matrix', () =>
      withGate(allow, ({ gate }) => {
        expect([...gate.imports.keys()]).toEqual([served.name]);
        const members = gate.imports.get(served.name)!;
        const free = served.functions.filter((entry) => !entry.name.startsWith('[')).map((entry) => camel(entry.name));
        const functions = Object.keys(members).filter((member) => !/^[A-Z]/.test(member));
        expect(functions.sort()).toEqual(free.sort());
        for (const { name: method } of served.functions.filter((entry) => entry.name.startsWith('[method]'))) {
          const [, resource = '', own = ''] = /^\[method\](.+)\.(.+)$/.exec(method) ?? [];
          const type = members[camel(`-${resource}`)] as { prototype: object } | undefined;
          expect(type?.prototype).toHaveProperty(camel(own));
        }
      }));

    it('offers nothing that a guest could change or reach past', () =>
      withGate(allow, ({ gate }) => {
        expect(Object.isFrozen(gate)).toBe(true);
        for (const members of gate.imports.values()) {
          expect(Object.getPrototypeOf(members)).toBeNull();
          expect(Object.isFrozen(members)).toBe(true);
        }
      }));
  });
}
