import type { GuestEnd } from '../contracts/run-end.ts';
import { functionName } from './function-name.ts';
import { printable } from './printable.ts';

/** The most frames of a stack that are told, and the most characters of each. */
export const STACK_FRAMES = 20;
export const FRAME_CHARACTERS = 200;
/** How deep the engine looks when something is thrown: deep enough to tell recursion from a deep call. */
const DEPTH = 256;
/** A stack that is as deep as we look, and made of so few functions, is one that recurses. */
const FUNCTIONS_OF_RECURSION = 16;

/** What was under way in the guest when something was thrown. */
export interface GuestStack {
  /** For the operator: `name (module offset)`, the innermost first. Nothing of the host's is in it. */
  readonly frames: readonly string[];
  readonly recurses: boolean;
}

/** Has the engine keep whole stacks. For a thread that runs guests and nothing else. */
export function keepStacks(): void {
  Error.stackTraceLimit = DEPTH;
}

const WASM = 'wasm://wasm/';

/** The frames of an error that are the guest's. The stack must not have been read before. */
export function guestStackOf(error: Error): GuestStack {
  const sites = sitesOf(error).filter((site) => site.getScriptNameOrSourceURL()?.startsWith(WASM) === true);
  const functions = new Set(sites.map((site) => placeOf(site).name));
  return {
    frames: sites.slice(0, STACK_FRAMES).map(frameOf),
    // Below the guest there is always something of the host's: a stack with next to none of it was cut off.
    recurses: sites.length >= DEPTH - FUNCTIONS_OF_RECURSION && functions.size <= FUNCTIONS_OF_RECURSION,
  };
}

/** An end with the frames of what was under way, where the end is one that the guest met in the middle of something. */
export function withStack(end: GuestEnd, frames: readonly string[]): GuestEnd {
  if (frames.length === 0) return end;
  if (end.kind === 'trap' || end.kind === 'limit' || (end.kind === 'exit' && end.code !== 0))
    return { ...end, stack: frames };
  return end;
}

/** The stack as the engine has it, not as text: names of functions may hold anything, line breaks too. */
function sitesOf(error: Error): readonly NodeJS.CallSite[] {
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  let sites: readonly NodeJS.CallSite[] = [];
  Error.prepareStackTrace = (_, found) => {
    sites = found;
    return '';
  };
  try {
    Reflect.get(error, 'stack'); // the engine asks for the form of a stack when it is first read
  } finally {
    if (before === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace');
    else Object.defineProperty(Error, 'prepareStackTrace', before);
  }
  return sites;
}

function frameOf(site: NodeJS.CallSite): string {
  const module = (site.getScriptNameOrSourceURL() ?? '').slice(WASM.length);
  const place = placeOf(site);
  const name = site.getFunctionName() ?? '';
  const where = ` (${cut(printable(module, 60), 60)} ${place.offset})`;
  const text = printable(name === '' ? place.name : functionName(name), FRAME_CHARACTERS);
  return cut(text, FRAME_CHARACTERS - where.length) + where;
}

/** Escapes make a text longer. */
const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** The engine tells the number of a function only in the text of its frame, at the end. */
function placeOf(site: NodeJS.CallSite): { readonly name: string; readonly offset: string } {
  const [, index = '?', offset = '?'] = /wasm-function\[(\d+)\]:(0x[0-9a-f]+)\)?$/.exec(textOf(site)) ?? [];
  return { name: `wasm-function[${index}]`, offset };
}

const textOf = (site: { toString(): string }): string => site.toString();
