import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, IncomingMessage } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { replaceHeaders } from '../../../../lib/downstream/codec/incoming-headers.js';

const lists: Readonly<Record<string, readonly string[]>> = {
  'no header': [],
  'one header': ['host', 'foo.com'],
  duplicates: ['x-a', '1', 'x-b', '2', 'x-a', '3'],
  cookies: ['cookie', 'a=1', 'cookie', 'b=2'],
  'set-cookie': ['set-cookie', 'a=1', 'x', '1', 'set-cookie', 'b=2'],
  'names that every object has': ['__proto__', 'p', 'constructor', 'c', 'constructor', 'd'],
  'empty values': ['x-a', '', 'x-a', '', 'accept', ''],
  'headers that count once': ['age', '1', 'age', '2', 'content-type', 'c', 'content-type', 'd'],
};

/** Sends these headers to a server, and returns its request. */
async function receive(list: readonly string[]): Promise<IncomingMessage> {
  const server = createServer({ requireHostHeader: false });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let head = 'GET / HTTP/1.1\r\n';
  for (let i = 0; i < list.length; i += 2) {
    head += `${list[i]}: ${list[i + 1]}\r\n`;
  }
  socket.write(`${head}\r\n`);
  const [request] = await once(server, 'request');
  socket.destroy();
  server.close();
  await once(server, 'close');
  return request;
}

describe('replaceHeaders', () => {
  for (const [name, list] of Object.entries(lists)) {
    it(`shows ${name} as node:http shows what it has received`, async () => {
      const received = await receive(list);
      const request = new IncomingMessage(new Socket());
      replaceHeaders(request, [...list]);
      assert.deepEqual(request.rawHeaders, received.rawHeaders);
      assert.deepEqual(request.headers, received.headers);
      assert.deepEqual(request.headersDistinct, received.headersDistinct);
    });
  }

  it('replaces headers that somebody has looked at', async () => {
    const request = await receive(['host', 'a', 'x-gone', '1', 'x-gone-too', '2']);
    assert.equal(request.headers['x-gone'], '1');
    assert.deepEqual(request.headersDistinct['x-gone'], ['1']);
    replaceHeaders(request, ['host', 'b', 'x-new', '1']);
    assert.deepEqual(request.headers, { host: 'b', 'x-new': '1' });
    assert.deepEqual({ ...request.headersDistinct }, { host: ['b'], 'x-new': ['1'] });
  });

  it('shows more headers than have come', async () => {
    const request = await receive(['host', 'a']);
    replaceHeaders(request, ['host', 'b', 'x-1', '1', 'x-2', '2']);
    assert.deepEqual(Object.keys(request.headersDistinct), ['host', 'x-1', 'x-2']);
  });

  it('leaves the trailers of a request that is complete', async () => {
    const request = await receive(['host', 'a']);
    request.complete = true;
    replaceHeaders(request, ['host', 'b']);
    assert.equal(request.headers.host, 'b');
    assert.deepEqual(request.rawTrailers, []);
    assert.ok(request.complete);
  });

  it('holds when a framework gives the request another prototype', async () => {
    const request = await receive(['host', 'a']);
    replaceHeaders(request, ['host', 'b', 'x-new', '1']);
    Object.setPrototypeOf(request, Object.create(IncomingMessage.prototype));
    assert.equal(request.headers['x-new'], '1');
    assert.deepEqual(request.headersDistinct['x-new'], ['1']);
  });
});
