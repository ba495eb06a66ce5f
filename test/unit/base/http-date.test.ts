import assert from 'node:assert/strict';
import { test } from 'node:test';
import { httpDate } from '../../../lib/base/http-date.js';

test('writes a time as HTTP wants it', () => {
  assert.equal(httpDate(Date.UTC(1994, 10, 6, 8, 49, 37)), 'Sun, 06 Nov 1994 08:49:37 GMT');
});

test('leaves fractions of a second out', () => {
  assert.equal(httpDate(Date.UTC(2016, 3, 15, 20, 17, 0, 999.9)), 'Fri, 15 Apr 2016 20:17:00 GMT');
});

test('follows a clock that goes on, and one that is set back', () => {
  const startMs = Date.UTC(2016, 11, 31, 23, 59, 59);
  const dates = [0, 500, 1000, 1500, -1000, 0].map((ms) => httpDate(startMs + ms).slice(5));
  assert.deepEqual(dates, [
    '31 Dec 2016 23:59:59 GMT',
    '31 Dec 2016 23:59:59 GMT',
    '01 Jan 2017 00:00:00 GMT',
    '01 Jan 2017 00:00:00 GMT',
    '31 Dec 2016 23:59:58 GMT',
    '31 Dec 2016 23:59:59 GMT',
  ]);
});
