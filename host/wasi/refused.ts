import type { RefusedInterface } from '../contracts/served-interface.ts';

const unserved = (name: string, why: string): RefusedInterface => ({ name, versions: ['*'], why });

/** Interfaces that are known and not served, and what to do instead: part of the import matrix. */
export const REFUSED_INTERFACES: readonly RefusedInterface[] = [
  { name: 'wasi:*', versions: ['0.3.*'], why: 'WASI 0.3 is not served yet; build for 0.2' },
  { name: 'wasi:*', versions: ['0.1.*'], why: 'this version of WASI was never released for components; build for 0.2' },
  unserved('wasi:http/incoming-handler', 'agents are called, they do not serve'),
  unserved('wasi:keyvalue/*', 'no gate decides on it; keep data in a database (`db`) or in files'),
  unserved('wasi:blobstore/*', 'no gate decides on it; use files, or `http` to the store'),
  unserved('wasi:sql/*', 'statements are decided by the gate of `sallyport:agent/db`'),
  unserved('wasi:messaging/*', 'no gate decides on it; use `http`'),
  unserved('wasi:tls/*', 'the host itself speaks TLS, so that it can decide; use `http`'),
  unserved('wasi:nn/*', 'no gate decides on it; reach a model through `http`'),
  unserved('wasi:webgpu/*', 'there is no device behind a gate'),
  unserved('wasi:thread/*', 'an instance has one thread'),
];
