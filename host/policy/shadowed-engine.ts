import type { Divergence, EngineFinding } from '../contracts/decision.ts';
import type { ConditionInput } from './conditions/clause.ts';
import type { Decide, Engine, EngineAnswer, EngineRequest } from './engine.ts';
import type { Rule } from './rule.ts';

/** The compiled engine, with Casbin looking at some of what it decides. */
export interface ShadowedEngine extends Engine {
  /** The difference that was found. From then on Casbin decides alone. */
  readonly divergence: () => Divergence | undefined;
}

export interface ShadowOptions {
  readonly compiled: Engine;
  /** Made when it is needed for the first time. */
  readonly makeCasbin: () => Engine;
  /** One in so many decisions is compared, from 1. */
  readonly every: number;
}

/**
 * Compares one in so many decisions of the compiled engine with Casbin's. After a difference nothing is allowed that one of
 * them denies: such a decision throws, and all later ones are Casbin's.
 */
export function createShadowedEngine({ compiled, makeCasbin, every }: ShadowOptions): ShadowedEngine {
  const isDue = createSampler(every);
  let casbin: Engine | undefined;
  let found: Divergence | undefined;

  return Object.freeze({
    divergence: () => found,
    prepare(request: EngineRequest, rules: readonly Rule[]): Decide {
      const fast = onFirstUse(() => compiled.prepare(request, rules));
      const trusted = onFirstUse(() => (casbin ??= makeCasbin()).prepare(request, rules));
      return (input) => {
        if (found !== undefined) return trusted(input);
        if (!isDue(input.context.nowMs)) return fast(input);
        const [own, other] = [attempt(fast, input), attempt(trusted, input)];
        if (isSame(own.finding, other.finding)) return other.answer();
        const { subject, action, resource } = request;
        found = Object.freeze({ agent: subject, action, resource, casbin: other.finding, compiled: own.finding });
        if (own.finding.effect !== 'allow' || other.finding.effect !== 'allow')
          throw new TypeError('the engines disagree');
        return other.answer();
      };
    },
  });
}

/** Says yes once in each row of so many calls. Where in the row is left to the clock, so that no place is never looked at. */
function createSampler(every: number): (nowMs: number) => boolean {
  let at = every;
  let due = 0;
  return (nowMs) => {
    if (at >= every) {
      at = 0;
      due = Number.isFinite(nowMs) ? Math.floor(Math.abs(nowMs)) % every : 0;
    }
    return at++ === due;
  };
}

function onFirstUse(prepare: () => Decide): Decide {
  let decide: Decide | undefined;
  return (input) => (decide ??= prepare())(input);
}

/** What an engine answered, or how it failed: `answer` throws what it threw. */
interface Attempt {
  readonly finding: EngineFinding;
  readonly answer: () => EngineAnswer;
}

function attempt(decide: Decide, input: ConditionInput): Attempt {
  try {
    const answer = decide(input);
    const effect = answer.allowed ? 'allow' : 'deny';
    return { finding: { effect, rules: answer.matched.map(({ id }) => id) }, answer: () => answer };
  } catch (error) {
    return {
      finding: { effect: 'error', rules: [] },
      answer: () => {
        throw error;
      },
    };
  }
}

const isSame = (one: EngineFinding, other: EngineFinding): boolean =>
  one.effect === other.effect &&
  one.rules.length === other.rules.length &&
  one.rules.every((id, index) => id === other.rules[index]);
