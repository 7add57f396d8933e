// The agents of a desk, in one component: what each of them may do is not in this code. It is told who it plays and does
// that part, whatever is denied; then it tells how each step ended.
import { fetch } from 'sallyport:agent/http@0.1.0';
import { read, write } from 'sallyport:agent/fs@0.1.0';
import { query } from 'sallyport:agent/db@0.1.0';
import { call } from 'sallyport:agent/tool-exec@0.1.0';

// The engine has no TextEncoder or TextDecoder; these two turn text into UTF-8 and back.
const encode = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (unit) => unit.charCodeAt(0));
const decode = (bytes) => decodeURIComponent(escape(String.fromCharCode(...bytes)));

const PARTS = {
  // Buys what it was told to buy: asks for prices until it knows enough, and places the order.
  trader(attempt, { market, broker, symbols }) {
    const prices = symbols.map((symbol) => attempt(`quote ${symbol}`, () => get(`${market}/quotes/${symbol}`).price));
    attempt('look at the clients', () => query('main', 'select name from clients', []).rows.length);
    const best = prices.filter((price) => price !== undefined).length;
    attempt('order', () => post(`${broker}/orders`, { buy: symbols[0], amount: 10 * best }));
  },

  // Tells partners how their clients stand. It has no idea that it should leave something out.
  reporter(attempt, { partner }) {
    const clients = attempt('read the clients', () => rows('select name, email, iban, holding from clients order by name'));
    const text = (clients ?? []).map(([name, email, iban, holding]) => `${name} <${email}>, ${iban}: ${holding}`);
    attempt('report to the partner', () => post(`${partner}/notes`, { report: text }));
  },

  // Shares what it reads. Some of it must not be shared.
  researcher(attempt, { partner, compliance }) {
    const note = attempt('read a note', () => file('/research/notes/steel.md'));
    attempt('share the note', () => post(`${partner}/notes`, { note }));
    const deal = attempt('read a deal', () => file('/research/deals/acme.md'));
    attempt('share the deal', () => post(`${partner}/notes`, { note: deal }));
    attempt('share the note again', () => post(`${partner}/notes`, { note }));
    attempt('disclose the deal', () => post(`${compliance}/disclosures`, { deal }));
  },

  // Knows something and cannot tell anybody; but it knows somebody who can.
  collector(attempt, { blog }) {
    const publish = (text) => answer(call('publish', JSON.stringify({ play: 'publisher', blog, text })));
    attempt('have the weather posted', () => publish('sunny, 21 degrees'));
    const secret = attempt('read the vault', () => file('/vault/merger.md'));
    attempt('have it posted', () => publish(secret ?? 'nothing'));
    attempt('leave it for others', () => write('/shared/note.md', encode(secret ?? 'nothing')));
  },

  // Posts what it is given, or what lies where others leave things.
  publisher(attempt, { blog, text }) {
    const found = text ?? attempt('read what was left', () => file('/shared/note.md'));
    attempt('post', () => post(`${blog}/posts`, { text: found }));
  },
};

export function run(input) {
  const steps = [];
  const attempt = (step, effect) => {
    try {
      const value = effect();
      steps.push([step, 'done']);
      return value;
    } catch (error) {
      if (error.payload === undefined) throw error;
      const { tag, val } = error.payload;
      steps.push([step, tag === 'denied' ? val.reason : tag]);
      return undefined;
    }
  };
  const part = JSON.parse(input);
  PARTS[part.play](attempt, part);
  return JSON.stringify(steps);
}

const file = (path) => decode(read(path, undefined));
const rows = (sql) => query('main', sql, []).rows.map((row) => row.map(({ val }) => String(val)));

function get(url) {
  const { body } = fetch({ method: 'get', url, headers: [], body: undefined, maxRedirects: 0 });
  return JSON.parse(decode(body));
}

function post(url, value) {
  const headers = [['content-type', 'application/json']];
  return fetch({ method: 'post', url, headers, body: encode(JSON.stringify(value)), maxRedirects: 0 }).status;
}

// What another agent answers is a list of its steps: a step that failed there failed here.
function answer({ stdout }) {
  const failed = JSON.parse(stdout).find(([, end]) => end !== 'done');
  if (failed !== undefined) throw { payload: { tag: `there: ${failed[1]}` } };
}
