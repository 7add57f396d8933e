/** Something that can be waited for. */
export interface Readiness {
  readonly ready: () => boolean;
  /** Resolves when `ready` would say yes. Is not called again before that, and must not fail. */
  readonly wait: () => Promise<void>;
}
