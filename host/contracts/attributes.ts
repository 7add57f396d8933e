import type { Attribute, Attributes } from './request.ts';

/** The most that one request may give a rule to test; beyond it, the request is refused. */
export const ATTRIBUTE_LIMITS = { depth: 16, count: 256, items: 1024, nameLength: 256 } as const;

/** Why arguments cannot be decided on. The text is fixed and safe for the guest. */
export interface AttributesRefusal {
  readonly refused: string;
}

export const isAttributesRefusal = (result: Attributes | AttributesRefusal): result is AttributesRefusal =>
  'refused' in result;

type Scalar = string | number | boolean;

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number';

/** Text without lone surrogates and finite numbers: only these have one canonical form. */
const isCanonical = (value: Scalar): boolean =>
  typeof value === 'string' ? value.isWellFormed() : typeof value !== 'number' || Number.isFinite(value);

/**
 * The attributes of a parsed JSON object, for rules that test them as `arg.NAME`: scalars and lists of scalars, nested
 * names joined by dots. Null, and a list with anything but scalars, give no attribute: a clause on them cannot be
 * decided, so an allow row does not match and a deny row does. Total and bounded; whatever is ambiguous is refused.
 */
export function attributesOf(json: object): Attributes | AttributesRefusal {
  if (Array.isArray(json)) return { refused: 'the arguments are not a JSON object' };
  const found = new Map<string, Attribute>();
  const refused = collect(json, '', 1, found);
  return refused === undefined ? found : { refused };
}

/** Adds the attributes of one object; answers why it cannot. */
function collect(json: object, prefix: string, depth: number, found: Map<string, Attribute>): string | undefined {
  if (depth > ATTRIBUTE_LIMITS.depth) return 'the arguments are nested too deeply';
  for (const [name, value] of Object.entries(json) as [string, unknown][]) {
    // `entries` answers `any` for an object
    // A dot in a name would let `{"a.b": 1}` pass for `{"a": {"b": 1}}`.
    if (name.includes('.')) return 'a name in the arguments contains a dot';
    if (!name.isWellFormed()) return 'a name in the arguments is not Unicode text';
    const path = prefix + name;
    if (path.length > ATTRIBUTE_LIMITS.nameLength) return 'a name in the arguments is too long';
    const refused = collectValue(value, path, depth, found);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

function collectValue(value: unknown, path: string, depth: number, found: Map<string, Attribute>): string | undefined {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return collect(value, `${path}.`, depth + 1, found);
  const attribute = attributeOf(value);
  if (typeof attribute === 'object' && 'refused' in attribute) return attribute.refused;
  if (attribute === undefined) return undefined;
  if (found.size >= ATTRIBUTE_LIMITS.count) return 'there are too many arguments';
  found.set(path, attribute);
  return undefined;
}

/** A scalar or a list of scalars; `undefined` for what a rule cannot test. */
function attributeOf(value: unknown): Attribute | AttributesRefusal | undefined {
  if (isScalar(value)) return isCanonical(value) ? value : { refused: 'an argument has no canonical form' };
  if (!Array.isArray(value)) return undefined;
  if (value.length > ATTRIBUTE_LIMITS.items) return { refused: 'a list in the arguments is too long' };
  const items: readonly unknown[] = value;
  if (!items.every(isScalar)) return undefined;
  return items.every(isCanonical) ? items : { refused: 'an argument has no canonical form' };
}
