import { afterEach } from 'vitest';
import type { Access } from '../../../host/contracts/request.ts';
import type { Obligations, RuleRef } from '../../../host/contracts/decision.ts';
import { classifyAddress, type ClassifyAddress } from '../../../host/gates/http/address-range.ts';
import { httpConfig, type HttpConfig, type RawHttpConfig } from '../../../host/gates/http/config.ts';
import type { Decompressor } from '../../../host/gates/http/decompressor.ts';
import type { DialCall, HttpDialer } from '../../../host/gates/http/dialer.ts';
import { createHttpGate, type GuestResponse, type GuestStreamingResponse } from '../../../host/gates/http/index.ts';
import type { OutgoingBodyHandle } from '../../../host/gates/http/outgoing-body.ts';
import { resolveHttpBinding, type RawHttpBinding } from '../../../host/gates/http/secret-binding.ts';
import { createLateSecrets } from '../../../host/runs/secret-mask.ts';
import type { TlsEntry } from '../../../host/contracts/tls-entry.ts';
import type { GuestRequest } from '../../../host/gates/http/request.ts';
import type { Resolution, Resolver } from '../../../host/gates/http/resolver.ts';
import type { HttpError } from '../../../host/gates/http/wit-error.ts';
import { createClock } from '../../../host/powers/clock.ts';
import { startDecompression } from '../../../host/powers/decompressor.ts';
import { createHttpDialer } from '../../../host/powers/http-dialer.ts';
import type { DetectorConfig } from '../../../host/redaction/detector-config.ts';
import { createRedactors } from '../../../host/redaction/redactor.ts';
import { testPipeline, type TestPipeline } from '../../support/pipeline.ts';

/** The interface as a guest calls it. */
export interface GuestHttp {
  fetch(request: GuestRequest): Promise<GuestResponse>;
  open(request: GuestRequest): Promise<GuestStreamingResponse>;
  upload(request: GuestRequest, length: bigint | undefined): Promise<OutgoingBodyHandle<GuestStreamingResponse>>;
}

export interface GateOptions {
  readonly allow?: (access: Access) => boolean;
  readonly rules?: readonly RuleRef[];
  readonly obligations?: Obligations;
  readonly auditFailsAt?: number;
  /** The generation of the policy, now. */
  readonly generation?: () => number;
  /** Told when it has changed. */
  readonly changes?: (listener: () => void) => void;
  readonly config?: Partial<RawHttpConfig>;
  /** Names and their addresses; a function is asked each time. */
  readonly names?: Readonly<Record<string, readonly string[] | (() => readonly string[])>>;
  readonly resolver?: Resolver;
  readonly classify?: ClassifyAddress;
  readonly ca?: string;
  readonly tls?: readonly TlsEntry[];
  readonly decompressor?: Decompressor;
  readonly dialer?: HttpDialer;
  /** Values and bindings of secrets, by name. */
  readonly secrets?: Readonly<Record<string, { readonly value: string; readonly for: readonly SecretBinding[] }>>;
  readonly detectors?: DetectorConfig;
}

/** As `sallyport.yaml` has it; the format is `{}` without one. */
export type SecretBinding = Omit<RawHttpBinding, 'format'> & Partial<RawHttpBinding>;

export interface GateUnderTest extends TestPipeline {
  readonly http: GuestHttp;
  readonly config: HttpConfig;
  /** Names that were asked for, in order. */
  readonly lookups: string[];
  /** What reached the dialer, in order. */
  readonly dials: DialCall[];
  readonly close: () => void | Promise<void>;
  readonly gate: ReturnType<typeof createHttpGate>;
}

export const NAMED: readonly RuleRef[] = [{ id: 'r-named', namesHost: true }];
export const WILD: readonly RuleRef[] = [{ id: 'r-wild', namesHost: false }];

/** 127.0.0.2 and 127.0.0.4 play public hosts; every other address is what it is. */
export const publicLoopback: ClassifyAddress = (address) =>
  address.text === '127.0.0.2' || address.text === '127.0.0.4'
    ? { name: 'global unicast', reach: 'global', source: 'test' }
    : classifyAddress(address);

