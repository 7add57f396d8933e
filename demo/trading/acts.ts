import type { Parties } from './desk-world.ts';

/** What people said during one act. */
export interface Approving {
  yes: number;
  no: number;
}

/** One run of an agent, and how its steps are meant to end. */
export interface Act {
  readonly title: string;
  readonly agent: string;
  readonly component: string;
  readonly audit: string;
  readonly input: object;
  /** `done`, or the reason of the denial; it may depend on what people said. */
  readonly expected: (said: Approving) => readonly string[];
}

/** The acts with a policy set, in order. */
export function actsOf(
  set: 'trading-desk' | 'multi-agent',
  { market, broker, partner, compliance, blog }: Parties,
): readonly Omit<Act, 'component' | 'audit'>[] {
  const asked = ({ yes }: Approving): string => (yes > 0 ? 'done' : 'not-approved');
  switch (set) {
    case 'trading-desk':
      return [
        {
          title:
            'The trader: four quotes are what a day has money for, clients are none of its business, an order waits',
          agent: 'trader',
          input: {
            play: 'trader',
            market: market.url,
            broker: broker.url,
            symbols: ['ACME', 'BOREALIS', 'CORVUS', 'DELTA', 'ERIS'],
          },
          expected: (said) => [
            ...['done', 'done', 'done', 'done', 'budget-exhausted'],
            'forbidden-by-rule',
            asked(said),
          ],
        },
        {
          title: 'The reporter: what it sends to a partner is sanitised on the way',
          agent: 'reporter',
          input: { play: 'reporter', partner: partner.url },
          expected: () => ['done', 'done'],
        },
        {
          title: 'The researcher: after a deal room, everything that it says is material',
          agent: 'researcher',
          input: { play: 'researcher', partner: partner.url, compliance: compliance.url },
          expected: (said) => ['done', 'done', 'done', 'forbidden-by-rule', 'forbidden-by-rule', asked(said)],
        },
      ];
    case 'multi-agent':
      return [
        {
          title: 'The publisher alone: it may post',
          agent: 'publisher',
          input: { play: 'publisher', blog: blog.url, text: 'good morning' },
          expected: () => ['done'],
        },
        {
          title: 'The collector, with the help of the publisher',
          agent: 'collector',
          input: { play: 'collector', blog: blog.url },
          expected: () => ['done', 'done', 'there: forbidden-by-rule', 'done'],
        },
        {
          title: 'The publisher, later: somebody has left something',
          agent: 'publisher',
          input: { play: 'publisher', blog: blog.url },
          expected: () => ['done', 'forbidden-by-rule'],
        },
      ];
  }
}
