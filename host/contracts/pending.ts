/** A value, now or later. */
export type Pending<Value> = Value | Promise<Value>;

/** Goes on with a value: at once where it is there, so that nobody waits for what does not wait. */
export function after<Value, Next>(value: Pending<Value>, next: (value: Value) => Pending<Next>): Pending<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}
