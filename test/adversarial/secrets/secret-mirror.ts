import type { ServerResponse } from 'node:http';
import type { GateOptions } from '../../gates/http/http-gate.ts';
import type { SeenRequest } from '../../gates/http/loopback.ts';

/** A value as services make them. */
export const VALUE = 'sk-live-7Qx9+/Zr=T0k3n.(a|b)*';

/** A gate whose only secret is bound to the given hosts. */
export const lent = (hosts: string[], more: { header?: string; format?: string; value?: string } = {}) =>
  ({
    token: {
      value: more.value ?? VALUE,
      for: [
        {
          hosts,
          header: more.header ?? 'authorization',
          ...(more.format === undefined ? {} : { format: more.format }),
        },
      ],
    },
  }) satisfies GateOptions['secrets'];

/** Every spelling in which a mirror could repeat what it was sent. */
export const SPELLINGS: readonly (readonly [name: string, spell: (text: string) => string])[] = [
  ['as it is', (text) => text],
  ['base64', (text) => Buffer.from(text).toString('base64')],
  ['base64, moved by one', (text) => Buffer.from(`x${text}`).toString('base64')],
  ['base64, moved by two', (text) => Buffer.from(`xy${text}`).toString('base64')],
  ['base64url', (text) => Buffer.from(`..${text}`).toString('base64url')],
  ['hex', (text) => Buffer.from(text).toString('hex')],
  ['HEX', (text) => Buffer.from(text).toString('hex').toUpperCase()],
  ['percent', encodeURIComponent],
  ['percent, twice', (text) => encodeURIComponent(encodeURIComponent(text))],
  ['a form', (text) => new URLSearchParams({ text }).toString()],
  ['JSON', (text) => JSON.stringify({ text })],
  ['JSON with escaped slashes', (text) => JSON.stringify({ text }).replaceAll('/', '\\/')],
  [
    'JSON, all escaped',
    (text) => Array.from(text, (one) => `\\u00${one.charCodeAt(0).toString(16).padStart(2, '0')}`).join(''),
  ],
  ['HTML entities', (text) => Array.from(text, (one) => `&#${one.charCodeAt(0)};`).join('')],
];

/** Whether a text holds the value in some spelling, or the better part of it. */
export const holds = (text: string, value = VALUE): boolean =>
  SPELLINGS.some(([, spell]) => {
    const spelled = spell(value);
    return text.includes(spelled) || text.includes(spelled.slice(4, -4));
  });

/** Answers with the value of a header, spelled in some way, in the body and in a header. */
export const mirror =
  (spell: (text: string) => string, header = 'authorization') =>
  (response: ServerResponse, _request: unknown, { headers }: SeenRequest): void => {
    const text = spell(String(headers[header]));
    response.setHeader('x-echo', text);
    response.end(`<<${text}>>`);
  };
