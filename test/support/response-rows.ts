import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FuzzRandom } from './response-generator.js';
import {
  type Delivery,
  everySplit,
  parseResponse,
  type RecordedResponse,
  randomSplits,
} from './response-recorder.js';

/** Marks in the bytes of a row where the parser stops: behind the message, or at what is wrong. */
const stopMark = '▲';

/** One response and what should become of it. */
export interface ResponseRow extends Delivery {
  /** A sentence about behavior: the name of the test. */
  readonly name: string;
  /** The bytes as latin1, with one `▲` where the parser stops, unless it consumes all. */
  readonly raw: string;
  /** What the row is about; the rest of the outcome is not looked at. */
  readonly expected: Partial<RecordedResponse>;
}

/** Makes one test of each row. Each is parsed whole, byte by byte, and split at random. */
export function testRows(rows: readonly ResponseRow[]): void {
  for (const row of rows) {
    test(row.name, () => {
      const raw = row.raw.replace(stopMark, '');
      const stop = row.raw.indexOf(stopMark);
      const expected = { consumed: stop === -1 ? raw.length : stop, ...row.expected };
      const outcome = parseResponse(raw, row);
      for (const [key, value] of Object.entries(expected)) {
        // The keys of a partial record are keys of the record.
        assert.deepEqual(outcome[key as keyof RecordedResponse], value, key);
      }
      const random = new FuzzRandom(raw.length);
      const splits = [
        everySplit(raw.length),
        ...Array.from({ length: 5 }, () => randomSplits(random, raw.length)),
      ];
      for (const split of splits) {
        assert.deepEqual(parseResponse(raw, { ...row, splits: split }), outcome, `${split}`);
      }
    });
  }
}
