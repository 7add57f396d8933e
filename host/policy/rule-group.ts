import type { LintedRule } from './lint-finding.ts';
import type { PolicySnapshot } from './policy-snapshot.ts';
import { coversResource, parseResourcePattern, type ResourcePattern } from './resource-pattern.ts';
import { ANY_ROLE } from './role-graph.ts';
import { ruleIndexSteps, type Indexed, type RuleIndex } from './rule-index.ts';
import {
  compileRule,
  createCellCompiler,
  type CellCompiler,
  type PlacedRule,
  type Rule,
  type RuleEffect,
} from './rule.ts';
import type { Steps } from './steps.ts';
import { actionMatches } from './vocabulary.ts';

/** The rules of one subject for one action and one resource cell: each covers the others. In the order of the file. */
export interface RuleGroup {
  readonly place: RulePlace;
  readonly subject: string;
  readonly rules: readonly GroupedRule[];
  readonly denies: boolean;
  /** The first allow row. */
  readonly allow: GroupedRule | undefined;
  /** The first row without a condition and with this effect, but for one row. */
  always(effect: RuleEffect, except: GroupedRule): GroupedRule | undefined;
  /** The allow rows, by the cell of their obligations. */
  byObligations(): ReadonlyMap<string, readonly GroupedRule[]>;
}

/** An action cell and a resource cell, with the rules that have both. */
export interface RulePlace extends Indexed {
  readonly resource: ResourcePattern;
  readonly groups: SubjectGroups;
  readonly denies: boolean;
  /** The first row that allows, of any subject. */
  readonly allow: GroupedRule | undefined;
}

/** The groups of a place. */
export interface SubjectGroups {
  readonly size: number;
  get(subject: string): RuleGroup | undefined;
  keys(): Iterable<string>;
}

/** A rule in its group. It is compiled when it is looked at. */
export interface GroupedRule extends LintedRule {
  readonly group: RuleGroup;
  readonly effect: RuleEffect;
  /** Whether it has a condition, and asks for something. */
  readonly conditional: boolean;
  readonly asking: boolean;
}

/** How often rules may still be held against each other. Where it is spent, what is found is not everything. */
export interface LintBudget {
  left: number;
}

/** All rules of a policy, so that each is held against those that can concern it and no others. */
export interface RuleGroups {
  readonly rules: readonly GroupedRule[];
  readonly index: RuleIndex<RulePlace>;
  /** The groups that cover one: wherever one of its rules could match, by subject, action and resource, theirs could too. */
  readonly covering: (group: RuleGroup, budget: LintBudget) => Steps<readonly RuleGroup[]>;
}

/** How many rules are grouped, or comparisons made, in one step. */
const RULES_OF_A_STEP = 128;

/** Groups the rules of a policy. */
export function* groupRules(snapshot: PolicySnapshot): Steps<RuleGroups> {
  const compiler = createCellCompiler(snapshot.words);
  const places = new Map<string, Place>();
  const rules: GroupedRule[] = [];
  for (const [order, placed] of snapshot.rules.entries()) {
    if (order % RULES_OF_A_STEP === 0) yield;
    const { row } = placed;
    const [start, middle] = [row.indexOf(', '), row.indexOf(', ', row.indexOf(', ') + 2)];
    const end = row.indexOf(', ', middle + 2);
    const key = row.slice(start + 2, end);
    let place = places.get(key);
    if (place === undefined)
      places.set(key, (place = new Place(order, row.slice(start + 2, middle), row.slice(middle + 2, end))));
    const group = place.groupOf(row.slice(0, start));
    const [when = '', effect, then = ''] = row.slice(end + 2).split(', ');
    const rule = new Grouped(order, placed, group, compiler, when !== '-', effect === 'deny' ? 'deny' : 'allow', then);
    rules.push(rule);
    place.add(rule);
  }
  const index = yield* ruleIndexSteps([...places.values()]);
  yield* index.grow();
  const covering = createCovering(snapshot, index);
  return { rules, index, covering };
}

class Group implements RuleGroup {
  readonly place: RulePlace;
  readonly subject: string;
  readonly rules: Grouped[] = [];
  denies = false;
  allow: GroupedRule | undefined;
  /** The first two of each effect without a condition: one of them may be the one that is asked about. */
  #always: Record<RuleEffect, GroupedRule[]> | undefined;
  #byObligations: ReadonlyMap<string, readonly GroupedRule[]> | undefined;

  constructor(place: RulePlace, subject: string) {
    this.place = place;
    this.subject = subject;
  }

  always(effect: RuleEffect, except: GroupedRule): GroupedRule | undefined {
    const [only] = this.rules;
    if (this.rules.length === 1)
      return only === except || only?.conditional === true || only?.effect !== effect ? undefined : only;
    const first = (one: RuleEffect) => firstTwo(this.rules, (rule) => !rule.conditional && rule.effect === one);
    this.#always ??= { allow: first('allow'), deny: first('deny') };
    return this.#always[effect].find((rule) => rule !== except);
  }

  byObligations(): ReadonlyMap<string, readonly GroupedRule[]> {
    return (this.#byObligations ??= Map.groupBy(
      this.rules.filter(({ effect }) => effect === 'allow'),
      ({ then }) => then,
    ));
  }
}

