import { describe, expect, it } from 'vitest';
import { budgetTime, type StoredTime } from '../../host/budget/budget-time.ts';
import { nowOf, testMachine, type TestMachine } from './memory.ts';

/** Reads the time as one transaction after the other does. */
function reader(machine: TestMachine) {
  let stored: StoredTime | undefined;
  return (): number => {
    const time = budgetTime(stored, nowOf(machine));
    stored = time.stored;
    return time.nowMs;
  };
}

describe('budget time', () => {
  it('follows the time that passes', () => {
    const machine = testMachine();
    const read = reader(machine);
    const start = read();
    machine.realMs += 1_500;
    expect(read() - start).toBeCloseTo(1_500);
  });

  it.each([-86_400_000, 86_400_000, 4e12, -4e12])('takes no notice of a wall clock that is put by %i ms', (step) => {
    const machine = testMachine();
    const read = reader(machine);
    const start = read();
    machine.wallSkewMs += step;
    machine.realMs += 10;
    expect(read() - start).toBeCloseTo(10);
  });

  it('counts the time in which the machine slept', () => {
    const machine = testMachine();
    const read = reader(machine);
    const start = read();
    machine.realMs += 3_600_000;
    machine.asleepMs += 3_600_000;
    expect(read() - start).toBeCloseTo(3_600_000);
  });

  it('goes on by the wall clock over a start of the machine', () => {
    const machine = testMachine();
    const read = reader(machine);
    const start = read();
    Object.assign(machine, { boot: 'boot-2', realMs: machine.realMs + 60_000, bootedAtMs: machine.realMs + 50_000 });
    expect(read() - start).toBeCloseTo(60_000);
  });

  it('never goes back, not even where the wall clock did while the machine was off', () => {
    const machine = testMachine();
    const read = reader(machine);
    const start = read();
    Object.assign(machine, {
      boot: 'boot-2',
      realMs: machine.realMs + 60_000,
      bootedAtMs: machine.realMs + 50_000,
      wallSkewMs: -3e9,
    });
    expect(read()).toBeCloseTo(start);
    machine.realMs += 100;
    expect(read() - start).toBeCloseTo(100);
  });

  it('gains nothing where two machines, or containers with clocks of their own, use it in turn', () => {
    const [one, other] = [testMachine(), testMachine()];
    Object.assign(other, { boot: 'boot-b', bootedAtMs: -9_000_000 });
    let stored: StoredTime | undefined;
    const times: number[] = [];
    for (let turn = 0; turn < 50; turn += 1) {
      for (const machine of [one, other]) {
        machine.realMs += 10;
        const time = budgetTime(stored, nowOf(machine));
        stored = time.stored;
        times.push(time.nowMs);
      }
    }
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThanOrEqual(501);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('keeps no more starts of machines than a few', () => {
    const machine = testMachine();
    let stored: StoredTime | undefined;
    for (let boot = 0; boot < 40; boot += 1) {
      machine.boot = `boot-${boot}`;
      machine.realMs += 10;
      stored = budgetTime(stored, nowOf(machine)).stored;
    }
    expect(stored?.boots.length).toBe(8);
  });
});
