import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startWallClock } from '../../host/sandbox/wall-clock.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => vi.useRealTimers());

it('a clock is over once, when its time has passed', () => {
  const over = vi.fn();
  const clock = startWallClock(1000, over);
  vi.advanceTimersByTime(999);
  expect([clock.used(), over.mock.calls.length]).toEqual([999, 0]);
  vi.advanceTimersByTime(5000);
  expect(over).toHaveBeenCalledOnce();
});

it('stands still while anybody holds it, and goes on where it was', () => {
  const over = vi.fn();
  const clock = startWallClock(1000, over);
  vi.advanceTimersByTime(400);
  const [one, two] = [clock.pause(), clock.pause()];
  vi.advanceTimersByTime(10_000);
  one();
  one(); // whoever lets go twice lets go of his own hold alone
  vi.advanceTimersByTime(10_000);
  expect([clock.used(), over.mock.calls.length]).toEqual([400, 0]);
  two();
  vi.advanceTimersByTime(599);
  expect(over).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(over).toHaveBeenCalledOnce();
});

it('says nothing after it was closed, also where somebody still holds it', () => {
  const over = vi.fn();
  const clock = startWallClock(1000, over);
  const go = clock.pause();
  clock.close();
  go();
  vi.advanceTimersByTime(10_000);
  expect(over).not.toHaveBeenCalled();
});

it('can be of any length', () => {
  const over = vi.fn();
  const clock = startWallClock(2 ** 40, over);
  vi.advanceTimersByTime(2 ** 32);
  expect(over).not.toHaveBeenCalled();
  clock.close();
});
