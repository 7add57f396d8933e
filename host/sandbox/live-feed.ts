import { MessageChannel, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';

/** A value that changes while cells live. What it is, is the composition's own; it can be cloned. */
export interface Edition {
  /** Goes up with each change, and never back. From 1, 32 bits. */
  readonly generation: number;
  readonly value: unknown;
}

/** What a cell needs to follow a feed: plain data and a port, which is transferred. */
export interface FeedLine {
  /** One word: the generation that is in force. */
  readonly generation: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** The supervisor's end of one line. */
export interface FeedSubscription {
  readonly line: FeedLine;
  close(): void;
}

/** Opens a line for a cell, which begins with what is in force at that moment. */
export type Subscribe = () => FeedSubscription;

/** Tells cells what has changed. A guest that never gives its thread back is told by its next call. */
export interface LiveFeed<Topic> {
  /** `topic` says what of each edition the cell gets. It is asked for at once, and again whenever one is published. */
  subscribe(topic: Topic): FeedSubscription;
  /** Puts an edition in force in every cell: from now on none acts under an older one. */
  publish(generation: number): void;
  readonly subscribers: () => number;
  /** What those who listen want. */
  readonly topics: () => readonly Topic[];
  close(): void;
}

/** A cell that is told and does not look is told no more than this, and then again when it has looked. */
const MOST_UNTAKEN = 16;

/** One line, as the feed sees it. */
interface Teller<Topic> {
  readonly topic: Topic;
  readonly tell: () => void;
  readonly close: () => void;
}

/** How long a cell waits for the newest before it denies, milliseconds. */
const MOST_WAIT_MS = 100;

/** Makes a feed. `valueOf` is what is in force, for a topic. */
export function createLiveFeed<Topic>(first: number, valueOf: (topic: Topic) => unknown): LiveFeed<Topic> {
  const memory = new SharedArrayBuffer(Uint32Array.BYTES_PER_ELEMENT);
  const word = new Uint32Array(memory);
  const tellers = new Set<Teller<Topic>>();
  let generation = first;
  Atomics.store(word, 0, first);

  function subscribe(topic: Topic): FeedSubscription {
    const { port1: port, port2 } = new MessageChannel();
    let untaken = 0;
    let told = 0;
    function tell(): void {
      // What piles up before a guest that spins is bounded; until it is told, its cell denies.
      if (told === generation || untaken >= MOST_UNTAKEN) return;
      told = generation;
      untaken += 1;
      port.postMessage({ generation, value: valueOf(topic) } satisfies Edition);
    }
    const close = (): void => {
      tellers.delete(teller);
      port.close();
    };
    const teller: Teller<Topic> = { topic, tell, close };
    port.on('message', () => {
      untaken -= 1;
      tell();
    });
    port.on('close', () => tellers.delete(teller)); // the thread of the cell has ended
    port.unref();
    tellers.add(teller);
    tell();
    return { line: { generation: memory, port: port2 }, close };
  }

  return Object.freeze({
    subscribe,
    publish(next: number): void {
      generation = next;
      // First the edition, then the word: whoever sees the word finds the edition.
      for (const { tell } of tellers) tell();
      Atomics.store(word, 0, next);
    },
    subscribers: () => tellers.size,
    topics: () => [...tellers].map(({ topic }) => topic),
    close(): void {
      for (const { close } of [...tellers]) close();
    },
  });
}

/** The cell's end of a line. */
export interface FeedReader {
  /** What is in force; `undefined` where this cell has not been told yet: then nothing may be decided. */
  current(): Edition | undefined;
  /** Called whenever something may have changed and the thread is free. */
  onChange(listener: () => void): void;
  close(): void;
}

/** Follows a feed. Costs one load of a word for each question, as long as nothing has changed. */
export function readFeed({ generation, port }: FeedLine): FeedReader {
  const word = new Uint32Array(generation);
  const listeners: (() => void)[] = [];
  let held: Edition | undefined;
  function take(edition: Edition): void {
    held = edition;
    port.postMessage(null); // taken: there is room for another
  }
  port.on('message', (edition: Edition) => {
    take(edition);
    for (const listener of listeners) listener();
  });
  port.unref();
  const nap = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  /** What is held, if it is not older than what is in force. An edition may come before its word: it is newer then. */
  function fresh(): Edition | undefined {
    const inForce = Atomics.load(word, 0);
    if (held !== undefined && held.generation >= inForce) return held;
    for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
      take(next.message as Edition); // the supervisor posts nothing else
    return held !== undefined && held.generation >= inForce ? held : undefined;
  }
  return Object.freeze({
    current(): Edition | undefined {
      let found = fresh();
      // The supervisor has held the newest back, until it hears that the others were taken.
      for (let waited = 0; found === undefined && waited < MOST_WAIT_MS; waited += 1) {
        Atomics.wait(nap, 0, 0, 1);
        found = fresh();
      }
      return found;
    },
    onChange: (listener: () => void) => void listeners.push(listener),
    close: () => port.close(),
  });
}
