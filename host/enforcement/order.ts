/** The steps of one effect, in order. Tests read this list. */
export const STEPS = [
  'validate',
  'canonicalise',
  'decide',
  'approve',
  'reserve',
  'record-intent',
  'perform',
  'discharge',
  'settle',
  'record-outcome',
] as const;
export type Step = (typeof STEPS)[number];
