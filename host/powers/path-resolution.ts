import { hasDescriptorPaths } from './descriptor-path.ts';
import { createOpenat2 } from './openat2.ts';

/**
 * How names below a mount are opened without a race: by one call of the kernel, step by step over `/proc/self/fd`, or not
 * at all, and then mounts are refused.
 */
export type PathResolution = 'openat2' | 'walk' | 'none';

/** The way that is open to this thread; tried, not assumed. */
export function pathResolution(): PathResolution {
  if (!hasDescriptorPaths()) return 'none';
  return createOpenat2() === undefined ? 'walk' : 'openat2';
}
