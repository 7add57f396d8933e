import { hash } from 'node:crypto';
import type { Intention } from '../../contracts/gate.ts';
import type { HttpTimeouts } from '../../contracts/http-service.ts';
import type { AccessRequest, Attribute, Attributes, Json, Refusal } from '../../contracts/request.ts';
import { canonicalUrl, type CanonicaliseUrl, type CanonicalUrl } from './canonical-url.ts';
import type { IpAddress } from './ip-address.ts';
import { canonicalHeader, type CanonicalHeader, type HeaderField } from './request-header.ts';
import type { HttpSecretBinding } from './secret-binding.ts';
import { headerWithSecrets, type HttpSecrets } from './secret-header.ts';

/** The record `request` of `wit/http.wit`, as the glue lifts it. */
export interface GuestRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly HeaderField[];
  readonly body: Uint8Array | undefined;
  readonly maxRedirects: number | undefined;
}

/** One request, exactly as it will be sent. */
export interface HttpTarget {
  readonly method: HttpMethod;
  readonly origin: string;
  /** The host without brackets, where it is a name; it is resolved. */
  readonly host: string;
  /** The address, where the host is one; nothing is resolved. */
  readonly address: IpAddress | undefined;
  /** Path and query, the bytes of the request line. */
  readonly path: string;
  readonly fields: readonly HeaderField[];
  /** The same, names and values in turn. */
  readonly headers: string[];
  /** Secrets that the driver puts into the header. Their values are not here. */
  readonly secrets?: readonly HttpSecretBinding[];
  readonly body: Uint8Array | undefined;
  /** Present where the body is written later. */
  readonly upload: UploadPlan | undefined;
  /** Deadlines that the guest asked for. */
  readonly timeouts: HttpTimeouts;
}

/** What is known of a body that is written later. */
export interface UploadPlan {
  readonly length: number | undefined;
}

/** The enum `method` of `wit/http.wit` and the methods it stands for. */
const METHODS = new Map([
  ['get', 'GET'],
  ['head', 'HEAD'],
  ['post', 'POST'],
  ['put', 'PUT'],
  ['delete', 'DELETE'],
  ['options', 'OPTIONS'],
  ['patch', 'PATCH'],
] as const);
export type GuestMethod = typeof METHODS extends Map<infer Key, unknown> ? Key : never;
export type HttpMethod = typeof METHODS extends Map<unknown, infer Value> ? Value : never;

/** The actions of this gate. */
export const ACTIONS: readonly string[] = [...METHODS.values()].map((method) => `http:${method}`);

/** RFC 9110, sections 9.3.1 and 9.3.2: content in these has no meaning, and parsers disagree about it. */
const BODILESS: ReadonlySet<HttpMethod> = new Set(['GET', 'HEAD']);

const MOST_QUERY_KEYS = 256;
const LONGEST_PAYLOAD = 65_536;
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'x-api-key', 'api-key', 'x-auth-token']);
const OWN_ARGUMENTS: ReadonlySet<string> = new Set(['scheme', 'host', 'port', 'method', 'body-bytes']);

/** True if `arg.NAME` is an attribute that this gate can give. */
export const isHttpArgument = (name: string): boolean => OWN_ARGUMENTS.has(name) || name.startsWith('query.');

/** What parsing depends on besides the request. */
export interface ParseOptions {
  readonly maxRequestBytes: number;
  readonly maxUploadBytes: number;
  readonly canonicalise: CanonicaliseUrl;
  /** Absent: no request carries a secret. */
  readonly secrets?: HttpSecrets;
}

/** What a guest says of a body that it will write later. */
export interface GuestUpload {
  readonly length: bigint | undefined;
}

/** What else a guest may say of a request. */
export interface GuestExtras {
  readonly upload?: GuestUpload | undefined;
  readonly timeouts?: HttpTimeouts;
}

/** A refusal, and which part of the request it is about. */
export interface HttpRefusal extends Refusal {
  readonly part: 'method' | 'url' | 'header' | 'header-size' | 'body';
}

