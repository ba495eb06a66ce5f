import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { startMounted } from '../support/mounted-proxy.js';

const get = 'GET / HTTP/1.1\r\nhost: foo.com\r\nconnection: close\r\n\r\n';

/** A body whose second piece comes too late to be sent with the first. */
function inPieces(...pieces: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      for (const piece of pieces) {
        controller.enqueue(Buffer.from(piece));
        await setImmediate();
        await setImmediate();
        await setImmediate();
      }
      controller.close();
    },
  });
}

const respond = (body: string | ReadableStream | null, length: string, status = 200): Response =>
  new Response(body, { status, headers: { 'content-length': length } });

describe('the content-length of a Response', () => {
  for (const length of ['2', '9', '2, 9', 'two']) {
    test(`that is wrong ("${length}") is put right, if the body is at hand`, async (t) => {
      const proxy = await startMounted(t, () => respond('hello', length));
      const response = await proxy.send();
      assert.deepEqual([response.headers['content-length'], response.text], ['5', 'hello']);
    });
  }

  test('is left out for a status that has no body, and put right without a body', async (t) => {
    const proxy = await startMounted(t, () => respond(null, '5'));
    assert.equal((await proxy.send()).headers['content-length'], '0');
    const head = await proxy.send({ method: 'HEAD' });
    assert.equal(head.headers['content-length'], '5');
    const silent = await startMounted(t, () => respond(null, '5', 204));
    assert.equal((await silent.send()).headers['content-length'], undefined);
  });

  test('that a stream keeps to is sent', async (t) => {
    const proxy = await startMounted(t, () => respond(inPieces('hel', 'lo'), '5'));
    const response = await proxy.send();
    assert.deepEqual([response.headers['content-length'], response.text], ['5', 'hello']);
  });

  test('that is none is not sent with a stream', async (t) => {
    const proxy = await startMounted(t, () => respond(inPieces('hel', 'lo'), '5, 5'));
    const response = await proxy.send();
    assert.deepEqual([response.headers['content-length'], response.text], [undefined, 'hello']);
  });

  test('is not passed by a stream: the response is cut off before that', async (t) => {
    const proxy = await startMounted(t, () =>
      respond(inPieces('hel', 'loHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), '5'),
    );
    assert.match(await proxy.exchange(get), /\r\ncontent-length: 5\r\n(?:[^\r]+\r\n)*\r\nhel$/i);
    assert.match(proxy.errors.join(), /more than the 5 bytes of its content-length/);
  });

  test('that a stream falls short of cuts the response off', async (t) => {
    const proxy = await startMounted(t, () => respond(inPieces('hel', 'l'), '5'));
    assert.match(await proxy.exchange(get), /\r\nhell$/);
    assert.match(proxy.errors.join(), /4 bytes, not the 5 bytes of its content-length/);
  });
});
