import type { MaskStream } from '../../contracts/run-secrets.ts';

/** One stream after the other: secrets are hidden first, so that no other mask cuts one in two. */
export function chained(first: MaskStream | undefined, second: MaskStream | undefined): MaskStream | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return {
    push: (chunk) => second.push(first.push(chunk)),
    end: () => Buffer.concat([second.push(first.end()), second.end()]),
  };
}
