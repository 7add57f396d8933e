import type { KeptLabels } from '../contracts/label.ts';

/** Whether the labels are known of what has come. Where they are not, nothing of it may be given, and `fault` is told. */
export function isLabelled(kept: KeptLabels | undefined, fault: (error: unknown) => void): boolean {
  try {
    kept?.arrived();
    return true;
  } catch (error) {
    fault(error);
    return false;
  }
}
