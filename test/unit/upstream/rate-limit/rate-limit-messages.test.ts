import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RateLimitDescriptor } from '../../../../lib/http/rate-limit.js';
import {
  decodeRateLimitResponse,
  encodeRateLimitRequest,
  shouldRateLimit,
} from '../../../../lib/upstream/rate-limit/rate-limit-messages.js';
import { shouldRateLimitMethod } from '../../../support/rate-limit-server.js';
import { asBytes } from '../../../support/route-fixture.js';

/** What the encoder of protobufjs makes of it. It leaves out what is not there, as others do for ''. */
function expectedBytes(domain: string, ...descriptors: RateLimitDescriptor[]): Buffer {
  return shouldRateLimitMethod.requestSerialize({
    ...(domain === '' ? {} : { domain }),
    descriptors: descriptors.map((entries) => ({
      entries: entries.map(({ key, value }) => ({
        ...(key === '' ? {} : { key }),
        ...(value === '' ? {} : { value }),
      })),
    })),
  });
}

test('the method has the path of the public interface', () => {
  assert.equal(shouldRateLimit, shouldRateLimitMethod.path);
});

test('a request is written byte for byte as by protobufjs', () => {
  const requests: [domain: string, ...descriptors: RateLimitDescriptor[]][] = [
    ['d'],
    ['d', []],
    ['', [{ key: '', value: '' }]],
    ['domain', [{ key: 'k', value: 'v' }]],
    [
      'domain',
      [
        { key: 'remote_address', value: '203.0.113.7' },
        { key: 'user', value: '' },
      ],
      [{ key: 'generic_key', value: 'a' }],
    ],
  ];
  // Lengths whose varints have one, two and three bytes, within lengths of other sizes.
  for (const length of [0, 1, 127, 128, 16_383, 16_384, 60_000]) {
    requests.push(['x'.repeat(length), [{ key: 'k'.repeat(length), value: 'v'.repeat(length) }]]);
  }
  for (const [domain, ...descriptors] of requests) {
    const expected = expectedBytes(domain, ...descriptors);
    assert.ok(encodeRateLimitRequest(domain, descriptors).equals(expected), domain.slice(0, 20));
  }
});

test('texts are sent as the UTF-8 that their bytes are', () => {
  const entry = { key: 'straße', value: 'naïve \u{1f6b2}' };
  const bytes = { key: asBytes(entry.key), value: asBytes(entry.value) };
  assert.deepEqual(
    encodeRateLimitRequest(asBytes('büro'), [[bytes]]),
    expectedBytes('büro', [entry]),
  );
});

test('bytes that are no UTF-8 become the replacement character', () => {
  assert.deepEqual(
    encodeRateLimitRequest('d', [[{ key: 'k', value: 'a\xff\xc3b' }]]),
    expectedBytes('d', [{ key: 'k', value: 'a\ufffd\ufffdb' }]),
  );
});

test('a response is read as protobufjs writes it', () => {
  const statuses = [
    { code: 2, current_limit: { requests_per_unit: 300, unit: 2 }, limit_remaining: 70_000 },
    {},
  ];
  for (const [overall_code, expected] of [
    [0, 'error'],
    [1, 'ok'],
    [2, 'over_limit'],
    [3, 'error'],
    [-1, 'error'],
  ] as const) {
    for (const response of [{ overall_code }, { overall_code, statuses }]) {
      const bytes = shouldRateLimitMethod.responseSerialize(response);
      assert.equal(decodeRateLimitResponse(bytes), expected, bytes.toString('hex'));
    }
  }
});

test('fields that nobody knows are passed over, and of several codes the last one counts', () => {
  for (const [hex, expected] of [
    // Fields 3 to 6, of every wire type, around the code.
    ['1880018001012100000000000000002d00000000320161' + '0802', 'over_limit'],
    ['0802' + '120100' + '320161', 'over_limit'],
    ['0801' + '0802', 'over_limit'],
    // As long as a varint may be.
    ['0881808080808080808000', 'ok'],
  ] as const) {
    assert.equal(decodeRateLimitResponse(Buffer.from(hex, 'hex')), expected, hex);
  }
});

test('what is no response is an error', () => {
  for (const hex of [
    '',
    '08',
    '0881',
    '0a0101',
    '0d01000000',
    '0b',
    '0f01',
    '0001' + '0801',
    '12',
    '1205',
    '12ffffffffffffffffff01',
    '08ffffffffffffffffffff01',
    '0802' + '12',
    '0802' + '21000000',
    '0802' + 'ff',
  ]) {
    assert.equal(decodeRateLimitResponse(Buffer.from(hex, 'hex')), 'error', hex);
  }
});

test('no bytes make the reader throw, or run on', () => {
  let seed = 1;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Buffer.alloc(i % 12);
    for (let at = 0; at < bytes.length; at++) {
      seed = (seed * 48_271) % 2_147_483_647;
      bytes[at] = seed;
    }
    assert.ok(['ok', 'over_limit', 'error'].includes(decodeRateLimitResponse(bytes)));
  }
});
