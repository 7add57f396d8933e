import { Socket } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import buildConnector from 'undici/lib/core/connect.js';
import type { DialCall } from '../gates/http/dialer.ts';
import type { Trust } from './http-trust.ts';

/** The TLS handshake failed, or the certificate is not acceptable for the name. */
export class TlsFailure extends Error {
  override readonly name = 'TlsFailure';
}

/** No connection was there in time. */
export class ConnectTimeout extends Error {
  override readonly name = 'ConnectTimeout';
}

/** Whom connections trust. */
export interface ConnectorTrust {
  readonly trust: Trust;
  /** Certificate authorities, PEM, in place of the built-in ones. */
  readonly ca: readonly string[] | undefined;
}

/** Connects to the vetted address of a call and to nothing else; with TLS, the server proves the name. */
export function createPinnedConnector(
  { origin, address, connectMs }: Pick<DialCall, 'origin' | 'address' | 'connectMs'>,
  { trust, ca }: ConnectorTrust,
): buildConnector.connector {
  const host = hostOf(origin);
  const connectorFor = (secureContext: SecureContext | undefined) =>
    buildConnector({
      timeout: 0, // the timer below is exact
      allowH2: true,
      preferH2: true,
      // Said outright, so that NODE_TLS_REJECT_UNAUTHORIZED and the like cannot unsay them.
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(secureContext !== undefined ? { secureContext } : ca === undefined ? {} : { ca: [...ca] }),
    });
  // The typings say `void`; the connector returns its socket (undici, lib/core/connect.js).
  let dial: ((...given: Parameters<buildConnector.connector>) => unknown) | undefined;

  return (target, callback) => {
    const secure = target.protocol === 'https:';
    try {
      dial ??= connectorFor(secure ? trust.contextFor(host) : undefined);
    } catch (cause) {
      callback(new TlsFailure('the files of the configuration cannot be used', { cause }), null);
      return undefined;
    }
    // The address takes the place of the name, so nothing is looked up; the name stays in SNI, certificate and `host`.
    const named = secure && target.hostname !== address;
    let connected = false;
    const answered: buildConnector.Callback = (...[error, made]) => {
      clearTimeout(timer);
      if (error !== null) {
        const atTls = connected && secure && !(error instanceof ConnectTimeout);
        callback(atTls ? new TlsFailure('handshake failed', { cause: error }) : error, null);
      } else if (!isAt(made, address)) {
        made.destroy();
        callback(new Error('connected to another address than the vetted one'), null);
      } else if (secure && !(made instanceof TLSSocket && made.authorized)) {
        made.destroy();
        callback(new TlsFailure('the server proved nothing'), null);
      } else {
        callback(null, made);
      }
    };
    const socket = dial({ ...target, hostname: address, ...(named ? { servername: host } : {}) }, answered);
    const timer = setTimeout(() => {
      if (socket instanceof Socket) socket.destroy(new ConnectTimeout('no connection in time'));
    }, connectMs);
    if (socket instanceof Socket)
      socket.once('connect', () => (connected = true)).once('close', () => clearTimeout(timer));
    return socket;
  };
}

const isAt = (socket: Socket, address: string): boolean =>
  socket.remoteAddress === address || socket.remoteAddress === `::ffff:${address}`;

/** The host of an origin that the gate built, without brackets and port. */
const hostOf = (origin: string): string => new URL(origin).hostname.replace(/^\[(.*)\]$/u, '$1');
