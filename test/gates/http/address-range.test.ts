import { describe, expect, it } from 'vitest';
import { classifyAddress, mayReach, SPECIAL_RANGES } from '../../../host/gates/http/address-range.ts';
import { inNetwork, parseAddress, parseNetwork, type IpAddress } from '../../../host/gates/http/ip-address.ts';

const address = (text: string): IpAddress => {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`\`${text}\` is not an address`);
  return parsed;
};

const EDGES: readonly (readonly [text: string, reach: string])[] = [
  ['1.1.1.1', 'global'],
  ['9.255.255.255', 'global'],
  ['10.0.0.0', 'named'],
  ['10.255.255.255', 'named'],
  ['11.0.0.0', 'global'],
  ['100.63.255.255', 'global'],
  ['100.64.0.0', 'named'],
  ['100.127.255.255', 'named'],
  ['100.128.0.0', 'global'],
  ['126.255.255.255', 'global'],
  ['127.0.0.0', 'named'],
  ['127.255.255.255', 'named'],
  ['128.0.0.0', 'global'],
  ['169.253.255.255', 'global'],
  ['169.254.0.0', 'literal'],
  ['169.255.0.0', 'global'],
  ['172.15.255.255', 'global'],
  ['172.16.0.0', 'named'],
  ['172.31.255.255', 'named'],
  ['172.32.0.0', 'global'],
  ['192.0.1.0', 'global'],
  ['192.167.255.255', 'global'],
  ['192.168.255.255', 'named'],
  ['192.169.0.0', 'global'],
  ['198.17.255.255', 'global'],
  ['198.19.255.255', 'literal'],
  ['198.20.0.0', 'global'],
  ['223.255.255.255', 'global'],
  ['224.0.0.0', 'literal'],
  ['255.255.255.255', 'literal'],
  ['2606:4700::1111', 'global'],
  ['2a00:1450:4001::200e', 'global'],
  ['1fff:ffff::1', 'literal'],
  ['4000::1', 'literal'],
  ['2001:1ff::1', 'literal'],
  ['2001:200::1', 'global'],
  ['2001:db7:ffff::1', 'global'],
  ['2001:db9::', 'global'],
  ['2001:ffff::1', 'global'],
  ['2003::1', 'global'],
  ['3ffe::1', 'global'],
  ['fbff::1', 'literal'],
  ['fc00::', 'named'],
  ['fdff:ffff::1', 'named'],
  ['fe00::1', 'literal'],
  ['64:ff9b::8.8.8.8', 'global'],
  ['64:ff9b::10.0.0.1', 'named'],
  ['2a00:1:2:3:0:5efe:8.8.8.8', 'global'],
  ['::2', 'literal'],
];

describe('address ranges', () => {
  it.each(EDGES)('gives %s the reach %s', (text, reach) => {
    expect(classifyAddress(address(text)).reach).toBe(reach);
  });

  it('names a source for each row', () => {
    for (const [, name, , source] of SPECIAL_RANGES)
      expect(`${name}: ${source}`).toMatch(/: (RFC \d+|instance metadata service)/);
  });

  it('holds each row for the first and the last address of its network', () => {
    for (const [text] of SPECIAL_RANGES) {
      const network = parseNetwork(text);
      expect(network, text).toBeDefined();
      const last = network!.words.map(
        (word, index) => word | (0xffff >> Math.min(16, Math.max(0, network!.length - index * 16))),
      );
      for (const words of [network!.words, last]) {
        expect(inNetwork(words, network!.words, network!.length), text).toBe(true);
        expect(classifyAddress({ family: network!.family, words, text: '' }).reach, text).not.toBe('global');
      }
    }
  });

  it.each([
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '0x1.2.3.4',
    '256.1.1.1',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '',
    ':',
    ':::',
    '1::2::3',
    '::1%lo',
    '[::1]',
    '::ffff:1.2.3.256',
    'g::1',
    'localhost',
    '١.1.1.1',
  ])('reads no address from %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('writes each address in one way', () => {
    expect(address('2001:0DB8:0:0:0:0:0:1').text).toBe('2001:db8::1');
    expect(address('::FFFF:1.2.3.4')).toEqual({ family: 4, words: [0x102, 0x304], text: '1.2.3.4' });
    expect(address('::1.2.3.4').text).toBe('1.2.3.4');
    expect(address('::1').text).toBe('::1');
    expect(address('::').words).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it.each(['10.0.0.1/8', '10.0.0.0/33', '10.0.0.0', '10.0.0.0/08', 'fc00::/129', 'fc00::1/64', '/8', 'a/8'])(
    'reads no network from %j',
    (text) => {
      expect(parseNetwork(text)).toBeUndefined();
    },
  );

  it('opens a literal range only for a named literal', () => {
    const metadata = address('169.254.169.254');
    const range = classifyAddress(metadata);
    const networks = [parseNetwork('169.254.0.0/16')!];
    expect(mayReach(metadata, range, { named: true, literal: false, networks })).toBe(false);
    expect(mayReach(metadata, range, { named: false, literal: true, networks })).toBe(false);
    expect(mayReach(metadata, range, { named: true, literal: true, networks: [] })).toBe(true);
  });
});
