import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createLiveFeed, readFeed } from '../../host/sandbox/live-feed.ts';

/** A feed of what is `now` in force, for a topic. */
function feedOf(first = 1) {
  let now = first;
  const asked: string[] = [];
  const feed = createLiveFeed(first, (topic: string) => {
    asked.push(`${topic}${now}`);
    return `${topic}${now}`;
  });
  const publish = (generation = now + 1): void => {
    now = generation;
    feed.publish(generation);
  };
  return { feed, publish, asked };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('what changes while cells live', () => {
  it('is there with the line, and again with the next question, though nobody gave the thread back', () => {
    const { feed, publish } = feedOf();
    const reader = readFeed(feed.subscribe('a').line);
    expect(reader.current()).toEqual({ generation: 1, value: 'a1' });
    publish();
    expect(reader.current()).toEqual({ generation: 2, value: 'a2' });
    publish();
    publish();
    expect(reader.current()).toEqual({ generation: 4, value: 'a4' });
    feed.close();
  });

  it('is what is in force when the line is opened, whatever was before', () => {
    const { feed, publish } = feedOf();
    publish();
    expect(readFeed(feed.subscribe('a').line).current()).toEqual({ generation: 2, value: 'a2' });
    feed.close();
  });

  it('is told to whoever waits', async () => {
    const { feed, publish } = feedOf();
    const reader = readFeed(feed.subscribe('a').line);
    reader.current();
    let told = 0;
    reader.onChange(() => (told += 1));
    publish();
    await expect.poll(() => told).toBe(1);
    feed.close();
  });

  it('piles up nowhere: who does not look is told a few, has nothing until he is told the newest, and then has that', async () => {
    const { feed, publish, asked } = feedOf();
    const reader = readFeed(feed.subscribe('a').line);
    for (let count = 0; count < 1000; count += 1) publish();
    expect(asked.length).toBeLessThanOrEqual(16);
    expect(reader.current()).toBeUndefined();
    await turn();
    await expect.poll(() => reader.current()).toEqual({ generation: 1001, value: 'a1001' });
    publish();
    expect(reader.current()).toEqual({ generation: 1002, value: 'a1002' });
    feed.close();
  });

  it('is never older than what was seen before', async () => {
    const { feed, publish } = feedOf();
    const reader = readFeed(feed.subscribe('a').line);
    let last = 0;
    for (let count = 0; count < 500; count += 1) {
      publish();
      if (count % 7 === 0) await turn();
      const seen = reader.current()?.generation ?? last;
      expect(seen).toBeGreaterThanOrEqual(last);
      last = seen;
    }
    feed.close();
  });

  it('goes to each by his own topic, and to nobody any more who has closed', async () => {
    const { feed, publish, asked } = feedOf();
    const [one, two] = [feed.subscribe('a'), feed.subscribe('b')];
    one.close();
    publish();
    expect(asked).toEqual(['a1', 'b1', 'b2']);
    expect(feed.subscribers()).toBe(1);
    two.close();
    expect(feed.subscribers()).toBe(0);
    await turn();
  });

  it('holds no line to a thread that has ended', async () => {
    const { feed } = feedOf();
    const { line } = feed.subscribe('a');
    const worker = new Worker('require("node:worker_threads").workerData.port.on("message", () => {})', {
      eval: true,
      workerData: line,
      transferList: [line.port],
    });
    await new Promise((resolve) => worker.once('online', resolve));
    await worker.terminate();
    await expect.poll(() => feed.subscribers()).toBe(0);
  });
});
