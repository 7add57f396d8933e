import { describe, expect, it } from 'vitest';
import { NO_ATTRIBUTES, type AccessRequest } from '../../host/contracts/request.ts';
import type { CarriedLabels } from '../../host/contracts/label.ts';
import type { DriverResult, EffectEnd } from '../../host/enforcement/effect.ts';
import type { Claim } from '../../host/enforcement/grant.ts';
import { createLabelPlaces } from '../../host/labels/label-places.ts';
import { createResourceLabels } from '../../host/labels/resource-labels.ts';
import { createRunLabels } from '../../host/labels/run-labels.ts';
import { allow, createMemoryRun, deny, type MemoryRun } from './in-memory.ts';
import { effectOf, type Target } from './effects.ts';

const NOTHING_CARRIED: CarriedLabels = {
  rankOf: () => undefined,
  rankBelow: () => undefined,
  raise: () => undefined,
  close: () => undefined,
};

const labelsOf = (carried = NOTHING_CARRIED) =>
  createRunLabels({
    order: ['public', 'internal', 'secret'],
    resources: createResourceLabels(
      [{ pattern: '/hr/**', label: { name: 'secret', rank: 2 } }],
      () => (resource) => resource.startsWith('/hr/'),
    ),
    below: () => undefined,
    places: createLabelPlaces({ sameDatabases: new Map(), tools: new Map() }),
    carried,
    initialRank: 0,
    grown: () => undefined,
  });

const asking = (action: string, resource: string) => (): AccessRequest<Target> => ({
  capability: 'fs',
  accesses: [{ action, resource, attributes: NO_ATTRIBUTES }],
  target: { line: 'x' },
  summary: {},
});

const act = (run: MemoryRun, action: string, resource: string, perform?: () => DriverResult<string, string>) =>
  run.pipeline.enforce(
    effectOf(run, { parse: asking(action, resource), ...(perform === undefined ? {} : { perform }) }),
  );

