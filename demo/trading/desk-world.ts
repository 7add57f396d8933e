import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startLoopbackServer, type LoopbackServer } from '../loopback-server.ts';

/** The parties outside the desk, each a server on the loopback interface. */
export const PARTIES = ['market', 'broker', 'partner', 'compliance', 'blog'] as const;
export type Party = (typeof PARTIES)[number];
export type Parties = Readonly<Record<Party, LoopbackServer>>;

/** Prices that the market quotes. */
const PRICES: Readonly<Record<string, number>> = { ACME: 38.2, BOREALIS: 29.9, CORVUS: 11.05, DELTA: 7.4, ERIS: 3.15 };

/** Starts everybody. A market quotes prices; the others take what they are sent. */
export async function startParties(): Promise<Parties> {
  const started = await Promise.all(
    PARTIES.map(async (party) => {
      const server = await startLoopbackServer(({ method, url }) => {
        if (method === 'POST') return { status: 201, value: { taken: true } };
        const symbol = url.replace('/quotes/', '');
        const price = PRICES[symbol];
        return price === undefined ? { status: 404, value: {} } : { status: 200, value: { symbol, price } };
      });
      return [party, server] as const;
    }),
  );
  // Every party stands there: the list is that of the type.
  return Object.fromEntries(started) as Record<Party, LoopbackServer>;
}

const root = join(import.meta.dirname, '..', '..');
const FOLDERS = { 'trading-desk': ['research'], 'multi-agent': ['vault', 'shared'] } as const;

/** Makes a folder with a published policy set, in which the parties have the addresses that they really have. */
export function makeDesk(set: 'trading-desk' | 'multi-agent', directory: string, parties: Parties): string {
  const published = join(root, 'policies', set);
  mkdirSync(directory, { recursive: true });
  for (const name of ['policy.csv', 'tests.yaml', 'sallyport.yaml']) {
    let text = readFileSync(join(published, name), 'utf8');
    text = text.replaceAll('public.clients', 'clients').replace(/postgres: .*/, 'sqlite: desk.sqlite');
    for (const party of PARTIES) text = text.replaceAll(`https://${party}.example`, parties[party].url);
    // A demonstration is played at any hour: the rows for nights and weekends are in the published set.
    if (name === 'policy.csv') text = text.replace(/^p, .*, (?:hours|days)\(.*\n/gm, '');
    if (name === 'tests.yaml') text = text.replace(/ {2}- it: nobody trades [\s\S]*?reason: forbidden-by-rule\n/g, '');
    writeFileSync(join(directory, name), text);
  }
  for (const folder of FOLDERS[set]) cpSync(join(published, folder), join(directory, folder), { recursive: true });
  const database = new DatabaseSync(join(directory, 'desk.sqlite'));
  database.exec(readFileSync(join(import.meta.dirname, 'clients.sql'), 'utf8'));
  database.close();
  return join(directory, 'sallyport.yaml');
}
