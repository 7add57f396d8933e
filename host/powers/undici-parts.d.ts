/**
 * The parts of undici that the host uses, by their files: its entry loads all of it (fetch, WebSocket, caches, mocks), and
 * that would be source and heap in the thread of every run that sends a request. The library has types for its entry only.
 */
declare module 'undici/lib/dispatcher/pool.js' {
  export { Pool as default } from 'undici';
}

declare module 'undici/lib/core/connect.js' {
  export { buildConnector as default } from 'undici';
}

declare module 'undici/lib/core/errors.js' {
  export { errors as default } from 'undici';
}
