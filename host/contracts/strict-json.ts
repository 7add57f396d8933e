/** JSON that means one thing: bounded, without a name twice, without numbers or text that another reader would change. */

/** The bounds of a text. */
export interface JsonLimits {
  readonly bytes: number;
  readonly depth: number;
}

/** A JSON object, or why the text is not one. The reason is a fixed text and safe for the guest. */
export type StrictJson = { readonly object: Readonly<Record<string, unknown>> } | { readonly refused: string };

/** Parses the text of one JSON object (RFC 8259, within RFC 7493). */
export function parseStrictJson(text: string, limits: JsonLimits): StrictJson {
  if (text.length > limits.bytes || Buffer.byteLength(text) > limits.bytes) return { refused: 'longer than allowed' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: 'not JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { refused: 'not a JSON object' };
  const refused = structureProblem(text, limits.depth) ?? valueProblem(value);
  // An object that `JSON.parse` made has only own members, whatever their names are.
  return refused === undefined ? { object: value as Record<string, unknown> } : { refused };
}

/** What only the text shows: depth, and names that come twice (readers differ in which one counts). The text is JSON. */
function structureProblem(text: string, mostDepth: number): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: token } of text.matchAll(/"(?:[^"\\]|\\.)*"(?:[ \t\r\n]*:)?|[{}[\]]/g)) {
    if (token === '}' || token === ']') open.pop();
    else if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : undefined);
      if (open.length > mostDepth) return 'nested too deeply';
    } else if (token.endsWith(':')) {
      const name = String(JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)));
      const names = open.at(-1);
      if (names?.has(name) === true) return 'has a name twice in one object';
      names?.add(name);
    }
  }
  return undefined;
}

/** What the values show: `\ud800` would become another character, and 2^53 + 1 another number. */
function valueProblem(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : 'has text that is not Unicode';
    case 'number':
      return Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value))
        ? undefined
        : 'has a number that cannot be held exactly';
    case 'object': {
      if (value === null) return undefined;
      if (!Object.keys(value).every((name) => name.isWellFormed())) return 'has a name that is not Unicode';
      return Object.values(value)
        .map(valueProblem)
        .find((problem) => problem !== undefined);
    }
    default:
      return undefined;
  }
}
