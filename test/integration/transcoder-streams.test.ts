import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { FakeUpstream } from '../support/fake-upstream.js';
import { frame, readFrames } from '../support/grpc-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { bookMessage } from '../support/transcoder-fixture.js';
import { poetry, startTranscoding, transcoding } from '../support/transcoding-proxy.js';

describe('a stream', () => {
  test('of responses becomes a list, whose elements come as soon as they are here', async (t) => {
    let response: ServerResponse | undefined;
    const upstream = await FakeUpstream.start((request, answer) => {
      request.resume();
      response = answer;
      answer.writeHead(200, { 'content-type': 'application/grpc' });
      answer.write(frame(bookMessage('first')));
    });
    const proxy = await TestProxy.start(t, { upstream, manager: transcoding() });
    const client = await proxy.connect();
    client.write('GET /shelves/1/books HTTP/1.1\r\nhost: a\r\n\r\n');
    await client.until('[{"bookTitle":"first"}');
    assert.match(client.received, /content-type: application\/json/i);
    const next = frame(bookMessage('second'));
    response?.write(next.subarray(0, 7));
    response?.write(next.subarray(7));
    await client.until(',{"bookTitle":"second"}');
    response?.addTrailers({ 'grpc-status': '13' });
    response?.end();
    await client.until('grpc-status: 13');
    assert.match(client.received, /\r\n\]\r\n0\r\ngrpc-status: 13/i);
  });

  test('of no responses is a list without elements', async (t) => {
    const { proxy } = await startTranscoding(t, {});
    const response = await proxy.send({ path: '/shelves/1/books' });
    assert.deepEqual([response.status, response.text], [200, '[]']);
    assert.equal(response.trailers['grpc-status'], '0');
  });

  test('of responses is broken off at one that is none', async (t) => {
    for (const bad of [
      frame('\xff'),
      frame('x', 1),
      poetry.subarray(0, 7),
      frame('y'.repeat(1_048_577)),
    ]) {
      const { proxy } = await startTranscoding(t, { pieces: [frame(bookMessage('a')), bad] });
      await assert.rejects(proxy.send({ path: '/shelves/1/books' }));
      assert.deepEqual(proxy.errors, []);
    }
  });

  test('of requests is a list, whose elements are sent as soon as they are here', async (t) => {
    const received: Buffer[] = [];
    const upstream = await FakeUpstream.start((request, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc' });
      request.on('data', (chunk: Buffer) => {
        received.push(chunk);
        response.write(frame(bookMessage(`got ${received.length}`)));
      });
      request.on('end', () => {
        response.addTrailers({ 'grpc-status': '0' });
        response.end();
      });
    });
    const proxy = await TestProxy.start(t, { upstream, manager: transcoding() });
    const client = await proxy.connect();
    client.write('POST /chat HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');
    client.write('f\r\n[ {"bookTitle":\r\n');
    client.write('8\r\n"one"} ,\r\n');
    await client.until('[{"bookTitle":"got 1"}');
    client.write('b\r\n{"id":"7"}]\r\n0\r\n\r\n');
    await client.until('0\r\ngrpc-status: 0');
    assert.match(client.received, /,\{"bookTitle":"got 2"\}(?:\r\n1\r\n)?\]\r\n/);
    assert.deepEqual(
      readFrames(Buffer.concat(received)).map(({ message }) => message),
      ['\x1a\x03one', '\x08\x07'],
    );
  });

  test('of requests has the values of its path in its first message', async (t) => {
    const { proxy, upstream } = await startTranscoding(t);
    const body = '[{"title":"a"},{"title":"b"},{}]'.replaceAll('title', 'bookTitle');
    const response = await proxy.send({ method: 'POST', path: '/shelves/9/books', body });
    assert.equal(response.text, '{"id":"5","theme":"Poetry"}');
    assert.deepEqual(
      readFrames(upstream.calls[0]?.body ?? poetry).map(({ message }) => message),
      ['\x12\x03\x1a\x01a\x08\x09', '\x12\x03\x1a\x01b', '\x12\x00'],
    );
  });

  for (const body of ['', '{}', '[{}', '[{},]', '[{}] x']) {
    test(`of requests must be a list, which "${body}" is not`, async (t) => {
      const { proxy } = await startTranscoding(t);
      const response = await proxy.send({ method: 'POST', path: '/chat', body });
      assert.equal(response.status, 400);
    });
  }

  test('of requests may be endless, but has a bound for each of them', async (t) => {
    const { proxy } = await startTranscoding(t);
    const element = JSON.stringify({ theme: 'x'.repeat(1_048_577) });
    const body = `[${element}]`;
    const response = await proxy.send({ method: 'POST', path: '/chat', body });
    assert.equal(response.status, 400);
    assert.match(response.text, /more bytes than the buffer limit of 1048576/);
  });
});
