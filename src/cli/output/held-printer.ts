import type { Printer } from './human.ts';

/** A printer that can be held. */
export interface HeldPrinter {
  /** Prints at once, but for the time in which it is held: then what was to be printed comes behind. */
  readonly printer: Printer;
  /** Holds it for as long as something takes. */
  readonly hold: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/**
 * Keeps a question on a terminal free of what a guest writes meanwhile: lines that came behind it could pass for a part of
 * it. How much a guest may write is bounded by the limits of its run.
 */
export function createHeldPrinter(printer: Printer): HeldPrinter {
  let holders = 0;
  let held: (() => void)[] = [];
  function say(print: () => void): void {
    if (holders > 0) held.push(print);
    else print();
  }
  return Object.freeze({
    printer: Object.freeze({
      ...printer,
      line: (text?: string) => say(() => printer.line(text)),
      note: (text: string) => say(() => printer.note(text)),
      progress: (text: string) => say(() => printer.progress(text)),
      json: (value: unknown) => say(() => printer.json(value)),
      answer(bytes: Uint8Array): void {
        const own = holders > 0 ? new Uint8Array(bytes) : bytes;
        say(() => printer.answer(own));
      },
    }),
    async hold<Result>(work: () => Promise<Result>): Promise<Result> {
      holders += 1;
      try {
        return await work();
      } finally {
        holders -= 1;
        if (holders === 0) {
          const waiting = held;
          held = [];
          for (const print of waiting) print();
        }
      }
    },
  });
}
