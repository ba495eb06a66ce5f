import { isIPv4, isIPv6 } from 'node:net';
import { quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';

/** A range of IP addresses. */
export interface CidrRange {
  readonly address: string;
  /** How many of the leading bits count. */
  readonly prefixLength: number;
}

/** Reads `10.0.0.0/8` or `::1/128`; an address without a length is a range of one. */
export function parseCidrRange(text: string): CidrRange | undefined {
  const [, address = '', digits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : -1;
  const prefixLength = digits === undefined ? bits : Number(digits);
  return bits === -1 || prefixLength > bits ? undefined : { address, prefixLength };
}

/** Reads an array of ranges; reports the wrong ones. */
export function readCidrRanges(reader: JsonReader, key: string): CidrRange[] {
  return reader.strings(key).flatMap(({ value, place }) => {
    const range = parseCidrRange(value);
    if (range === undefined) {
      reader.collector.problem(
        place,
        `expected a range of IP addresses, such as "10.0.0.0/8", found ${quoteText(value)}`,
      );
      return [];
    }
    return [range];
  });
}
