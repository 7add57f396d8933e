import type { ResourceParts } from './resource-parts.ts';

/**
 * How much of a resource a pattern has from its beginning; 0 where it has nothing of it. Reads the text of the pattern
 * as it stands and compiles nothing: it is asked about every row of a policy.
 */
export function nearness(pattern: string, given: ResourceParts): number {
  const start = originLength(pattern, given);
  if (start === undefined) return 0;
  const { text, at } = given;
  let own = start;
  let other = at.path;
  let score = at.host < 0 ? 0 : SEGMENT;
  while (own <= pattern.length && other <= text.length) {
    const segment = pattern.slice(own, endOf(pattern, own));
    const here = text.slice(other, endOf(text, other));
    if (segment === '**') return score + (other < text.length ? 1 : 0);
    if (segment !== '*' && segment !== here) return score + sharedLength(segment, here);
    score += segment === '*' ? SEGMENT / 2 : SEGMENT;
    own += segment.length + 1;
    other += here.length + 1;
  }
  return score;
}

/** Whether a pattern may match a resource: never no where it does. As quick as `nearness`, and as shallow. */
export function mayMatch(pattern: string, given: ResourceParts): boolean {
  const start = originLength(pattern, given);
  if (start === undefined) return false;
  const { text, at } = given;
  let own = start;
  let other = at.path;
  while (own <= pattern.length && other <= text.length) {
    const end = endOf(pattern, own);
    const star = pattern.indexOf('*', own);
    if (star >= 0 && star < end) {
      if (pattern.startsWith('**', own)) return endFits(pattern, text);
      if (!text.startsWith(pattern.slice(own, star), other)) return false;
    } else if (end - own !== endOf(text, other) - other || !text.startsWith(pattern.slice(own, end), other)) {
      return false;
    }
    own = end + 1;
    other = endOf(text, other) + 1;
  }
  return own > pattern.length && other > text.length;
}

/** A last segment without a wildcard is the last one of every resource that the pattern matches. */
function endFits(pattern: string, text: string): boolean {
  const last = pattern.slice(pattern.lastIndexOf('/') + 1);
  return last.includes('*') || text.endsWith(last);
}

/** More than the characters of a segment that fits in part. */
const SEGMENT = 512;

const endOf = (text: string, from: number): number => {
  const slash = text.indexOf('/', from);
  return slash < 0 ? text.length : slash;
};

/** Where the path of the pattern begins, if scheme, host and port, or the name, can be those of the resource. */
function originLength(pattern: string, { origin, head, host, at, address }: ResourceParts): number | undefined {
  if (at.host < 0) return pattern.startsWith(head) && (head !== '' || pattern.startsWith('/')) ? at.path : undefined;
  if (pattern.startsWith(origin) && pattern[origin.length] === '/') return origin.length + 1;
  if (address || !pattern.startsWith('*', at.host) || !pattern.startsWith(origin.slice(0, at.host))) return undefined;
  const end = endOf(pattern, at.host);
  const suffix = pattern.slice(at.host, end).replace(/^\*+/, '');
  return `${host}${origin.slice(at.host + host.length)}`.endsWith(suffix) ? end + 1 : undefined;
}

function sharedLength(one: string, other: string): number {
  let length = 0;
  while (length < one.length && length < SEGMENT - 1 && one[length] === other[length]) length++;
  return length;
}

/** The few entries with the greatest score above 0, the greatest first; of equals the earlier. */
export function mostNear<Entry>(
  entries: Iterable<Entry>,
  most: number,
  scoreOf: (entry: Entry) => number,
): readonly Entry[] {
  const best: { readonly entry: Entry; readonly score: number }[] = [];
  for (const entry of entries) {
    const score = scoreOf(entry);
    if (score <= 0 || (best.length === most && score <= (best.at(-1)?.score ?? 0))) continue;
    const place = best.findIndex((other) => other.score < score);
    best.splice(place < 0 ? best.length : place, 0, { entry, score });
    if (best.length > most) best.pop();
  }
  return best.map(({ entry }) => entry);
}
