import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApprovalDesk, type OperatorReply, type Waiting } from '../../host/approval/approval-desk.ts';
import type { ApprovalStore } from '../../host/approval/approval-store.ts';
import { makeApprovalBed, no, questionOf, START, yes, type ApprovalBed } from './bed.ts';

let bed: ApprovalBed;
let other: ApprovalStore;
beforeEach(() => {
  bed = makeApprovalBed();
  other = bed.store('host-2');
});
afterEach(() => bed.remove());

/** A desk whose sleep is a turn in which `turn` acts for the rest of the world; a poll takes 100 ms of its clock. */
function deskOf(turn: (count: number) => void = () => undefined, open = () => bed.store('host-1')) {
  let count = 0;
  const clock = { nowMs: () => bed.nowMs, monotonicUs: () => (START + count * 100) * 1000 };
  const sleep = async (): Promise<void> => {
    count += 1;
    bed.nowMs += 100;
    turn(count);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return createApprovalDesk({ open, clock, sleep });
}

function waitingWith(tell?: Waiting['tell'], signal = new AbortController().signal) {
  const faults: unknown[] = [];
  return { signal, fault: (error: unknown) => faults.push(error), ...(tell === undefined ? {} : { tell }), faults };
}

describe('a run that waits for people', () => {
  it('is answered by another process', async () => {
    const desk = deskOf((count) => count === 3 && other.vote('run-a/1', yes('user:ada')));
    expect(await desk.ask(questionOf(), waitingWith())).toMatchObject({ status: 'granted', by: ['user:ada'] });
    const denied = deskOf((count) => count === 2 && other.vote('run-b/1', no('user:bob')));
    const asked = questionOf({ id: 'run-b/1', run: 'run-b' });
    expect(await denied.ask(asked, waitingWith())).toMatchObject({ status: 'denied', by: 'user:bob' });
  });

  it('waits no longer than its time, also where the time of day stands still or goes back', async () => {
    expect(await deskOf().ask(questionOf(), waitingWith())).toEqual({ status: 'expired', question: 'run-a/1' });
    const asked = questionOf({ id: 'run-b/1', run: 'run-b', askedMs: bed.nowMs, expiresMs: bed.nowMs + 60_000 });
    const back = deskOf(() => (bed.nowMs = START));
    expect(await back.ask(asked, waitingWith())).toEqual({ status: 'expired', question: 'run-b/1' });
    // Nor is it there for another run, though its time has not come by that clock.
    expect(other.find('run-b/1')).toMatchObject({ state: 'expired' });
    expect(() => other.vote('run-b/1', yes('user:ada'))).toThrow('is answered: its time is over');
  });

  it('waits no longer once its run ends; the question stays, and nobody waits for it', async () => {
    const end = new AbortController();
    const desk = deskOf((count) => count === 2 && end.abort());
    expect(await desk.ask(questionOf(), waitingWith(undefined, end.signal))).toMatchObject({ status: 'unavailable' });
    expect(other.find('run-a/1')).toMatchObject({ state: 'open', waited: false });
  });

  it('is answered by whoever started it, under the same rules', async () => {
    const reply = (answer: OperatorReply) => deskOf().ask(questionOf({ id: `run-${JSON.stringify(answer).length}/1`, run: JSON.stringify(answer) }), waitingWith(() => Promise.resolve(answer))); // prettier-ignore
    expect(await reply({ answer: 'yes', by: 'user:ada' })).toMatchObject({ status: 'granted', scope: 'once' });
    bed.nowMs = START;
    expect(await reply({ answer: 'yes', by: 'user:bob', scope: 'run' })).toMatchObject({ scope: 'run' });
    bed.nowMs = START;
    expect(await reply({ answer: 'no' })).toMatchObject({ status: 'denied', by: 'operator' });
  });

  it.each(['user:mallory', 'user:eve', 'ada', ''])('is not answered by a yes of `%s`', async (by) => {
    const waiting = waitingWith(() => Promise.resolve({ answer: 'yes', by }));
    expect(await deskOf().ask(questionOf(), waiting)).toMatchObject({ status: 'expired' });
    expect(waiting.faults).toHaveLength(1);
  });

  it('goes on waiting where its observer fails, or has nothing to say', async () => {
    const failing = waitingWith(() => Promise.reject(new Error('no terminal')));
    const desk = deskOf((count) => count === 3 && other.vote('run-a/1', yes('user:ada')));
    expect(await desk.ask(questionOf(), failing)).toMatchObject({ status: 'granted' });
    expect(failing.faults).toHaveLength(1);
  });

  it('tells its observer that somebody else was faster, and takes no second answer', async () => {
    const told: boolean[] = [];
    const tell: Waiting['tell'] = (_, answered) =>
      new Promise((resolve) =>
        answered.addEventListener('abort', () => {
          told.push(answered.aborted);
          resolve({ answer: 'no' });
        }),
      );
    const desk = deskOf((count) => count === 2 && other.vote('run-a/1', yes('user:ada')));
    expect(await desk.ask(questionOf(), waitingWith(tell))).toMatchObject({ status: 'granted' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([true]);
    expect(other.find('run-a/1').state).toBe('used');
  });

  it('is denied, with a fault, where questions cannot be kept', async () => {
    const waiting = waitingWith();
    const broken = deskOf(undefined, () => {
      throw new Error('the disk is full');
    });
    expect(await broken.ask(questionOf(), waiting)).toEqual({ status: 'unavailable', why: 'no-store' });
    expect(waiting.faults).toHaveLength(1);
  });

  it('is denied, with a fault, where the file of the questions is replaced; the next question is in the new one', async () => {
    const file = join(bed.directory, 'approvals.sqlite');
    const desk = deskOf((count) => count === 2 && renameSync(file, `${file}.old`));
    const waiting = waitingWith();
    expect(await desk.ask(questionOf(), waiting)).toEqual({ status: 'unavailable', why: 'no-store' });
    expect(String(waiting.faults.at(-1))).toContain('was replaced or removed while it was in use');
    expect(() => other.list()).toThrow('was replaced');
    const next = questionOf({ id: 'run-b/1', run: 'run-b' });
    expect(await desk.ask(next, waitingWith(() => Promise.resolve({ answer: 'yes', by: 'user:ada' })))).toMatchObject({ status: 'granted' }); // prettier-ignore
  });
});