const open: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A gate over real sockets; everything is allowed by a rule that names the host unless the options say otherwise. */
export function httpGate(options: GateOptions = {}): GateUnderTest {
  const pipelined = testPipeline({ allow: () => true, rules: NAMED, ...options });
  const lookups: string[] = [];
  const dials: DialCall[] = [];
  const config = configOf(options.config);
  const dialer =
    options.dialer ??
    createHttpDialer({ tls: options.tls ?? [], ...(options.ca === undefined ? {} : { ca: options.ca }) });
  const gate = createHttpGate({
    pipeline: pipelined.pipeline,
    config,
    resolver: options.resolver ?? namedResolver(options.names ?? {}, lookups),
    dialer: watched(dialer, dials),
    decompressor: options.decompressor ?? startDecompression,
    clock: createClock(),
    ...(options.detectors === undefined ? {} : { redactors: createRedactors(options.detectors) }),
    ...(options.changes === undefined ? {} : { changes: options.changes }),
    ...(options.classify === undefined ? {} : { classify: options.classify }),
    ...(options.secrets === undefined ? {} : { secrets: secretsOf(options.secrets) }),
  });
  open.push(() => gate.close());
  const http = gate.imports.get('sallyport:agent/http') as unknown as GuestHttp; // the functions of the WIT
  return { ...pipelined, http, config, lookups, dials, gate, close: () => gate.close() };
}

function secretsOf(secrets: NonNullable<GateOptions['secrets']>) {
  const values = createLateSecrets();
  values.seat(new Map(Object.entries(secrets).map(([name, { value }]) => [name, value])));
  const bindings = Object.entries(secrets).flatMap(([name, secret]) =>
    secret.for.map((binding) =>
      resolveHttpBinding(name, { format: '{}', ...binding }, (key, message) => {
        throw new Error(`${key.join('.')}: ${message}`);
      }),
    ),
  );
  return { values, bindings };
}

/** The resolved configuration for a partial section. */
export function configOf(section: Partial<RawHttpConfig> = {}): HttpConfig {
  const problems: string[] = [];
  const raw = httpConfig.schema.parse({ ...httpConfig.absent, ...section });
  const config = httpConfig.resolve(raw, {
    directory: '/',
    probe: {
      kind: () => undefined,
      executable: () => false,
      readable: () => false,
      writable: () => false,
      real: () => undefined,
    },
    problem: (_path, message) => problems.push(message),
  });
  if (problems.length > 0) throw new Error(problems.join('; '));
  return config;
}

export function request(url: string, more: Partial<GuestRequest> = {}): GuestRequest {
  return { method: 'get', url, headers: [], body: undefined, maxRedirects: undefined, ...more };
}

/** The WIT error of a call that fails; anything else that is thrown stays what it is. */
export async function failure(call: Promise<unknown>): Promise<HttpError> {
  try {
    await call;
  } catch (thrown) {
    if (typeof thrown === 'object' && thrown !== null && 'payload' in thrown) return thrown.payload as HttpError; // the gate throws nothing else
    throw thrown;
  }
  throw new Error('the call did not fail');
}

/** The case of the error, and the reason where it is a denial. */
export async function failureTag(call: Promise<unknown>): Promise<string> {
  const error = await failure(call);
  return error.tag === 'denied' ? `denied:${error.val.reason}` : error.tag;
}

/** Everything that is left of a streamed answer. */
export async function restOf({ body }: GuestStreamingResponse): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let bytes = await body.read(1 << 20); bytes !== undefined; bytes = await body.read(1 << 20))
    parts.push(bytes.slice());
  return Buffer.concat(parts);
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function namedResolver(names: NonNullable<GateOptions['names']>, lookups: string[]): Resolver {
  return {
    resolve(name): Promise<Resolution> {
      lookups.push(name);
      const answer = names[name];
      const addresses = typeof answer === 'function' ? answer() : answer;
      return Promise.resolve(addresses === undefined ? { kind: 'not-found' } : { kind: 'addresses', addresses });
    },
  };
}

function watched(dialer: HttpDialer, dials: DialCall[]): HttpDialer {
  return {
    dial(call, receiver) {
      dials.push(call);
      dialer.dial(call, receiver);
    },
    close: () => dialer.close(),
  };
}
