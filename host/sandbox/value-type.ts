/** A primitive type of the Component Model. */
export type PrimitiveType = (typeof PRIMITIVES)[number];

/** By the codes of the binary format, from 0x73 upwards. */
export const PRIMITIVES = [
  'string',
  'char',
  'f64',
  'f32',
  'u64',
  's64',
  'u32',
  's32',
  'u16',
  's16',
  'u8',
  's8',
  'bool',
] as const;

/** A type of what can cross to the host: plain data and handles, no streams or futures. Names are those of the WIT. */
export type ValueType =
  | PrimitiveType
  /** A handle of a resource: `interface#resource`, without version. */
  | { readonly kind: 'own' | 'borrow'; readonly resource: string }
  | { readonly kind: 'flags'; readonly names: readonly string[] }
  | { readonly kind: 'list' | 'option'; readonly of: ValueType }
  | { readonly kind: 'tuple'; readonly of: readonly ValueType[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [name: string, type: ValueType])[] }
  | { readonly kind: 'variant'; readonly cases: readonly (readonly [name: string, type: ValueType | null])[] }
  | { readonly kind: 'result'; readonly ok: ValueType | null; readonly err: ValueType | null };

/** What a function takes and gives. */
export interface FunctionSignature {
  /** True for a method: its first argument is a borrowed handle, which is not among `parameters`. */
  readonly self: boolean;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | null;
}

/** The most types in one signature that is written down. */
const SHORT = 1000;

/** Tells whether a signature has few enough types, each counted as often as it is used. */
export function isShort({ parameters, result }: FunctionSignature): boolean {
  let left = SHORT;
  const open: (ValueType | null)[] = [...parameters, result];
  for (let type = open.pop(); type !== undefined && left > 0; type = open.pop()) {
    left--;
    if (type !== null && typeof type === 'object') open.push(...partsOf(type));
  }
  return left > 0;
}

function partsOf(type: Exclude<ValueType, PrimitiveType>): readonly (ValueType | null)[] {
  switch (type.kind) {
    case 'list':
    case 'option':
      return [type.of];
    case 'tuple':
      return type.of;
    case 'enum':
    case 'flags':
    case 'own':
    case 'borrow':
      return [];
    case 'record':
      return type.fields.map(([, field]) => field);
    case 'variant':
      return type.cases.map(([, payload]) => payload);
    case 'result':
      return [type.ok, type.err];
  }
}