/** Brings a guest's request into canonical form. */
export function parseRequest(
  request: GuestRequest,
  options: ParseOptions,
  { upload, timeouts = {} }: GuestExtras = {},
): AccessRequest<HttpTarget> | HttpRefusal {
  const method = methodOf(request.method);
  if (method === undefined) return { refused: 'the method is unknown', action: 'http:?', part: 'method' };
  const refuse = (part: HttpRefusal['part'], refused: string) => ({ refused, action: `http:${method}`, part });
  const url = options.canonicalise(request.url);
  if ('refused' in url) return refuse('url', url.refused);
  const given = canonicalHeader(request.headers);
  if ('refused' in given) return refuse(given.large ? 'header-size' : 'header', given.refused);
  const bound =
    options.secrets === undefined ? { header: given, secrets: [] } : headerWithSecrets(url, given, options.secrets);
  if ('refused' in bound) return refuse('header', bound.refused);
  const { header, secrets } = bound;
  const body = BODILESS.has(method) && request.body?.length === 0 ? undefined : request.body;
  if (body !== undefined && BODILESS.has(method)) return refuse('body', 'the method takes no body');
  if (body !== undefined && body.length > options.maxRequestBytes)
    return refuse('body', 'the body is larger than the limit');
  if (upload !== undefined) {
    if (BODILESS.has(method)) return refuse('body', 'the method takes no body');
    if (body !== undefined) return refuse('body', 'the body is to be written, but there is one already');
    if ((upload.length ?? 0n) > options.maxUploadBytes) return refuse('body', 'the body is larger than the limit');
  }
  const query = queryAttributes(url.search);
  if (query === undefined) return refuse('url', 'the query has more than 256 keys');
  const length = upload?.length === undefined ? undefined : Number(upload.length); // below the limit, so exact
  const plan = upload === undefined ? undefined : { length };
  return accessRequest({ method, url, query, header, secrets, body, upload: plan, timeouts });
}

/** The name that the WIT of agents has for a method as it is sent. */
export function guestMethodOf(sent: string): string | undefined {
  for (const [name, method] of METHODS) if (method === sent) return name;
  return undefined;
}

/** Brings an intention into the form that an attempt would have. */
export function parseIntention({ action, resource, attributes }: Intention): AccessRequest<HttpTarget> | Refusal {
  const method = action.startsWith('http:') ? methodOf(action.slice(5).toLowerCase()) : undefined;
  if (method === undefined || action !== `http:${method}`) return { refused: 'the action is unknown', action };
  const refuse = (refused: string) => ({ refused, action });
  const url = canonicalUrl(resource);
  if ('refused' in url) return refuse(url.refused);
  const query = queryAttributes(url.search);
  if (query === undefined) return refuse('the query has more than 256 keys');
  for (const [name, value] of attributes) {
    if (name.startsWith('query.') && !query.has(name)) query.set(name, value);
    else if (name !== 'body-bytes') return refuse('an argument is unknown, or stands in the URL already');
  }
  const parsed = accessRequest({
    method,
    url,
    query,
    header: NO_HEADER,
    secrets: [],
    body: undefined,
    upload: undefined,
    timeouts: {},
  });
  const bytes = attributes.get('body-bytes');
  const [access] = parsed.accesses;
  return bytes === undefined
    ? parsed
    : { ...parsed, accesses: [{ ...access, attributes: new Map([...access.attributes, ['body-bytes', bytes]]) }] };
}

const methodOf = (name: string): HttpMethod | undefined => (isGuestMethod(name) ? METHODS.get(name) : undefined);
// `has` takes only keys, so the cast widens the map for the question.
const isGuestMethod = (name: string): name is GuestMethod => (METHODS as ReadonlyMap<string, HttpMethod>).has(name);

/** Query keys as attributes, in the form encoding that servers read (WHATWG URL, section 5); repeated ones as lists. */
function queryAttributes(search: string): Map<string, Attribute> | undefined {
  const attributes = new Map<string, Attribute>();
  if (search === '') return attributes;
  let count = 0;
  for (const [key, value] of new URLSearchParams(search)) {
    if ((count += 1) > MOST_QUERY_KEYS) return undefined;
    const before = attributes.get(`query.${key}`);
    attributes.set(
      `query.${key}`,
      before === undefined ? value : typeof before === 'object' ? [...before, value] : [before, value],
    );
  }
  return attributes;
}

