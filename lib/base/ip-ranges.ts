import { isIPv4, isIPv6 } from 'node:net';

/** A range of addresses: those whose leading bits are the same. */
export interface IpRange {
  readonly address: string;
  /** How many of the leading bits count. */
  readonly prefixLength: number;
}

/** The bits of an address: the 32 of IPv4 as a number, the 128 of IPv6 as a bigint. */
type AddressBits = number | bigint;

/** The ranges of one length. */
interface Prefixes {
  readonly length: number;
  /** The groups of each range, by the bits that count. */
  readonly groups: Map<AddressBits, number[]>;
}

/** The bits before an IPv4 address that is written in IPv6 form. */
const mappedPrefix = 0xffffn;
const mappedPrefixLength = 96;

const none: readonly number[] = [];

/**
 * Groups of ranges, and which of them an address belongs to.
 *
 * There is one table for each length that occurs, so a look-up costs one step for each length (33
 * for IPv4 and 129 for IPv6 at most), however many ranges there are. An IPv4 address in IPv6 form,
 * `::ffff:10.0.0.1`, is the same as without it, in ranges as in what is looked up.
 */
export class IpRanges {
  readonly #v4: Prefixes[] = [];
  readonly #v6: Prefixes[] = [];

  /** Throws a `RangeError` for what is no range. */
  constructor(groups: readonly (readonly IpRange[])[]) {
    for (const [index, ranges] of groups.entries()) {
      for (const range of ranges) {
        this.#add(range, index);
      }
    }
  }

  /** Returns the indexes of the groups that hold an address, ascending. What is none is in none. */
  groupsOf(address: string): readonly number[] {
    const bits = parseAddress(address);
    if (bits === undefined) {
      return none;
    }
    let found: Set<number> | undefined;
    for (const { length, groups } of this.#prefixesOf(bits)) {
      for (const index of groups.get(leadingBits(bits, length)) ?? none) {
        found ??= new Set();
        found.add(index);
      }
    }
    return found === undefined ? none : [...found].sort((a, b) => a - b);
  }

  #add(range: IpRange, index: number): void {
    const { bits, length } = parseRange(range);
    const all = this.#prefixesOf(bits);
    let prefixes = all.find((other) => other.length === length);
    if (prefixes === undefined) {
      prefixes = { length, groups: new Map() };
      all.push(prefixes);
    }
    const key = leadingBits(bits, length);
    const known = prefixes.groups.get(key);
    if (known === undefined) {
      prefixes.groups.set(key, [index]);
    } else {
      known.push(index);
    }
  }

  #prefixesOf(bits: AddressBits): Prefixes[] {
    return typeof bits === 'number' ? this.#v4 : this.#v6;
  }
}

function leadingBits(bits: AddressBits, length: number): AddressBits {
  if (typeof bits === 'bigint') {
    return bits >> BigInt(128 - length);
  }
  // A shift by 32 is a shift by 0.
  return length === 0 ? 0 : bits >>> (32 - length);
}

function parseRange({ address, prefixLength }: IpRange): { bits: AddressBits; length: number } {
  const bits = isIPv6(address) ? parseV6(address) : parseAddress(address);
  const size = typeof bits === 'bigint' ? 128 : 32;
  const isLength = Number.isInteger(prefixLength) && prefixLength >= 0 && prefixLength <= size;
  if (bits === undefined || !isLength) {
    throw new RangeError(`not a range of IP addresses: ${address}/${prefixLength}`);
  }
  const mapped = typeof bits === 'bigint' ? mappedV4(bits) : undefined;
  // A shorter one holds more than the IPv4 addresses, and is one of IPv6.
  return mapped === undefined || prefixLength < mappedPrefixLength
    ? { bits, length: prefixLength }
    : { bits: mapped, length: prefixLength - mappedPrefixLength };
}

function parseAddress(address: string): AddressBits | undefined {
  if (isIPv4(address)) {
    return parseV4(address);
  }
  if (!isIPv6(address)) {
    return undefined;
  }
  const bits = parseV6(address);
  return mappedV4(bits) ?? bits;
}

/** Returns the IPv4 address that an IPv6 address stands for, if it does. */
function mappedV4(bits: bigint): number | undefined {
  return bits >> 32n === mappedPrefix ? Number(bits & 0xffffffffn) : undefined;
}

function parseV4(address: string): number {
  let bits = 0;
  for (const part of address.split('.')) {
    bits = bits * 256 + Number(part);
  }
  return bits;
}

function parseV6(address: string): bigint {
  // The zone says where an address is valid, and is no part of it.
  const [plain = ''] = address.split('%');
  const [head = '', tail] = plain.split('::');
  const leading = parseGroups(head);
  const trailing = parseGroups(tail ?? '');
  const zeros = '0000'.repeat(8 - (leading.length + trailing.length) / 4);
  return BigInt(`0x${leading}${zeros}${trailing}`);
}

/** Returns the hexadecimal digits of `a:b:...`, which may end in an IPv4 address. */
function parseGroups(text: string): string {
  if (text === '') {
    return '';
  }
  let digits = '';
  for (const group of text.split(':')) {
    digits += group.includes('.')
      ? parseV4(group).toString(16).padStart(8, '0')
      : group.padStart(4, '0');
  }
  return digits;
}
