import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { TestProxy } from '../support/proxy.js';
import { type RecordedRequest, RecordingUpstream } from '../support/recording-upstream.js';
import { parseRawResponse, valuesOf } from '../support/responses.js';

interface Passage {
  readonly status: number;
  readonly isClosing: boolean;
  readonly requests: readonly RecordedRequest[];
}

/** Sends one request with these lines through a proxy. */
async function pass(t: TestContext, path: string, ...lines: string[]): Promise<Passage> {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  const client = await proxy.connect();
  client.write(`GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  const response = parseRawResponse(await client.until('\r\n\r\n'));
  const isClosing = valuesOf(response, 'connection').includes('close');
  assert.deepEqual(upstream.errors, []);
  return { status: response.status, isClosing, requests: upstream.requests };
}

describe('a host', () => {
  for (const host of [
    'foo.com',
    'FOO.Com',
    'foo.com.',
    'foo_bar.com',
    'foo:8080',
    'foo:',
    '[::1]',
    '[::1]:80',
    '[2001:DB8::7]:80',
    '[::ffff:10.0.0.1]',
    '10.0.0.1:80',
    'a',
    '-',
    'xn--bcher-kva.example',
    'a%2db',
    "a!$&'()*+,;=~b",
  ]) {
    test(`passes as it is: ${host}`, async (t) => {
      const { status, requests } = await pass(t, '/', `host: ${host}`);
      assert.equal(status, 200);
      assert.deepEqual(requests[0]?.headers[0], ['host', host]);
    });
  }

  for (const lines of [
    ['x: y'],
    ['host:'],
    ['host: \t '],
    ['host: a b'],
    ['host: a\tb'],
    ['host: a\u0001b'],
    ['host: a\0b'],
    ['host: a\rb'],
    ['host: a\nb'],
    ['host: a\x7fb'],
    ['host: b\xfccher.example'],
    ['host: user@foo.com'],
    ['host: user:password@foo.com'],
    ['host: foo.com/bar'],
    ['host: foo.com?bar'],
    ['host: foo.com#bar'],
    ['host: foo.com\\bar'],
    ['host: foo%'],
    ['host: foo%2'],
    ['host: foo%zz'],
    ['host: foo:80:90'],
    ['host: foo:8o'],
    ['host: :80'],
    ['host: [::1'],
    ['host: ::1'],
    ['host: [::1]foo'],
    ['host: [foo]'],
    ['host: []'],
    ['host: [:]'],
    ['host: [1.2.3.4]'],
    ['host: [::1::2]'],
    ['host: [::1%eth0]'],
    ['host: <foo>'],
    ['host: "foo"'],
    ['host: a', 'host: b'],
    ['host: a', 'Host: a'],
    ['host: a', 'host:'],
    ['host: a', ' b'],
  ]) {
    test(`is refused: ${JSON.stringify(lines)}`, async (t) => {
      const { status, isClosing, requests } = await pass(t, '/', ...lines);
      assert.equal(status, 400);
      assert.equal(isClosing, true);
      assert.deepEqual(requests, []);
    });
  }
});

describe('a path', () => {
  for (const path of [
    '//',
    '//foo.com/x',
    '/a/../b',
    '/a/./b',
    '/..',
    '/%2e%2e/x',
    '/%2E%2e%2fx',
    '/a;b=c/d',
    '/a\\..\\b',
    '/%00',
    '/%0d%0a',
    '/%zz',
    '/?',
    '/?a=b?c',
    '/a?b=/../c',
    '/a?b=http://c',
    '/"<>^`{|}',
    "/:@!$&'()*+,=~",
  ]) {
    test(`passes byte for byte: ${path}`, async (t) => {
      const { status, requests } = await pass(t, path, 'host: a');
      assert.equal(status, 200);
      assert.equal(requests[0]?.target, path);
    });
  }

  for (const path of [
    '/a\0b',
    '/a\rb',
    '/a\nb',
    '/a b',
    '/a\tb',
    '/a\x0bb',
    '/a\x7fb',
    '/a\u0001b',
    '/b\xfccher',
    '/\xc3\xbc',
    '/a#b',
    '/#',
    '/?a#b',
    '\\a',
    '?a',
    'a',
  ]) {
    test(`is refused: ${JSON.stringify(path)}`, async (t) => {
      const { status, isClosing, requests } = await pass(t, path, 'host: a');
      assert.equal(status, 400);
      assert.equal(isClosing, true);
      assert.deepEqual(requests, []);
    });
  }
});
