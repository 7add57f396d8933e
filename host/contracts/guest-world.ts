/** What a guest takes for the time and for chance. What its gates, the policy and the record see is always real. */
export interface GuestWorld {
  /** The host's clock, or one that starts at a moment and then depends on the guest alone. */
  readonly clock: 'real' | { readonly startMs: number };
  /** The host's random bytes, or those that follow from a seed in hex. */
  readonly random: 'real' | { readonly seed: string };
}

export const REAL_WORLD: GuestWorld = Object.freeze({ clock: 'real', random: 'real' });

export const isReal = ({ clock, random }: GuestWorld): boolean => clock === 'real' && random === 'real';

/** As the configuration has it. */
export const worldText = ({ clock, random }: GuestWorld): { readonly clock: string; readonly random: string } => ({
  clock: clock === 'real' ? clock : new Date(clock.startMs).toISOString(),
  random: random === 'real' ? random : `seed:${random.seed}`,
});