describe('labels in the pipeline', () => {
  it('stand in what is decided on and in the record, with what the run has read by then', async () => {
    const run = createMemoryRun(() => allow(), { labels: labelsOf() });
    await act(run, 'fs:write', '/w/a');
    await act(run, 'fs:read', '/hr/a');
    await act(run, 'http:POST', 'https://partner.test/');
    expect(run.asked.map(({ accesses }) => accesses[0]?.label)).toEqual(['public', 'secret', 'secret']);
    expect(run.records.filter(({ type }) => type === 'effect.intended').map(({ labels }) => labels)).toEqual([
      { effect: 'public', run: 'public' },
      { effect: 'secret', run: 'secret' },
      { effect: 'secret', run: 'secret' },
    ]);
  });

  it('do not grow by what was denied, and its record says what would have flowed', async () => {
    const labels = labelsOf();
    const run = createMemoryRun(() => deny(), { labels });
    await act(run, 'fs:read', '/hr/a');
    expect(labels.current().name).toBe('public');
    expect(run.records[0]?.labels).toEqual({ effect: 'secret', run: 'public' });
    expect(run.events[0]?.accesses?.[0]?.label).toBe('secret');
  });

  it('grow before the driver runs', async () => {
    const labels = labelsOf();
    const run = createMemoryRun(() => allow(), { labels });
    let seen = '';
    await act(run, 'fs:read', '/hr/a', () => {
      seen = labels.current().name;
      return { status: 'ok', value: '' };
    });
    expect(seen).toBe('secret');
  });

  it('grow by what a called agent has read, however it ended', async () => {
    for (const end of [
      { status: 'ok', value: '' },
      { status: 'failed', failure: 'x', code: 'timed-out' },
    ] as const) {
      const labels = labelsOf();
      const run = createMemoryRun(() => allow(), { labels });
      await act(run, 'tool:call', 'tool:ask/b', () => ({ ...end, label: { name: 'internal', rank: 1 } }));
      expect(labels.current().name).toBe('internal');
    }
  });

  it('deny what adds a label where there are none, and add it where there are', async () => {
    const obligations = { label: { name: 'internal', rank: 1 } };
    const without = createMemoryRun(() => allow(obligations));
    expect(await act(without, 'fs:read', '/w/a')).toMatchObject({ denial: { reason: 'unsupported-obligation' } });
    const labels = labelsOf();
    await act(
      createMemoryRun(() => allow(obligations), { labels }),
      'fs:read',
      '/w/a',
    );
    expect(labels.current().name).toBe('internal');
  });

  it('that cannot be kept deny what would be written', async () => {
    const broken = {
      ...NOTHING_CARRIED,
      raise: () => {
        throw new Error('the disk is full');
      },
    };
    const run = createMemoryRun(() => allow(), { labels: labelsOf(broken) });
    await act(run, 'fs:read', '/hr/a');
    expect(await act(run, 'fs:write', '/w/a')).toMatchObject({ denial: { reason: 'policy-unavailable' } });
    expect(run.steps.filter((step) => step === 'perform')).toHaveLength(1);
    expect(run.faults).toHaveLength(1);
  });

  it('are decided on again by an upload that was open before something secret was read', async () => {
    const labels = labelsOf();
    const run = createMemoryRun((accesses) => (accesses[0].label === 'secret' ? deny() : allow()), { labels });
    let claim: Claim<Target> | undefined;
    let report: ((end: EffectEnd) => void) | undefined;
    await run.pipeline.enforce(
      effectOf(run, {
        parse: asking('http:POST', 'https://partner.test/'),
        perform(grant) {
          claim = run.pipeline.redeem(grant);
          return { status: 'begun', value: '', ended: (given) => (report = given) };
        },
      }),
    );
    expect(claim?.stands()).toBe(true);
    labels.raise({ name: 'secret', rank: 2 });
    expect(claim?.stands()).toBe(false);
    report?.({ facts: {} });
    expect(run.types()).toEqual(['effect.intended', 'effect.settled']);
  });

  it('carry what is read while a file stays open for writing, until it is closed', async () => {
    const ranks = new Map<string, number>();
    const labels = labelsOf({ ...NOTHING_CARRIED, raise: (resource, rank) => void ranks.set(resource, rank) });
    const run = createMemoryRun(() => allow(), { labels });
    let report: ((end: EffectEnd) => void) | undefined;
    const open = (): DriverResult<string, string> => ({
      status: 'begun',
      value: '',
      ended: (given) => (report = given),
    });
    await act(run, 'fs:write', '/w/open', open);
    const kept = [
      ['/w/open', 1],
      ['/w', 1],
    ];
    labels.raise({ name: 'internal', rank: 1 });
    expect([...ranks]).toEqual(kept);
    report?.({ facts: {} });
    labels.raise({ name: 'secret', rank: 2 });
    expect([...ranks]).toEqual(kept);
  });

  it('grow by what another run writes while this one reads, before anything is given', async () => {
    const ranks = new Map<string, number>();
    const labels = labelsOf({ ...NOTHING_CARRIED, rankOf: (resource) => ranks.get(resource) });
    const run = createMemoryRun(() => allow(), { labels });
    await act(run, 'fs:read', '/w/a', () => {
      ranks.set('/w/a', 2);
      return { status: 'ok', value: 'what another run has just written' };
    });
    expect(labels.current().name).toBe('secret');
  });

  it('are decided on again by a file that is open, once another run has written there', async () => {
    const ranks = new Map<string, number>();
    const labels = labelsOf({ ...NOTHING_CARRIED, rankOf: (resource) => ranks.get(resource) });
    const run = createMemoryRun((accesses) => (accesses[0].label === 'secret' ? deny() : allow()), { labels });
    let claim: Claim<Target> | undefined;
    await run.pipeline.enforce(
      effectOf(run, {
        parse: asking('fs:read', '/w/a'),
        perform(grant) {
          claim = run.pipeline.redeem(grant);
          return { status: 'begun', value: '', ended: () => undefined };
        },
      }),
    );
    expect(claim?.stands()).toBe(true);
    ranks.set('/w/a', 2);
    expect(claim?.stands()).toBe(false);
    expect(labels.current().name).toBe('secret');
  });

  it('that cannot be looked up once data has come keep it back', async () => {
    let broken = false;
    const carried: CarriedLabels = {
      ...NOTHING_CARRIED,
      rankOf: () => {
        if (broken) throw new Error('the file is no database any more');
        return undefined;
      },
    };
    const run = createMemoryRun(() => allow(), { labels: labelsOf(carried) });
    const answer = await act(run, 'fs:read', '/w/a', () => {
      broken = true;
      return { status: 'ok', value: 'data' };
    });
    expect(answer).toEqual({ status: 'fault' });
    expect(run.faults).toHaveLength(1);
    expect(run.types()).toEqual(['effect.intended', 'effect.settled']);
  });
});
