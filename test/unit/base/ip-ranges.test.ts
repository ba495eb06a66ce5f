import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, test } from 'node:test';
import { type IpRange, IpRanges } from '../../../lib/base/ip-ranges.js';
import { SeededRandom } from '../../support/seeded-random.js';

/** Reads `address/length`. */
function range(text: string): IpRange {
  const [address = '', length] = text.split('/');
  return { address, prefixLength: Number(length) };
}

/** Each group is a list of ranges, separated by blanks. */
function rangesOf(...groups: readonly string[]): IpRanges {
  return new IpRanges(groups.map((group) => group.split(' ').map(range)));
}

describe('one range', () => {
  for (const [text, held, notHeld] of [
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0', '::a00:0']],
    ['10.1.2.3/8', ['10.0.0.0', '10.255.255.255'], ['11.1.2.3']],
    ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.128']],
    ['255.255.255.255/32', ['255.255.255.255'], ['255.255.255.254']],
    ['128.0.0.0/1', ['128.0.0.0', '255.255.255.255'], ['127.255.255.255']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255', '::ffff:1.2.3.4'], ['::', '::1']],
    ['2001:db8::/32', ['2001:db8::', '2001:DB8:ffff::1'], ['2001:db9::', '32.1.13.184']],
    ['2001:db8::/33', ['2001:db8:7fff::'], ['2001:db8:8000::']],
    ['::1/128', ['::1', '0:0:0:0:0:0:0:1', '::0.0.0.1'], ['::', '::2', '0.0.0.1']],
    ['::/0', ['::', 'ffff::', 'fe80::1%eth0'], ['1.2.3.4', '::ffff:1.2.3.4']],
    ['fe80::/10', ['fe80::1%eth0', 'febf:ffff::'], ['fec0::']],
    ['1:2:3:4:5:6:7:8/128', ['1:2:3:4:5:6:0.7.0.8'], ['1:2:3:4:5:6:7:9']],
    ['::ffff:10.0.0.0/104', ['10.1.2.3', '::ffff:a01:203'], ['11.0.0.0', '::a01:203']],
    ['::ffff:0:0/96', ['10.1.2.3', '::ffff:0.0.0.0'], ['::1']],
    ['::ffff:0:0/64', ['::1'], ['0:0:0:1::', '10.1.2.3']],
  ] as const) {
    test(`${text} holds its addresses and no others`, () => {
      const ranges = rangesOf(text);
      for (const address of held) {
        assert.deepEqual(ranges.groupsOf(address), [0], address);
      }
      for (const address of notHeld) {
        assert.deepEqual(ranges.groupsOf(address), [], address);
      }
    });
  }
});

test('an address is in every group that has a range with it, in the order of the groups', () => {
  const ranges = rangesOf(
    '10.0.0.0/16 192.0.2.1/32',
    '10.1.0.0/16',
    '0.0.0.0/0',
    '10.0.0.5/32 10.0.0.0/8 10.0.0.0/16',
    '10.0.0.0/8',
  );
  assert.deepEqual(ranges.groupsOf('10.0.0.5'), [0, 2, 3, 4]);
  assert.deepEqual(ranges.groupsOf('10.1.0.5'), [1, 2, 3, 4]);
  assert.deepEqual(ranges.groupsOf('192.0.2.1'), [0, 2]);
});

test('what is no address is in no group', () => {
  const ranges = rangesOf('0.0.0.0/0', '::/0');
  for (const text of [
    '',
    'localhost',
    '1.2.3',
    '1.2.3.4:80',
    '[::1]',
    '1.2.3.256',
    '/run/a.sock',
  ]) {
    assert.deepEqual(ranges.groupsOf(text), [], text);
  }
});

for (const text of [
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '::/129',
  'a.com/8',
  '1.2.3.4/1.5',
  '1.2.3.4/x',
]) {
  test(`${text} is refused`, () => {
    assert.throws(() => rangesOf(text), RangeError);
  });
}

/** Writes the bits of an address that come from a source of random numbers. */
function randomAddress(random: SeededRandom, isV6: boolean): string {
  // Few values, so that many ranges hold many addresses.
  const part = (): number => random.pick([0, 1, 2, 255]);
  return isV6
    ? Array.from({ length: 8 }, () => (part() * 257).toString(16)).join(':')
    : Array.from({ length: 4 }, part).join('.');
}

for (const [family, isV6] of [
  ['ipv4', false],
  ['ipv6', true],
] as const) {
  test(`${family}: agrees with node:net about 200 ranges and 500 addresses`, () => {
    const random = new SeededRandom(7);
    const lists: BlockList[] = [];
    const groups: IpRange[][] = [];
    for (let i = 0; i < 200; i++) {
      const prefixLength = 1 + random.integer(isV6 ? 128 : 32);
      const address = randomAddress(random, isV6);
      const list = new BlockList();
      list.addSubnet(address, prefixLength, family);
      lists.push(list);
      groups.push([{ address, prefixLength }]);
    }
    const ranges = new IpRanges(groups);
    let hits = 0;
    for (let i = 0; i < 500; i++) {
      const address = randomAddress(random, isV6);
      const expected = lists.flatMap((list, index) => (list.check(address, family) ? [index] : []));
      hits += expected.length;
      assert.deepEqual(ranges.groupsOf(address), expected, address);
    }
    assert.ok(hits > 500, `${hits} hits`);
  });
}
