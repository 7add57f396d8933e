import { existsSync } from 'node:fs';

/** A descriptor that only names an object: it cannot be read. Linux; missing from Node's constants. */
export const O_PATH = 0x200000;

/** What a descriptor of this process leads to. `open` and the other calls resolve a name after it inside that object. */
export const descriptorPath = (descriptor: number): string => `/proc/self/fd/${descriptor}`;

/** Whether there are such paths here. Without them a name can be exchanged between check and use. */
export const hasDescriptorPaths = (): boolean => process.platform === 'linux' && existsSync('/proc/self/fd');
