import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { TestProxy } from '../support/proxy.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { parseRawResponse, valuesOf } from '../support/responses.js';

const limitBytes = 60 * 1024;

/** Sends a request and returns the status of the answer, and whether the connection ends with it. */
async function answerTo(proxy: TestProxy, request: string): Promise<string> {
  const client = await proxy.connect();
  client.write(request);
  const response = parseRawResponse(await client.until('\r\n\r\n'));
  const isClosing = valuesOf(response, 'connection').includes('close');
  if (isClosing) {
    await client.untilClosed();
  }
  return isClosing ? `${response.status}, closes` : String(response.status);
}

async function start(t: TestContext): Promise<[TestProxy, RecordingUpstream]> {
  const upstream = await RecordingUpstream.start();
  return [await TestProxy.start(t, { upstream: upstream.raw }), upstream];
}

/** `:method: GET`, `:path: /` and `:authority: a` as Envoy counts them. */
const pseudoBytes = ':methodGET:path/:authoritya'.length;

describe('the names and values of a head', () => {
  const request = (bytes: number): string => {
    const value = 'x'.repeat(bytes - pseudoBytes - 'x-big'.length);
    return `GET / HTTP/1.1\r\nhost: a\r\nx-big: ${value}\r\n\r\n`;
  };

  test('may have 61440 bytes, and not one more', async (t) => {
    const [proxy, upstream] = await start(t);
    assert.equal(await answerTo(proxy, request(limitBytes)), '200');
    assert.equal(await answerTo(proxy, request(limitBytes + 1)), '431, closes');
    assert.equal(upstream.requests.length, 1);
    assert.equal(await proxy.stat('downstream_rq_4xx'), 1);
  });

  test('are refused alike however far they are beyond', async (t) => {
    const [proxy, upstream] = await start(t);
    for (const more of [2, 20, 22, 23, 24, 30, 200, 5000, 500_000]) {
      assert.equal(await answerTo(proxy, request(limitBytes + more)), '431, closes', `${more}`);
    }
    assert.deepEqual(upstream.requests, []);
    assert.equal(await proxy.stat('downstream_cx_protocol_error'), 0);
  });

  test('count with the path', async (t) => {
    const [proxy] = await start(t);
    const path = (bytes: number): string => {
      const text = `/${'x'.repeat(bytes - pseudoBytes)}`;
      return `GET ${text} HTTP/1.1\r\nhost: a\r\n\r\n`;
    };
    assert.equal(await answerTo(proxy, path(limitBytes)), '200');
    assert.equal(await answerTo(proxy, path(limitBytes + 1)), '431, closes');
  });

  test('count as many small ones too, without what stands between them', async (t) => {
    const [proxy, upstream] = await start(t);
    const line = (i: number, bytes: number): string => {
      const name = `x${i}`;
      return `${name}: ${'v'.repeat(bytes - name.length)}\r\n`;
    };
    const count = 1000;
    const rest = limitBytes - pseudoBytes - (count - 1) * 60;
    const lines = Array.from({ length: count - 1 }, (_, i) => line(i, 60)).join('');
    const head = `GET / HTTP/1.1\r\nhost: a\r\n${lines}`;
    assert.equal(await answerTo(proxy, `${head}${line(1000, rest)}\r\n`), '200');
    assert.equal(await answerTo(proxy, `${head}${line(1000, rest + 1)}\r\n`), '431, closes');
    // None of them is lost on the way.
    const names = upstream.requests[0]?.headers.filter(([name]) => /^x\d+$/.test(name));
    assert.equal(names?.length, count);
  });
});

describe('the headers of a request', () => {
  const request = (count: number): string => {
    const lines = Array.from({ length: count }, (_, i) => `x-${i}: y\r\n`).join('');
    return `GET / HTTP/1.1\r\nhost: a\r\n${lines}\r\n`;
  };

  test('may be 2000, of which all arrive, and not one more', async (t) => {
    const [proxy, upstream] = await start(t);
    assert.equal(await answerTo(proxy, request(2000)), '200');
    const arrived = upstream.only.headers.filter(([name]) => /^x-\d+$/.test(name));
    assert.equal(arrived.length, 2000);
    assert.equal(await answerTo(proxy, request(2001)), '431, closes');
    assert.equal(upstream.requests.length, 1);
  });

  test('are refused when there are thousands', async (t) => {
    const [proxy, upstream] = await start(t);
    for (const count of [2002, 2003, 2040, 3000]) {
      assert.equal(await answerTo(proxy, request(count)), '431, closes', `${count}`);
    }
    const smallest = `GET / HTTP/1.1\r\nhost: a\r\n${'a:\r\n'.repeat(30_000)}\r\n`;
    assert.equal(await answerTo(proxy, smallest), '431, closes');
    assert.deepEqual(upstream.requests, []);
    assert.equal(await proxy.stat('downstream_rq_4xx'), 5);
  });

  test('do not hide a body that they are too many for', async (t) => {
    const [proxy, upstream] = await start(t);
    const lines = Array.from({ length: 3000 }, (_, i) => `x-${i}: y\r\n`).join('');
    const smuggled = 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n';
    const head = `POST / HTTP/1.1\r\nhost: a\r\n${lines}content-length: ${smuggled.length}\r\n\r\n`;
    assert.equal(await answerTo(proxy, `${head}${smuggled}`), '431, closes');
    assert.deepEqual(upstream.requests, []);
  });
});

describe('the trailers of a request', () => {
  const request = (trailers: string): string =>
    `POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${trailers}\r\n`;
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, i) => `x-${i}: y\r\n`).join('');

  test('may be 2000, of which all arrive, and not one more', async (t) => {
    const [proxy, upstream] = await start(t);
    assert.equal(await answerTo(proxy, request(lines(2000))), '200');
    assert.equal(upstream.only.trailers.length, 2000);
    for (const count of [2001, 2003, 5000]) {
      assert.equal(await answerTo(proxy, request(lines(count))), '400, closes', `${count}`);
    }
    assert.equal(upstream.requests.length, 1);
    assert.equal(await proxy.stat('downstream_cx_protocol_error'), 3);
  });

  test('are refused when they are larger than a head may be', async (t) => {
    const [proxy, upstream] = await start(t);
    const one = request(`x-big: ${'y'.repeat(limitBytes + 1)}\r\n`);
    const many = request(`x-big: ${'y'.repeat(1000)}\r\n`.repeat(62));
    for (const text of [one, many]) {
      assert.equal(await answerTo(proxy, text), '400, closes');
    }
    assert.deepEqual(upstream.requests, []);
  });
});

test('answers HTTP/1.0 with 426 and closes, whatever the client would like', async (t) => {
  const [proxy, upstream] = await start(t);
  for (const line of ['', 'connection: keep-alive\r\n', 'connection: close\r\n']) {
    const request = `GET / HTTP/1.0\r\nhost: a\r\n${line}\r\n`;
    assert.equal(await answerTo(proxy, request), '426, closes');
  }
  assert.deepEqual(upstream.requests, []);
});
