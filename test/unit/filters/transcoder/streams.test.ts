import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FrameCollector, toFrame } from '../../../../lib/filters/transcoder/frame-collector.js';
import { JsonArraySplitter } from '../../../../lib/filters/transcoder/json-array-splitter.js';
import { frame } from '../../../support/grpc-fixture.js';

/** Cuts bytes into pieces of one length. */
function cut(bytes: Buffer, length: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let i = 0; i < bytes.length; i += length) {
    pieces.push(bytes.subarray(i, i + length));
  }
  return pieces;
}

describe('a JSON list', () => {
  const elements = ['{"a":[1,"],["]}', '"\\"],"', '[[],{}]', ' 5 ', 'null', '"é\\\\"'];
  const text = Buffer.from(` \n[${elements.join(',')}]\r\n `);

  for (const length of [1, 2, 3, 7, 1000]) {
    test(`is cut into its elements when it comes in pieces of ${length}`, () => {
      const splitter = new JsonArraySplitter(0);
      const found = cut(text, length).flatMap((piece) => splitter.push(piece));
      assert.deepEqual(found.map(String), elements);
      assert.equal(splitter.isComplete, true);
    });
  }

  test('may be empty', () => {
    const splitter = new JsonArraySplitter(0);
    assert.deepEqual(splitter.push(Buffer.from('[ ]')), []);
    assert.equal(splitter.isComplete, true);
  });

  test('is complete behind its end only', () => {
    const splitter = new JsonArraySplitter(0);
    assert.deepEqual(splitter.push(Buffer.from('[1,2')).map(String), ['1']);
    assert.equal(splitter.isComplete, false);
  });

  for (const wrong of ['{}', 'x', '[1,]', '[,1]', '[,]', '[1}', '[]]', '[] x', '[1],']) {
    test(`is refused if it is ${wrong}`, () => {
      assert.throws(() => new JsonArraySplitter(0).push(Buffer.from(wrong)), {
        name: 'TranscodingError',
      });
    });
  }

  test('may be without an end, but each element has a bound', () => {
    const splitter = new JsonArraySplitter(10);
    splitter.push(Buffer.from('['));
    for (let i = 0; i < 1000; i++) {
      splitter.push(Buffer.from('"12345678",'));
    }
    splitter.push(Buffer.from('"123456789'));
    assert.throws(() => splitter.push(Buffer.from('0')), /more bytes than the buffer limit of 10/);
  });
});

describe('messages of gRPC', () => {
  const messages = ['', 'a', 'x'.repeat(300), 'b'];
  const body = Buffer.concat(messages.map((message) => frame(message)));

  for (const length of [1, 4, 5, 6, 1000]) {
    test(`are put together when they come in pieces of ${length}`, () => {
      const collector = new FrameCollector(300);
      const found = cut(body, length).flatMap((piece) => collector.push(piece));
      assert.deepEqual(found.map(String), messages);
      assert.equal(collector.isAtBoundary, true);
    });
  }

  test('have a bound, known from the head', () => {
    assert.throws(
      () => new FrameCollector(299).push(frame('x'.repeat(300)).subarray(0, 5)),
      /a message has 300 bytes, more than the buffer limit of 299/,
    );
  });

  test('are refused if they are compressed', () => {
    assert.throws(() => new FrameCollector(0).push(frame('a', 1)), /is compressed/);
  });

  test('are written with their length', () => {
    assert.deepEqual(toFrame(Buffer.from('abc')), frame('abc'));
  });
});
