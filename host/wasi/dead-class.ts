import type { ResourceClass } from '../contracts/guest-import.ts';

/**
 * A resource class of which no instance is ever handed out. The glue needs it to exist; a method can only be reached
 * with a handle that the host never gave, and that is a trap.
 */
export function createDeadClass(methods: readonly string[], trap: (message: string) => never): ResourceClass {
  const refuse = (): never => trap('a handle is not live');
  class Dead {
    [Symbol.dispose](): never {
      return refuse();
    }
  }
  for (const method of methods) Object.defineProperty(Dead.prototype, method, { value: refuse });
  return Dead;
}
