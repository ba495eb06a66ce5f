import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameCursor } from '../../../../lib/filters/grpc/frame-cursor.js';
import { frame } from '../../../support/grpc-fixture.js';
import { cutAtRandom, randomBytes } from '../../../support/random-bytes.js';
import { SeededRandom } from '../../../support/seeded-random.js';

test('frames end where they end, whatever the pieces', () => {
  const random = new SeededRandom(3);
  for (let i = 0; i < 2000; i++) {
    const frames = Array.from({ length: random.integer(5) }, () => frame(randomBytes(random, 20)));
    const ends: number[] = [];
    const cursor = new FrameCursor();
    let offset = 0;
    for (const piece of cutAtRandom(random, Buffer.concat(frames))) {
      for (let start = 0; start < piece.length; ) {
        start = cursor.advance(piece, start);
        if (cursor.isAtBoundary) {
          ends.push(offset + start);
        }
      }
      offset += piece.length;
    }
    let end = 0;
    assert.deepEqual(
      ends,
      frames.map((bytes) => {
        end += bytes.length;
        return end;
      }),
    );
  }
});

test('a length with its highest bit set is one, and a frame that long does not end early', () => {
  const cursor = new FrameCursor();
  const piece = Buffer.concat([Buffer.from([0, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(1000)]);
  cursor.skip(piece);
  assert.equal(cursor.isAtBoundary, false);
  const rest = Buffer.alloc(1 << 20);
  for (let i = 0; i < 4095; i++) {
    cursor.skip(rest);
    assert.equal(cursor.isAtBoundary, false);
  }
  cursor.skip(rest.subarray(0, rest.length - 1 - 1000));
  assert.equal(cursor.isAtBoundary, true);
});
