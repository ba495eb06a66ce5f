import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Base64FrameEncoder } from '../../../../lib/filters/grpc/base64-frame-encoder.js';
import { frame } from '../../../support/grpc-fixture.js';
import { cutAtRandom, randomBytes } from '../../../support/random-bytes.js';
import { SeededRandom } from '../../../support/seeded-random.js';

test('frames cut anywhere become the base64 of each of them', () => {
  const random = new SeededRandom(1);
  for (let i = 0; i < 3000; i++) {
    const frames = Array.from({ length: random.integer(5) }, () =>
      frame(randomBytes(random, 300), random.integer(2)),
    );
    const encoder = new Base64FrameEncoder();
    const pieces = cutAtRandom(random, Buffer.concat(frames));
    const encoded = pieces.map((piece) => encoder.encode(piece).toString()).join('');
    assert.equal(encoded, frames.map((bytes) => bytes.toString('base64')).join(''));
    assert.equal(encoder.isAtBoundary, true);
    assert.equal(encoder.end().length, 0);
  }
});

test('no more than two bytes wait, however large the message', () => {
  const encoder = new Base64FrameEncoder();
  const bytes = frame('x'.repeat(100_000));
  let sent = 0;
  for (let i = 0; i < bytes.length - 1; i++) {
    sent += (encoder.encode(bytes.subarray(i, i + 1)).length / 4) * 3;
    assert.ok(sent >= i + 1 - 2);
  }
  assert.equal(encoder.isAtBoundary, false);
});

test('what is left of a frame that is cut off comes at the end', () => {
  const encoder = new Base64FrameEncoder();
  const cut = frame('Hello').subarray(0, 7);
  const encoded = encoder.encode(cut).toString() + encoder.end().toString();
  assert.equal(encoded, cut.toString('base64'));
  assert.equal(encoder.isAtBoundary, false);
});
