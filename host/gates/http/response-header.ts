import { Buffer } from 'node:buffer';
import type { SecretMask } from '../../contracts/run-secrets.ts';
import type { AnswerHead } from './dialer.ts';
import type { Coding } from './decompressor.ts';
import type { HttpMethod } from './request.ts';

/** The header of an answer as the guest gets it, and what it says about the body. */
export interface ReadHead {
  readonly status: number;
  readonly headers: (readonly [string, string])[];
  /** How the body has to be decoded. */
  readonly coding: Coding | undefined;
  /** The announced size of the body as sent. */
  readonly length: number | undefined;
  /** All values of `location`. */
  readonly locations: readonly string[];
}

const MOST_FIELDS = 256;

/** RFC 9110, section 7.6.1: these belong to one connection. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const CODINGS: ReadonlyMap<string, Coding> = new Map([
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['br', 'br'],
  ['zstd', 'zstd'],
]);

/** Reads the header of an answer; a failure where it cannot be trusted. */
export function readHead(
  { status, headers: received }: AnswerHead,
  method: HttpMethod,
  mask?: SecretMask,
): ReadHead | 'response-too-large' | 'protocol-error' {
  // `wit/http.wit` promises 200 to 599; 1xx never comes here.
  if (status < 200 || status > 599) return 'protocol-error';
  if (received.length > MOST_FIELDS) return 'response-too-large';
  const headers = mask === undefined ? received : masked(received, mask);
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  const layers = bodiless ? NONE : list(headers, 'content-encoding').filter((layer) => layer !== 'identity');
  const coding = CODINGS.get(layers[0] ?? '');
  // One layer, or a small body could unfold twice (CWE-409); an unknown one would reach the guest undecoded.
  if (layers.length > 1 || (layers.length === 1 && coding === undefined)) return 'protocol-error';
  const nominated = list(headers, 'connection');
  const kept: (readonly [string, string])[] = [];
  const locations: string[] = [];
  let length = Number.NaN;
  for (const field of headers) {
    const [name, value] = field;
    if (name === 'content-length') length = Number.parseInt(value, 10);
    else if (name === 'location') locations.push(value);
    if (HOP_BY_HOP.has(name) || nominated.includes(name)) continue;
    if (coding !== undefined && name === 'content-encoding') continue;
    // Of a body as it was sent: as the guest reads it, it may be longer or shorter.
    if (name === 'content-length' && (coding !== undefined || (mask !== undefined && !bodiless))) continue;
    kept.push(field);
  }
  return { status, headers: kept, coding, length: bodiless || Number.isNaN(length) ? undefined : length, locations };
}

/** Redirects are followed by what is left: a secret reaches nobody by the name of a place. */
const masked = (headers: AnswerHead['headers'], mask: SecretMask): AnswerHead['headers'] =>
  headers.flatMap(([name, value]) => {
    // No field has the mark in its name, so such a field is left out.
    return maskedField(name, mask) === name ? [[name, maskedField(value, mask)] as const] : [];
  });

/** Each character stands for one byte. */
const maskedField = (text: string, mask: SecretMask): string =>
  Buffer.from(mask.bytes(Buffer.from(text, 'latin1'))).toString('latin1');

const NONE: readonly string[] = [];

/** The members of a comma-separated field, in lower case (RFC 9110, section 5.6.1). */
function list(headers: AnswerHead['headers'], wanted: string): readonly string[] {
  let members: string[] | undefined;
  for (const [name, value] of headers) {
    // `keep-alive` is what nearly every answer says, and belongs to the connection anyway.
    if (name !== wanted || value === 'keep-alive') continue;
    members ??= [];
    for (const member of value.split(',')) {
      const text = member.trim().toLowerCase();
      if (text !== '') members.push(text);
    }
  }
  return members ?? NONE;
}
