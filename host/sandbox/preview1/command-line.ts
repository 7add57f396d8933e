import type { Adapter, Functions } from './adapter.ts';
import type { CallArguments } from './call-arguments.ts';

/** Arguments and environment: texts with a zero byte behind each, and a list of their addresses. */
export function createCommandLine({ view, wasi }: Adapter): Functions {
  const argumentTexts = (): Buffer[] => wasi('wasi:cli/environment#get-arguments').map(zeroEnded);
  const environmentTexts = (): Buffer[] =>
    wasi('wasi:cli/environment#get-environment').map(([name, value]) => zeroEnded(`${name}=${value}`));

  function sizes(given: CallArguments, texts: readonly Buffer[]): void {
    const [count, bytes] = [view.place(given.u32(0), 4, 4), view.place(given.u32(1), 4, 4)];
    view.setU32(count, texts.length);
    view.setU32(bytes, bytesOf(texts));
  }

  function write(given: CallArguments, texts: readonly Buffer[]): void {
    given.charge(bytesOf(texts));
    const list = view.place(given.u32(0), texts.length * 4, 4);
    let at = view.place(given.u32(1), bytesOf(texts), 1);
    for (const [index, text] of texts.entries()) {
      view.setU32(list + index * 4, at);
      view.write(at, text);
      at += text.length;
    }
  }

  return {
    args_get: (given) => write(given, argumentTexts()),
    args_sizes_get: (given) => sizes(given, argumentTexts()),
    environ_get: (given) => write(given, environmentTexts()),
    environ_sizes_get: (given) => sizes(given, environmentTexts()),
  };
}

/** A zero byte in a text would end it early: the rest would be read as the next one. */
const zeroEnded = (text: string): Buffer => Buffer.from(`${text.replaceAll('\0', '\ufffd')}\0`);

const bytesOf = (texts: readonly Buffer[]): number => texts.reduce((sum, { length }) => sum + length, 0);
