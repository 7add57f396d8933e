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

/** A type whose values are plain data: no handles, streams or futures. Names are those of the WIT. */
export type ValueType =
  | PrimitiveType
  | { readonly kind: 'list' | 'option'; readonly of: ValueType }
  | { readonly kind: 'tuple'; readonly of: readonly ValueType[] }
  | { readonly kind: 'enum'; readonly names: readonly string[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [name: string, type: ValueType])[] }
  | { readonly kind: 'variant'; readonly cases: readonly (readonly [name: string, type: ValueType | null])[] }
  | { readonly kind: 'result'; readonly ok: ValueType | null; readonly err: ValueType | null };

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | null;
}
