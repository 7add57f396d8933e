/** The engines that can decide. */
export const ENGINES = ['casbin', 'compiled'] as const;
export type EngineName = (typeof ENGINES)[number];

/** Which engine decides, with what it needs. `shadow`: one in so many decisions is made by Casbin as well; 0 is none. */
export type EngineChoice = { readonly engine: 'casbin' } | { readonly engine: 'compiled'; readonly shadow: number };

export const CASBIN: EngineChoice = Object.freeze({ engine: 'casbin' });
