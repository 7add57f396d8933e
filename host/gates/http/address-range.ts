import { inNetwork, ipv4, parseNetwork, type IpAddress, type Network } from './ip-address.ts';

/**
 * Who may open a range: `global` is open; `named` needs a rule that names the host, or a network of the configuration;
 * `literal` needs a rule that names the host, and the host must be that very address.
 */
export type Reach = 'global' | 'named' | 'literal';

/** A special-purpose range of addresses, and where it is defined. */
export interface AddressRange {
  readonly name: string;
  readonly reach: Reach;
  readonly source: string;
}

/** Tells the range that an address belongs to. Injected, so that tests can move the borders. */
export type ClassifyAddress = (address: IpAddress) => AddressRange;

const GLOBAL: AddressRange = { name: 'global unicast', reach: 'global', source: 'RFC 4291' };
const UNASSIGNED: AddressRange = { name: 'unassigned', reach: 'literal', source: 'RFC 4291, section 2.4' };

/** The IANA special-purpose registries (RFC 6890) and the metadata services of clouds. The first match counts. */
export const SPECIAL_RANGES: readonly (readonly [network: string, name: string, reach: Reach, source: string])[] = [
  ['169.254.169.254/32', 'metadata', 'literal', 'instance metadata service'],
  ['100.100.100.200/32', 'metadata', 'literal', 'instance metadata service'],
  ['168.63.129.16/32', 'metadata', 'literal', 'instance metadata service'],
  ['192.0.0.192/32', 'metadata', 'literal', 'instance metadata service'],
  ['0.0.0.0/8', 'this network', 'literal', 'RFC 1122, section 3.2.1.3'],
  ['10.0.0.0/8', 'private', 'named', 'RFC 1918'],
  ['100.64.0.0/10', 'shared address space', 'named', 'RFC 6598'],
  ['127.0.0.0/8', 'loopback', 'named', 'RFC 1122, section 3.2.1.3'],
  ['169.254.0.0/16', 'link-local', 'literal', 'RFC 3927'],
  ['172.16.0.0/12', 'private', 'named', 'RFC 1918'],
  ['192.0.0.0/24', 'protocol assignments', 'literal', 'RFC 6890'],
  ['192.0.2.0/24', 'documentation', 'literal', 'RFC 5737'],
  ['192.88.99.0/24', '6to4 relay', 'literal', 'RFC 7526'],
  ['192.168.0.0/16', 'private', 'named', 'RFC 1918'],
  ['198.18.0.0/15', 'benchmarking', 'literal', 'RFC 2544'],
  ['198.51.100.0/24', 'documentation', 'literal', 'RFC 5737'],
  ['203.0.113.0/24', 'documentation', 'literal', 'RFC 5737'],
  ['224.0.0.0/4', 'multicast', 'literal', 'RFC 5771'],
  ['255.255.255.255/32', 'broadcast', 'literal', 'RFC 919'],
  ['240.0.0.0/4', 'reserved', 'literal', 'RFC 1112'],
  ['fd00:ec2::254/128', 'metadata', 'literal', 'instance metadata service'],
  ['fd20:ce::254/128', 'metadata', 'literal', 'instance metadata service'],
  ['::/128', 'unspecified', 'literal', 'RFC 4291, section 2.5.2'],
  ['::1/128', 'loopback', 'named', 'RFC 4291, section 2.5.3'],
  ['64:ff9b:1::/48', 'local translation', 'literal', 'RFC 8215'],
  ['100::/64', 'discard', 'literal', 'RFC 6666'],
  ['2001::/23', 'protocol assignments, Teredo among them', 'literal', 'RFC 2928, RFC 4380'],
  ['2001:db8::/32', 'documentation', 'literal', 'RFC 3849'],
  ['2002::/16', '6to4', 'literal', 'RFC 3056'],
  ['3fff::/20', 'documentation', 'literal', 'RFC 9637'],
  ['5f00::/16', 'segment routing', 'literal', 'RFC 9602'],
  ['fc00::/7', 'unique local', 'named', 'RFC 4193'],
  ['fe80::/10', 'link-local', 'literal', 'RFC 4291, section 2.5.6'],
  ['fec0::/10', 'site-local', 'literal', 'RFC 3879'],
  ['ff00::/8', 'multicast', 'literal', 'RFC 4291, section 2.7'],
];

const network = (text: string): Network => {
  const parsed = parseNetwork(text);
  if (parsed === undefined) throw new TypeError(`\`${text}\` is not a network`);
  return parsed;
};

const TABLE = SPECIAL_RANGES.map(([text, name, reach, source]) => ({
  ...network(text),
  range: { name, reach, source },
}));
const TRANSLATION = network('64:ff9b::/96');
const GLOBAL_UNICAST = network('2000::/3');

/** The range of an address, by the table above. IPv6 addresses that carry an IPv4 address are no wider than that. */
export const classifyAddress: ClassifyAddress = (address) => {
  const row = TABLE.find(
    ({ family, words, length }) => family === address.family && inNetwork(address.words, words, length),
  );
  if (row !== undefined) return row.range;
  if (address.family === 4) return GLOBAL;
  if (inNetwork(address.words, TRANSLATION.words, TRANSLATION.length)) return lastIpv4(address);
  if (!inNetwork(address.words, GLOBAL_UNICAST.words, GLOBAL_UNICAST.length)) return UNASSIGNED;
  return isIsatap(address) ? lastIpv4(address) : GLOBAL;
};

/** RFC 6052, section 2.2, and RFC 5214, section 6.1: the last 32 bits are an IPv4 address. */
const lastIpv4 = ({ words }: IpAddress): AddressRange => classifyAddress(ipv4(words[6] ?? 0, words[7] ?? 0));

const isIsatap = ({ words }: IpAddress): boolean => ((words[4] ?? 0) & 0xfdff) === 0 && words[5] === 0x5efe;

/** What speaks for reaching an address that is not globally reachable. */
export interface Naming {
  /** A rule of the decision names the host without a wildcard. */
  readonly named: boolean;
  /** The host of the URL is itself the address. */
  readonly literal: boolean;
  /** Networks that the configuration opens. */
  readonly networks: readonly Network[];
}

/** True if the address may be dialled. */
export function mayReach(address: IpAddress, range: AddressRange, naming: Naming): boolean {
  switch (range.reach) {
    case 'global':
      return true;
    case 'named':
      return (
        naming.named ||
        naming.networks.some(
          (open) => open.family === address.family && inNetwork(address.words, open.words, open.length),
        )
      );
    case 'literal':
      return naming.named && naming.literal;
  }
}
