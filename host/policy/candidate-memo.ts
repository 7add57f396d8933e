/** Remembers, for the latest actions and resources, which rules they meet, if any. Never a decision. */
export interface CandidateMemo<Candidates> {
  get(action: string, resource: string): Candidates | undefined;
  set(action: string, resource: string, candidates: Candidates): void;
}

/** Guests choose resources: so many are kept, whatever they lead to, and none that is longer: what is kept stays small. */
const MAX_KEPT = 1_024;
const MAX_LENGTH = 512;

/** One memo serves one decision point, and so one snapshot of the policy. */
export function createCandidateMemo<Candidates>(): CandidateMemo<Candidates> {
  let young = new Map<string, Map<string, Candidates>>();
  let old = young;
  let kept = 0;

  function set(action: string, resource: string, candidates: Candidates): void {
    if (action.length + resource.length > MAX_LENGTH) return;
    if (kept >= MAX_KEPT / 2) {
      old = young;
      young = new Map();
      kept = 0;
    }
    const own = young.get(action);
    if (own === undefined) young.set(action, new Map([[resource, candidates]]));
    else own.set(resource, candidates);
    kept++;
  }

  return Object.freeze({
    get(action: string, resource: string): Candidates | undefined {
      const known = young.get(action)?.get(resource);
      if (known !== undefined || old === young) return known;
      const before = old.get(action)?.get(resource);
      if (before !== undefined) set(action, resource, before);
      return before;
    },
    set,
  });
}