type GivenHeader = Exclude<CanonicalHeader, { refused: string }>;
const NO_HEADER: GivenHeader = { fields: [], given: 0, flat: [] };

/** The parts of a request, each in canonical form. */
interface CanonicalParts extends Pick<HttpTarget, 'method' | 'body' | 'upload' | 'timeouts'> {
  readonly url: CanonicalUrl;
  readonly query: Map<string, Attribute>;
  readonly header: GivenHeader;
  readonly secrets: readonly HttpSecretBinding[];
}

function accessRequest({
  method,
  url,
  query,
  header,
  secrets,
  body,
  upload,
  timeouts,
}: CanonicalParts): AccessRequest<HttpTarget> {
  const { fields, given, flat } = header;
  const summary = summaryOf(query, given === 0 ? [] : fields.slice(0, given), body, upload);
  // By name: whoever reads the record, or is asked to approve, sees what is lent.
  if (secrets.length > 0) summary['secrets'] = bounded(secrets.map(({ secret }) => secret));
  const attributes = query;
  attributes.set('scheme', url.scheme).set('host', url.host).set('port', url.port).set('method', method);
  // Of a body without a known length nothing can be decided: an allow row that tests it does not match, a deny row does.
  const bytes = upload === undefined ? (body?.length ?? 0) : upload.length;
  if (bytes !== undefined) attributes.set('body-bytes', bytes);
  return {
    capability: 'http',
    accesses: [{ action: `http:${method}`, resource: url.origin + url.path, attributes }],
    target: {
      method,
      origin: url.origin,
      host: url.host,
      address: url.address,
      path: url.path + url.search,
      fields,
      headers: flat,
      ...(secrets.length === 0 ? {} : { secrets }),
      body,
      upload,
      timeouts,
    },
    summary,
    ...(isPartial(fields, upload) ? { partial: true } : {}),
    // Read only where a rule asks for it.
    get payload() {
      return payloadOf(fields, body);
    },
  };
}

/** Method and URL are the action and the resource of the record; here stand the names and sizes of the rest. */
function summaryOf(
  query: Attributes,
  fields: readonly HeaderField[],
  body: Uint8Array | undefined,
  upload: UploadPlan | undefined,
): Record<string, Json> {
  const summary: Record<string, Json> = {};
  if (query.size > 0) summary['queryKeys'] = bounded([...query.keys()].map((key) => key.slice('query.'.length)));
  if (fields.length > 0) summary['headerNames'] = bounded(fields.map(([name]) => name));
  if (body !== undefined) {
    summary['bodyBytes'] = body.length;
    summary['bodyDigest'] = `sha256:${hash('sha256', body, 'hex')}`;
  }
  if (upload !== undefined) {
    summary['bodyStreamed'] = true;
    if (upload.length !== undefined) summary['bodyBytes'] = upload.length;
  }
  return summary;
}

const MOST_NAMES_TEXT = 384;

/** As many names as fit; a last entry `+N` counts the others. */
function bounded(names: readonly string[]): readonly string[] {
  let text = 0;
  const fitting = names.findIndex((name) => (text += name.length + 3) > MOST_NAMES_TEXT);
  return fitting === -1 ? names : [...names.slice(0, fitting), `+${names.length - fitting}`];
}

/** A body that is still to come, or a value that nobody is shown. */
const isPartial = (fields: readonly HeaderField[], upload: UploadPlan | undefined): boolean =>
  upload !== undefined || fields.some(([name]) => CREDENTIALS.has(name));

function payloadOf(fields: readonly HeaderField[], body: Uint8Array | undefined): Record<string, Json> {
  return {
    headers: fields.map(([name, value]) => [name, CREDENTIALS.has(name) ? '(masked)' : value]),
    ...(body === undefined ? {} : { body: new TextDecoder().decode(body.subarray(0, LONGEST_PAYLOAD)) }),
  };
}
