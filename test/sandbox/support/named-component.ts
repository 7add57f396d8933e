import { encodeSection, encodeU32 } from '../../../host/sandbox/wasm-binary.ts';

/** Where in a component a name can stand, so that it reaches the generated code. */
export const PLACES = [
  'core',
  'function',
  'interface',
  'package',
  'field',
  'case',
  'enum',
  'flag',
  'type',
  'resource',
  'method',
  'member',
  'parameter',
] as const;
export type Place = (typeof PLACES)[number];

const text = (name: string): string =>
  [...Buffer.from(name)].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');

const lines = (names: readonly string[], line: (name: string, index: number) => string): string =>
  names.map((name, index) => line(text(name), index)).join('\n');

/** An agent that has each of the names in one kind of place. Names of one place must be different. */
export function namedComponent(place: Place, names: readonly string[]): string {
  const lift = '(memory (core memory $main "memory")) (realloc (core func $main "realloc"))';
  const inner = (body: string): string => `(component $inner
      (core module $m (func (export "f")) (func (export "m") (param i32)) (func (export "c") (result i32) (i32.const 1)))
      (core instance $m (instantiate $m))
      (func $f (canon lift (core func $m "f")))
      ${body})
    (instance $inner (instantiate $inner))`;
  const shown = '(export "p:p/i@1.0.0" (instance $inner))';
  /** A type that the function \`f\` takes and gives back. */
  const typed = (id: string, type: string, shape: string): string => `
    (type $raw${id} ${type})
    (import "t${id}" (type $t${id} (eq $raw${id})))
    (core module $c${id} (func (export "f") ${shape} unreachable))
    (core instance $c${id} (instantiate $c${id}))
    (func $f${id} (param "p" $t${id}) (result $t${id}) (canon lift (core func $c${id} "f") ${lift}))
    (export "f${id}" (func $f${id}))`;
  const all = (line: string): string => lines(names, (name) => line.replace('NAME', name));
  const bodies: Readonly<Record<Place, () => string>> = {
    core: () => `
      (core module $a ${lines(names, (name) => `(func (export "${name}"))`)})
      (core instance $a (instantiate $a))
      (core module $b ${lines(names, (name) => `(import "${name}" "${name}" (func))`)})
      (core instance $b (instantiate $b ${lines(names, (name) => `(with "${name}" (instance (export "${name}" (func $a "${name}"))))`)}))
      ${lines(names, (name, index) => `(func $l${index} (canon lift (core func $a "${name}"))) (export "l${index}" (func $l${index}))`)}`,
    function: () => lines(names, (name) => `(func (export "${name}") (canon lift (core func $main "f")))`),
    interface: () =>
      inner('(export "f" (func $f))') + lines(names, (name) => `(export "p:p/${name}@1.0.0" (instance $inner))`),
    package: () =>
      inner('(export "f" (func $f))') + lines(names, (name) => `(export "p:${name}/i@1.0.0" (instance $inner))`),
    field: () =>
      typed(
        'r',
        `(record ${all('(field "NAME" u8)')})`,
        `(param ${names.length > 16 ? 'i32' : 'i32 '.repeat(names.length)}) (result i32)`,
      ),
    case: () => typed('v', `(variant ${all('(case "NAME" u8)')} (case "z" u8))`, '(param i32 i32) (result i32)'),
    enum: () => typed('e', `(enum ${all('"NAME"')})`, '(param i32) (result i32)'),
    flag: () => lines(names, (name, index) => typed(`l${index}`, `(flags "${name}")`, '(param i32) (result i32)')),
    type: () =>
      lines(
        names,
        (name, index) => `
        (type $raw${index} (enum "a" "b"))
        (import "${name}" (type $t${index} (eq $raw${index})))
        (func $f${index} (param "p" $t${index}) (canon lift (core func $main "i")))
        (export "f${index}" (func $f${index}))`,
      ),
    resource: () =>
      inner(
        lines(
          names,
          (name, index) => `
          (type $r${index} (resource (rep i32)))
          (export $e${index} "${name}" (type $r${index}))
          (func $c${index} (result (own $e${index})) (canon lift (core func $m "c")))
          (export "[constructor]${name}" (func $c${index}))
          (func $m${index} (param "self" (borrow $e${index})) (canon lift (core func $m "m")))
          (export "[method]${name}.x" (func $m${index}))`,
        ),
      ) + shown,
    method: () =>
      inner(`
        (type $r (resource (rep i32)))
        (export $e "res" (type $r))
        (func $m1 (param "self" (borrow $e)) (canon lift (core func $m "m")))
        ${lines(names, (name, index) => (index % 2 === 0 ? `(export "[method]res.${name}" (func $m1))` : `(export "[static]res.${name}" (func $f))`))}`) +
      shown,
    member: () => inner(lines(names, (name) => `(export "${name}" (func $f))`)) + shown,
    parameter: () =>
      lines(
        names,
        (name, index) => `(func (export "f${index}") (param "${name}" u32) (canon lift (core func $main "i")))`,
      ),
  };
  return `(component
    (core module $main
      (memory (export "memory") 1)
      (func (export "f"))
      (func (export "i") (param i32))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "run") (param i32 i32) (result i32) unreachable))
    (core instance $main (instantiate $main))
    (func (export "run") (param "input" string) (result (result string (error string)))
      (canon lift (core func $main "run") ${lift}))
    ${bodies[place]()})`;
}

const MODULE = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
/** A core module that exports a function of that name: it is much faster made than a component. */
export function moduleExporting(name: string): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.from(name);
  return Uint8Array.from(
    Buffer.concat([
      Uint8Array.from(MODULE),
      encodeSection(1, [[1, 0x60, 0, 0]]),
      encodeSection(3, [[1, 0]]),
      encodeSection(7, [[1], encodeU32(bytes.length), bytes, [0, 0]]),
      encodeSection(10, [[1, 2, 0, 0x0b]]),
    ]),
  );
}
