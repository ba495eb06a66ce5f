import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertUnambiguous, exchangeRaw } from '../support/raw-exchange.js';

/** What comes behind a request on the same connection. */
const behind = 'GET /behind HTTP/1.1\r\nhost: a\r\n\r\n';
const chunkedPost = 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';

/** A name and the bytes that a client sends. */
type Case = readonly [name: string, text: string];

/** A request without a body, with more header lines. */
function get(lines: string): string {
  return `GET / HTTP/1.1\r\nhost: a\r\n${lines}\r\n\r\n`;
}

describe('nothing is taken for a request behind', () => {
  const refused: readonly Case[] = [
    ['a request that is refused', `GET / HTTP/1.1\r\nhost: a\r\nx y: b\r\n\r\n${behind}`],
    ['a body that is refused', `${chunkedPost}x\r\n${behind}`],
    ['a request of HTTP/1.0', `GET / HTTP/1.0\r\nhost: a\r\n\r\n${behind}`],
    [
      'a chunked request of HTTP/1.0',
      `POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n${behind}`,
    ],
    ['a request without a version', `GET /\r\n\r\n${behind}`],
    ['a CONNECT', `CONNECT a:80 HTTP/1.1\r\nhost: a:80\r\n\r\n${behind}`],
    [
      'a CONNECT with a length',
      `CONNECT a:80 HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n${behind}`,
    ],
  ];
  for (const [name, text] of refused) {
    test(name, async (t) => {
      const exchange = await exchangeRaw(t, text);
      assertUnambiguous(exchange);
      assert.deepEqual(exchange.requests, []);
      assert.equal(exchange.statuses.length, 1);
      assert.equal(exchange.isClosed, true);
    });
  }

  test('a request after which the connection is to close', async (t) => {
    const exchange = await exchangeRaw(t, get('connection: close') + behind);
    assertUnambiguous(exchange);
    assert.ok(exchange.requests.every(({ target }) => target === '/'));
    assert.equal(exchange.isClosed, true);
  });

  for (const [name, head] of [
    ['is answered before its body has come', 'POST http://a/ HTTP/1.1\r\nhost: a\r\n'],
    ['has no host', 'POST / HTTP/1.1\r\n'],
  ]) {
    test(`a request that ${name}`, async (t) => {
      const text = `${head}content-length: ${behind.length}\r\n\r\n${behind}`;
      const exchange = await exchangeRaw(t, text);
      assertUnambiguous(exchange);
      assert.deepEqual(exchange.requests, []);
      assert.equal(exchange.statuses.length, 1);
    });
  }

  test('a request that is refused behind one that is good', async (t) => {
    const bad = 'GET /bad HTTP/1.1\r\nhost: a\r\nx y: b\r\n\r\n';
    const exchange = await exchangeRaw(t, get('x-a: b') + bad + behind);
    assertUnambiguous(exchange);
    assert.ok(exchange.requests.every(({ target }) => target === '/'));
    assert.equal(exchange.isClosed, true);
  });
});