function firstTwo(rules: readonly GroupedRule[], isWanted: (rule: GroupedRule) => boolean): GroupedRule[] {
  const found: GroupedRule[] = [];
  for (const rule of rules) {
    if (found.length === 2) break;
    if (isWanted(rule)) found.push(rule);
  }
  return found;
}

/** Most places have the rules of one subject: only others have a map of them. */
class Place implements RulePlace, SubjectGroups {
  readonly order: number;
  readonly action: string;
  readonly pattern: string;
  denies = false;
  allow: GroupedRule | undefined;
  #only: Group | undefined;
  #many: Map<string, Group> | undefined;
  #resource: ResourcePattern | undefined;

  constructor(order: number, action: string, pattern: string) {
    this.order = order;
    this.action = action;
    this.pattern = pattern;
  }

  get resource(): ResourcePattern {
    return (this.#resource ??= parseResourcePattern(this.pattern));
  }

  get groups(): SubjectGroups {
    return this;
  }

  get size(): number {
    return this.#many?.size ?? (this.#only === undefined ? 0 : 1);
  }

  get(subject: string): Group | undefined {
    if (this.#many !== undefined) return this.#many.get(subject);
    return this.#only?.subject === subject ? this.#only : undefined;
  }

  keys(): Iterable<string> {
    if (this.#many !== undefined) return this.#many.keys();
    return this.#only === undefined ? [] : [this.#only.subject];
  }

  groupOf(subject: string): Group {
    const known = this.get(subject);
    if (known !== undefined) return known;
    const made = new Group(this, subject);
    if (this.#only === undefined) this.#only = made;
    else (this.#many ??= new Map([[this.#only.subject, this.#only]])).set(subject, made);
    return made;
  }

  add(rule: Grouped): void {
    const { group, effect } = rule;
    group.rules.push(rule);
    if (effect === 'deny') {
      this.denies = true;
      group.denies = true;
    } else {
      this.allow ??= rule;
      group.allow ??= rule;
    }
  }
}

class Grouped implements GroupedRule {
  readonly order: number;
  readonly group: Group;
  readonly conditional: boolean;
  readonly effect: RuleEffect;
  /** The cell of its obligations. */
  readonly then: string;
  readonly #placed: PlacedRule;
  readonly #compiler: CellCompiler;
  #rule: Rule | undefined;

  constructor(
    ...[order, placed, group, compiler, conditional, effect, then]: readonly [
      number,
      PlacedRule,
      Group,
      CellCompiler,
      boolean,
      RuleEffect,
      string,
    ]
  ) {
    this.order = order;
    this.group = group;
    this.conditional = conditional;
    this.effect = effect;
    this.then = then;
    this.#placed = placed;
    this.#compiler = compiler;
  }

  get line(): number {
    return this.#placed.line;
  }

  get asking(): boolean {
    return this.then !== '-';
  }

  get rule(): Rule {
    const { place } = this.group;
    return (this.#rule ??= compileRule(this.#placed, { ...this.#compiler, resource: () => place.resource }));
  }
}

function createCovering({ roles }: PolicySnapshot, index: RuleIndex<RulePlace>): RuleGroups['covering'] {
  const places = new Map<RulePlace, readonly RulePlace[]>();
  const groups = new Map<RuleGroup, readonly RuleGroup[]>();
  const subjects = new Map<string, ReadonlySet<string>>();

  function* coveringPlaces(own: RulePlace, budget: LintBudget): Steps<readonly RulePlace[]> {
    const known = places.get(own);
    if (known !== undefined) return known;
    const found: RulePlace[] = [];
    // A pattern with a wildcard in its host is found as what it says and as what it covers.
    const near = index.candidates(own.action, own.resource.parts);
    for (const other of own.resource.host === undefined ? near : new Set(near)) {
      if (budget.left-- <= 0) break;
      if (budget.left % RULES_OF_A_STEP === 0) yield;
      if (actionMatches(own.action, other.action) && coversResource(other.resource, own.resource)) found.push(other);
    }
    if (own.groups.size > 1) places.set(own, found);
    return found;
  }

  function subjectsOver(subject: string): ReadonlySet<string> {
    const known = subjects.get(subject) ?? new Set([...roles.closure(subject), ANY_ROLE]);
    subjects.set(subject, known);
    return known;
  }

  return function* covering(own: RuleGroup, budget: LintBudget): Steps<readonly RuleGroup[]> {
    const known = groups.get(own);
    if (known !== undefined) return known;
    const over = subjectsOver(own.subject);
    const found: RuleGroup[] = [];
    for (const place of yield* coveringPlaces(own.place, budget))
      for (const name of shorter(over, place.groups)) {
        if (budget.left-- <= 0) break;
        if (budget.left % RULES_OF_A_STEP === 0) yield;
        const group = over.has(name) ? place.groups.get(name) : undefined;
        if (group !== undefined) found.push(group);
      }
    if (own.rules.length > 1) groups.set(own, found);
    return found;
  };
}

/** The names of which there are fewer. */
export const shorter = (names: ReadonlySet<string>, groups: SubjectGroups): Iterable<string> =>
  names.size <= groups.size ? names : groups.keys();
