import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { virtualHost } from '../support/config-builder.js';
import { RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { RecordingUpstream, recordedValues } from '../support/recording-upstream.js';
import { parseRawResponse, type RawResponse, valuesOf } from '../support/responses.js';

/** Sends one request and returns the whole answer, which has no body. */
async function answerTo(proxy: TestProxy, path: string, ...lines: string[]): Promise<RawResponse> {
  const client = await proxy.connect();
  client.write(`GET ${path} HTTP/1.1\r\n${['host: a', ...lines].join('\r\n')}\r\n\r\n`);
  return parseRawResponse(await client.until('\r\n\r\n'));
}

const names = (response: RawResponse): string[] => response.headers.map(([name]) => name).sort();

describe('what a redirect takes from the request stays within location', () => {
  const redirecting = (t: TestContext): Promise<TestProxy> => {
    const route = { host_redirect: 'b.com', cluster: undefined, timeout_ms: undefined };
    return TestProxy.start(t, { route });
  };

  test('as it came, escapes and all', async (t) => {
    const path = '/a%0d%0aset-cookie:%20b=c?d=%0a\\"<>';
    const response = await answerTo(await redirecting(t), path);
    assert.equal(response.status, 301);
    assert.deepEqual(valuesOf(response, 'location'), [`http://b.com${path}`]);
    assert.deepEqual(names(response), ['content-length', 'date', 'location', 'server']);
  });

  for (const byte of ['\r', '\n', '\r\n', '\0', '\x85', '\u0001']) {
    test(`and does not get there with ${JSON.stringify(byte)}`, async (t) => {
      const response = await answerTo(await redirecting(t), `/a${byte}set-cookie:b=c`);
      // With a line feed, the line ends as one of HTTP/0.9 does.
      assert.ok([400, 426].includes(response.status), `${response.status}`);
      assert.deepEqual(valuesOf(response, 'location'), []);
      assert.deepEqual(valuesOf(response, 'set-cookie'), []);
    });
  }

  test('whatever x-forwarded-proto says', async (t) => {
    const line = 'x-forwarded-proto: a\t"\x85b';
    const response = await answerTo(await redirecting(t), '/', line);
    assert.deepEqual(valuesOf(response, 'location'), ['a\t"\x85b://b.com/']);
    assert.deepEqual(names(response), ['content-length', 'date', 'location', 'server']);
  });

  test('also when it is the redirect to https', async (t) => {
    const host = { ...virtualHost(['*'], 'app'), require_ssl: 'all' };
    const proxy = await TestProxy.start(t, { config: { virtualHosts: [host] } });
    const response = await answerTo(proxy, '/%0d%0aa:b');
    assert.deepEqual(valuesOf(response, 'location'), ['https://a/%0d%0aa:b']);
    assert.deepEqual(names(response), ['content-length', 'date', 'location', 'server']);
  });
});

test('x-envoy-original-path has the path as it came', async (t) => {
  const upstream = await RecordingUpstream.start();
  const route = { prefix_rewrite: '/new' };
  const proxy = await TestProxy.start(t, { upstream: upstream.raw, route });
  await answerTo(proxy, '/%0d%0aa:%20b?c', 'x-envoy-original-path: theirs');
  assert.deepEqual(recordedValues(upstream.only, 'x-envoy-original-path'), ['/%0d%0aa:%20b?c']);
  assert.equal(upstream.only.target, '/new%0d%0aa:%20b?c');
});

test('variables of added headers hold addresses and nothing that a client makes up', async (t) => {
  const upstream = await RecordingUpstream.start();
  const headers = [{ key: 'x-ip', value: '%CLIENT_IP%' }];
  const proxy = await TestProxy.start(t, {
    upstream: upstream.raw,
    config: {
      routeConfig: { request_headers_to_add: headers, response_headers_to_add: headers },
    },
  });
  for (const claim of ['1.2.3.4\tb', '1.2.3.4 b: c', '1.2.3.4%0d%0ab:c', '%PROTOCOL%', '"']) {
    const response = await answerTo(proxy, '/', `x-forwarded-for: ${claim}`);
    assert.deepEqual(valuesOf(response, 'x-ip'), ['127.0.0.1']);
  }
  for (const request of upstream.requests) {
    assert.deepEqual(recordedValues(request, 'x-ip'), ['127.0.0.1']);
  }
  assert.equal(upstream.requests.length, 5);
});

describe('a line of the access log is one line', () => {
  test('whatever a client names itself', async (t) => {
    const proxy = await TestProxy.start(t);
    const agents = ['a"b', 'a\tb', '\x85', '\xe2\x80\xa8', '%REQ(x)%', '\\n\\r'];
    for (const agent of agents) {
      assert.equal((await answerTo(proxy, '/%0a', `user-agent: ${agent}`)).status, 200);
    }
    const lines = await proxy.logLines(agents.length);
    for (const line of lines) {
      assert.match(line, /^\[[^\]]+\] "GET \/%0a HTTP\/1\.1" 200 - 0 5 /);
    }
  });

  for (const byte of ['\n', '\r', '\0', '\u001b', '\x7f']) {
    test(`and has no ${JSON.stringify(byte)} in it`, async (t) => {
      const proxy = await TestProxy.start(t);
      const line = `user-agent: a${byte}[2026-01-01] "GET /forged HTTP/1.1" 200`;
      assert.equal((await answerTo(proxy, '/', line)).status, 400);
      assert.equal((await answerTo(proxy, '/', 'user-agent: b')).status, 200);
      for (const text of await proxy.logLines(1)) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
        assert.doesNotMatch(text, /forged|[\x00-\x1f\x7f]/);
      }
    });
  }
});

describe('a host cannot make two responses of one', () => {
  /** Returns all that the client gets for what a host answers. */
  async function passed(t: TestContext, answer: string): Promise<string> {
    const upstream = await RawUpstream.start((socket) => {
      socket.once('data', () => socket.end(answer, 'latin1'));
    });
    const proxy = await TestProxy.start(t, { upstream });
    return proxy.exchange('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  }

  const second = 'HTTP/1.1 200 OK\r\nx-second: 1\r\ncontent-length: 0\r\n\r\n';
  for (const [what, head] of [
    ['a bare CR in a value', 'x-a: b\rx-second: 1\r\ncontent-length: 0'],
    ['a bare LF in a value', 'x-a: b\nx-second: 1\r\ncontent-length: 0'],
    ['a NUL in a value', 'x-a: b\0x-second: 1\r\ncontent-length: 0'],
    ['a folded line', 'x-a: b\r\n x-second: 1\r\ncontent-length: 0'],
    ['a blank in front of a colon', 'x-second : 1\r\ncontent-length: 0'],
    ['two lengths', 'content-length: 0\r\ncontent-length: 5'],
    ['a length that is none', 'content-length: +0'],
    ['both a length and chunks', 'content-length: 3\r\ntransfer-encoding: chunked'],
    ['a coding behind chunks', 'transfer-encoding: chunked, gzip\r\ncontent-length: 0'],
  ]) {
    test(`by ${what}`, async (t) => {
      const text = await passed(t, `HTTP/1.1 200 OK\r\n${head}\r\n\r\n0\r\n\r\n${second}`);
      const response = parseRawResponse(text);
      assert.equal(response.status, 503);
      assert.equal(text.split('HTTP/1.1 ').length, 2);
      assert.doesNotMatch(text, /x-second/);
    });
  }

  test('by what stands behind a response', async (t) => {
    const text = await passed(t, `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok${second}`);
    assert.match(text, /\r\n\r\nok$/);
    assert.equal(text.split('HTTP/1.1 ').length, 2);
  });
});
