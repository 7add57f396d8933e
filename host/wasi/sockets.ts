import type { Denial } from '../contracts/denial.ts';
import { escapeControl } from '../contracts/escape.ts';
import { sealInterface, throwWit, type HostImports } from '../contracts/guest-import.ts';
import { createDeadClass } from './dead-class.ts';
import { createSlots } from './slots.ts';

/** The longest name that is recorded as it stands (RFC 1035, section 2.3.4, has 253 characters of text). */
const MAX_NAME = 256;

const TCP_METHODS = [
  'startBind',
  'finishBind',
  'startConnect',
  'finishConnect',
  'startListen',
  'finishListen',
  'accept',
  'localAddress',
  'remoteAddress',
  'isListening',
  'addressFamily',
  'setListenBacklogSize',
  'keepAliveEnabled',
  'setKeepAliveEnabled',
  'keepAliveIdleTime',
  'setKeepAliveIdleTime',
  'keepAliveInterval',
  'setKeepAliveInterval',
  'keepAliveCount',
  'setKeepAliveCount',
  'hopLimit',
  'setHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
  'subscribe',
  'shutdown',
];
const UDP_METHODS = [
  'startBind',
  'finishBind',
  'stream',
  'localAddress',
  'remoteAddress',
  'addressFamily',
  'unicastHopLimit',
  'setUnicastHopLimit',
  'receiveBufferSize',
  'setReceiveBufferSize',
  'sendBufferSize',
  'setSendBufferSize',
  'subscribe',
];

type Deny = (action: string, resource: string) => Denial;

/** The cases of `ip-address-family`; the glue lifts nothing else. */
type AddressFamily = 'ipv4' | 'ipv6';

/**
 * `wasi:sockets` without a network. Whatever would reach one is denied with `access-denied` and recorded: looking a name
 * up, and making a socket, so that no socket ever exists.
 */
export function createSockets(deny: Deny, trap: (message: string) => never): HostImports {
  const networks = createSlots<true>(trap);

  /** Names no network at all; it exists because guests ask for it before they look up or connect. */
  class Network {
    [Symbol.dispose](): void {
      networks.release(this);
    }
  }

  function refuse(action: string, resource: string): never {
    deny(action, resource);
    return throwWit('access-denied');
  }
  const socket = (protocol: 'tcp' | 'udp') => (family: AddressFamily) => refuse('net:connect', `${protocol}:${family}`);
  const resolveAddresses = (network: object, name: string): never => {
    networks.of(network);
    return refuse('net:resolve', `dns:${escapeControl(name.slice(0, MAX_NAME))}`);
  };
  const dead = (methods: readonly string[]) => createDeadClass(methods, trap);

  return new Map([
    ['wasi:sockets/network', sealInterface({ Network, networkErrorCode: () => undefined })],
    ['wasi:sockets/instance-network', sealInterface({ instanceNetwork: () => networks.hold(new Network(), true) })],
    [
      'wasi:sockets/ip-name-lookup',
      sealInterface({ ResolveAddressStream: dead(['resolveNextAddress', 'subscribe']), resolveAddresses }),
    ],
    ['wasi:sockets/tcp', sealInterface({ TcpSocket: dead(TCP_METHODS) })],
    ['wasi:sockets/tcp-create-socket', sealInterface({ createTcpSocket: socket('tcp') })],
    [
      'wasi:sockets/udp',
      sealInterface({
        UdpSocket: dead(UDP_METHODS),
        IncomingDatagramStream: dead(['receive', 'subscribe']),
        OutgoingDatagramStream: dead(['checkSend', 'send', 'subscribe']),
      }),
    ],
    ['wasi:sockets/udp-create-socket', sealInterface({ createUdpSocket: socket('udp') })],
  ]);
}
