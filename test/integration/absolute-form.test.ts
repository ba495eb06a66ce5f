import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { staticCluster, virtualHost } from '../support/config-builder.js';
import { TestProxy } from '../support/proxy.js';
import { RecordingUpstream, recordedValues } from '../support/recording-upstream.js';
import { parseRawResponse, valuesOf } from '../support/responses.js';

const absoluteUrls = { http1_settings: { allow_absolute_url: true } };

interface Passage {
  readonly status: number;
  readonly isClosing: boolean;
  readonly proxy: TestProxy;
  readonly upstream: RecordingUpstream;
}

/** Sends one request without a body through a proxy that takes absolute targets. */
async function pass(t: TestContext, line: string, host = 'host: other.com'): Promise<Passage> {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw, manager: absoluteUrls });
  const client = await proxy.connect();
  client.write(`${line} HTTP/1.1\r\n${host}\r\n\r\n`);
  const response = parseRawResponse(await client.until('\r\n\r\n'));
  const isClosing = valuesOf(response, 'connection').includes('close');
  return { status: response.status, isClosing, proxy, upstream };
}

for (const [target, host, path] of [
  ['http://foo.com/a?b=c', 'foo.com', '/a?b=c'],
  ['http://foo.com', 'foo.com', '/'],
  ['http://foo.com?b=/c', 'foo.com', '/?b=/c'],
  ['HTTP://Foo.COM:8080/', 'Foo.COM:8080', '/'],
  ['https://foo.com:443/a//../b', 'foo.com:443', '/a//../b'],
  ['http://[::1]:80/', '[::1]:80', '/'],
  ['http://10.0.0.1/http://x/', '10.0.0.1', '/http://x/'],
] as const) {
  test(`takes host and path from the target ${target}`, async (t) => {
    const { status, upstream } = await pass(t, `GET ${target}`);
    assert.equal(status, 200);
    assert.equal(upstream.only.target, path);
    assert.deepEqual(recordedValues(upstream.only, 'host'), [host]);
  });
}

test('routes by the host of the target, and not by the header', async (t) => {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, {
    upstream: upstream.raw,
    manager: absoluteUrls,
    config: {
      clusters: [staticCluster('app', [upstream.raw.url])],
      virtualHosts: [virtualHost(['foo.com'], 'app')],
    },
  });
  const client = await proxy.connect();
  client.write('GET http://other.com/ HTTP/1.1\r\nhost: foo.com\r\n\r\n');
  assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 404 /);
  client.write('GET http://foo.com/ HTTP/1.1\r\nhost: other.com\r\n\r\n');
  await client.until('\r\n\r\nok');
  assert.equal(upstream.only.target, '/');
});

test('says nothing of the scheme of the target to the host', async (t) => {
  const { upstream } = await pass(t, 'GET https://foo.com/');
  assert.deepEqual(recordedValues(upstream.only, 'x-forwarded-proto'), ['http']);
});

for (const target of [
  'http:///a',
  'http://?a',
  'http://u:p@foo.com/',
  'http://@foo.com/',
  'http://foo.com/a#b',
  'http://foo.com#b',
  'http://foo.com:b/',
  'http://foo.com:80:90/',
  'http://[::1/',
  'http://[foo]/',
  'http://foo%zz/',
  'ftp://foo.com/',
  'x-http://foo.com/',
]) {
  test(`refuses the target ${target}, and closes`, async (t) => {
    const { status, isClosing, upstream } = await pass(t, `GET ${target}`);
    assert.equal(status, 400);
    assert.equal(isClosing, true);
    assert.deepEqual(upstream.requests, []);
  });
}

test('wants a header host all the same, and only one', async (t) => {
  assert.equal((await pass(t, 'GET http://foo.com/', 'x: y')).status, 400);
  assert.equal((await pass(t, 'GET http://foo.com/', 'host: a\r\nhost: a')).status, 400);
});

test('answers 404 to a target that is neither', async (t) => {
  const { status, isClosing, proxy } = await pass(t, 'OPTIONS *');
  assert.equal(status, 404);
  assert.equal(isClosing, false);
  assert.equal(await proxy.stat('downstream_rq_non_relative_path'), 1);
});

test('answers 404 to CONNECT, also with allow_connect, as Envoy does', async (t) => {
  for (const http1_settings of [
    { allow_absolute_url: true, allow_connect: true },
    { allow_connect: true },
  ]) {
    const proxy = await TestProxy.start(t, { manager: { http1_settings } });
    const text = await proxy.exchange('CONNECT foo.com:80 HTTP/1.1\r\nhost: foo.com:80\r\n\r\n');
    assert.equal(parseRawResponse(text).status, 404);
    assert.equal(await proxy.stat('downstream_rq_non_relative_path'), 1);
  }
});

test('answers 404 to a target in absolute form without the setting', async (t) => {
  for (const manager of [{}, { http1_settings: { allow_absolute_url: false } }]) {
    const proxy = await TestProxy.start(t, { manager });
    const client = await proxy.connect();
    client.write('GET http://foo.com/ HTTP/1.1\r\nhost: foo.com\r\n\r\n');
    assert.match(await client.until('\r\n\r\n'), /^HTTP\/1\.1 404 /);
    assert.equal(await proxy.stat('downstream_rq_non_relative_path'), 1);
  }
});
