import { describe, expect, it } from 'vitest';
import { createGrantAuthority, type Claim, type Grant } from '../../host/enforcement/grant.ts';
import { readDriverTypes } from '../support/driver-types.ts';
import { effectOf, type Target } from './effects.ts';
import { allow, createMemoryRun, type MemoryRun } from './in-memory.ts';

const { functions, gates } = readDriverTypes();
const NOT_LIVE = expect.objectContaining({ code: 'ERR_GRANT' }) as unknown;

/** Something that answers to every name, may be called, and counts how often it is. */
function createTrap(): { readonly value: unknown; readonly contacts: () => number; readonly reset: () => void } {
  let contacts = 0;
  const value: unknown = new Proxy(() => undefined, {
    get(_, key) {
      if (key === Symbol.iterator) return () => [][Symbol.iterator]();
      if (key === Symbol.toPrimitive) return () => 1;
      return key === 'then' ? undefined : value;
    },
    apply: () => {
      contacts++;
      return value;
    },
    construct: () => {
      contacts++;
      return Object(value) as object; // what `new` gives must be an object, and the trap is one
    },
  });
  return { value, contacts: () => contacts, reset: () => void (contacts = 0) };
}

type Call = (grant: unknown) => unknown;
type Use = (grant: unknown) => Promise<unknown>;

/** A driver over nothing but traps, with the `redeem` of a real pipeline, whichever way it takes its powers. */
async function openDriver(file: string, factory: string, run: MemoryRun) {
  const trap = createTrap();
  const options = new Proxy(() => undefined, {
    get: (_, key) =>
      key === 'redeem' ? run.pipeline.redeem : (Reflect.get(Object(trap.value) as object, key) as unknown),
    apply: (_, __, [grant]: [Grant<unknown>]) => run.pipeline.redeem(grant),
  });
  // The module has what the types of `readDriverTypes` say.
  const module = (await import(`../../${file}`)) as Record<
    string,
    (...powers: unknown[]) => Record<string, Call> | Call
  >;
  const driver = module[factory]?.(options, trap.value, trap.value);
  trap.reset();
  return {
    trap,
    of(method: string): Call {
      const found = method === '' ? driver : (driver as Record<string, Call> | undefined)?.[method];
      if (typeof found !== 'function') throw new TypeError(`${file} has no ${factory}().${method}`);
      return found;
    },
  };
}

/** The grant of one allowed effect, while it lives. */
async function liveGrant<Value>(run: MemoryRun, use: (grant: Grant<Target>) => Promise<Value> | Value): Promise<Value> {
  let value: Promise<Value> | Value | undefined;
  await run.pipeline.enforce(
    effectOf(run, {
      perform: async (grant) => {
        value = use(grant);
        await Promise.resolve(value).catch(() => undefined);
        return { status: 'ok', value: '' };
      },
    }),
  );
  return value as Value; // `perform` was called: the effect was allowed
}

const claim: Claim<Target> = {
  target: { line: 'x' },
  digest: '0'.repeat(64),
  generation: 7,
  decisionId: 'run-1/1',
  rules: [],
  obligations: {},
  takeBytes: () => true,
  reportCost: () => undefined,
  stands: () => true,
};

/** Everything that is not a live grant of this run, made by `use` while a live one is at hand. */
const WORTHLESS: readonly (readonly [string, (run: MemoryRun, use: Use) => Promise<unknown>])[] = [
  ['nothing', (_, use) => use(undefined)],
  ['a claim', (_, use) => use(claim)],
  ['a frozen object', (_, use) => use(Object.freeze({}))],
  ['a proxy of a live one', (run, use) => liveGrant(run, (grant) => use(new Proxy(grant, {})))],
  [
    'an object of the class of a live one',
    (run, use) => liveGrant(run, (grant) => use(Object.create(Object.getPrototypeOf(grant) as object))),
  ],
  ['one with a live one as its prototype', (run, use) => liveGrant(run, (grant) => use(Object.create(grant)))],
  ['one of an authority of its own', (_, use) => use(createGrantAuthority().mint(claim))],
  [
    'one of another run',
    (_, use) =>
      liveGrant(
        createMemoryRun(() => allow()),
        (grant) => use(grant),
      ),
  ],
  [
    'one that was used',
    (run, use) =>
      liveGrant(run, (grant) => {
        run.pipeline.redeem(grant);
        return use(grant);
      }),
  ],
  [
    'one whose effect is over',
    async (run, use) => use(await liveGrant(run, (grant) => ({ grant })).then(({ grant }) => grant)),
  ],
];

describe('every function of every driver', () => {
  it('is found', () => {
    expect([...new Set(functions.map(({ file }) => file.split('/')[2]))]).toEqual(gates);
  });

  for (const { file, factory, method } of functions) {
    const name = `${file} ${factory}()${method === '' ? '' : `.${method}`}`;

    it.each(WORTHLESS)(`${name} refuses %s, and touches nothing`, async (_, make) => {
      const run = createMemoryRun(() => allow());
      const driver = await openDriver(file, factory, run);
      const use: Use = (grant) => Promise.try(driver.of(method), grant);
      await expect(make(run, use)).rejects.toEqual(NOT_LIVE);
      expect(driver.trap.contacts()).toBe(0);
    });

    it(`${name} uses up the grant that it is given`, async () => {
      const run = createMemoryRun(() => allow());
      const driver = await openDriver(file, factory, run);
      await liveGrant(run, (grant) => {
        // What it makes of a target that is none of its own does not matter here.
        void Promise.try(driver.of(method), grant).catch(() => undefined);
        expect(() => run.pipeline.redeem(grant)).toThrow(NOT_LIVE);
      });
    });
  }
});
