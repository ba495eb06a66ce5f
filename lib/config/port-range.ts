import { quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';

/** Ports from `first` to `last`, both included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Reads a text such as `1-1024,2048`; reports it if it is wrong. Absent is empty. */
export function readPortRanges(reader: JsonReader, key: string): PortRange[] {
  const text = reader.string(key);
  if (text === undefined) {
    return [];
  }
  const ranges = text.split(',').map(parsePortRange);
  const right = ranges.filter((range) => range !== undefined);
  if (right.length < ranges.length) {
    reader.problem(
      `expected ports and ranges of ports, such as "1-1024,2048", found ${quoteText(text)}`,
      key,
    );
  }
  return right;
}

function parsePortRange(text: string): PortRange | undefined {
  const [, from = '', to = from] = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(text) ?? [];
  const first = from === '' ? Number.NaN : Number(from);
  const last = Number(to);
  return first <= last && last <= 65535 ? { first, last } : undefined;
}
