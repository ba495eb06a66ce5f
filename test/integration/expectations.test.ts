import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { RecordingUpstream, recordedValues } from '../support/recording-upstream.js';
import { until } from '../support/until.js';

const continueHead = 'HTTP/1.1 100 Continue\r\n\r\n';

async function start(t: TestContext): Promise<[TestProxy, RecordingUpstream]> {
  const upstream = await RecordingUpstream.start();
  return [await TestProxy.start(t, { upstream: upstream.raw }), upstream];
}

/** Returns the statuses of all that a client has read, informational ones too. */
function statusesOf(received: string): string[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status ?? '');
}

for (const value of ['100-continue', '100-Continue', 'foo, 100-continue']) {
  test(`answers 100 once to "expect: ${value}", and hands on nothing of it`, async (t) => {
    const [proxy, upstream] = await start(t);
    const client = await proxy.connect();
    client.write(`POST / HTTP/1.1\r\nhost: a\r\nexpect: ${value}\r\ncontent-length: 2\r\n\r\n`);
    assert.equal(await client.until('\r\n\r\n'), continueHead);
    client.write('hi');
    assert.deepEqual(statusesOf(await client.until('\r\n\r\nok')), ['100', '200']);
    assert.deepEqual(recordedValues(upstream.only, 'expect'), []);
    assert.equal(upstream.only.body, 'hi');
    assert.equal(await proxy.stat('downstream_rq_1xx'), 1);
    assert.equal(await proxy.stat('downstream_rq_2xx'), 1);
    const ofListener = 'listener.0.0.0.0_80.http.ingress_http.downstream_rq_1xx';
    assert.equal((await proxy.stats()).get(ofListener), 1);
    assert.equal(await proxy.stat('downstream_rq_total'), 1);
  });
}

for (const value of ['a-miracle', '200-ok', 'x100-continue', '100-continued']) {
  test(`leaves "expect: ${value}" to the host`, async (t) => {
    const [proxy, upstream] = await start(t);
    const client = await proxy.connect();
    client.write(`POST / HTTP/1.1\r\nhost: a\r\nexpect: ${value}\r\ncontent-length: 2\r\n\r\nhi`);
    assert.deepEqual(statusesOf(await client.until('\r\n\r\nok')), ['200']);
    assert.deepEqual(recordedValues(upstream.only, 'expect'), [value]);
    assert.equal(await proxy.stat('downstream_rq_1xx'), 0);
  });
}

test('hands on what else is expected', async (t) => {
  const [proxy, upstream] = await start(t);
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\nexpect: a-miracle\r\nexpect: 100-continue\r\n\r\n');
  assert.deepEqual(statusesOf(await client.until('\r\n\r\nok')), ['100', '200']);
  assert.deepEqual(recordedValues(upstream.only, 'expect'), ['a-miracle']);
});

test('answers 100 in turn behind a response that is under way', async (t) => {
  const sockets: { end(): void }[] = [];
  const upstream = await RawUpstream.start((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.startsWith('GET ') && text.endsWith('\r\n\r\n')) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no');
        sockets.push({ end: () => socket.write('k') });
        text = '';
      } else if (text.endsWith('hi')) {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone');
      }
    });
    socket.on('end', () => socket.end());
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  const expecting =
    'POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n';
  client.write(`GET / HTTP/1.1\r\nhost: a\r\n\r\n${expecting}`);
  await client.until('\r\n\r\no');
  await proxy.untilStat('downstream_rq_1xx', 1);
  assert.deepEqual(statusesOf(client.received), ['200']);
  sockets[0]?.end();
  assert.match(await client.until(continueHead), /\r\n\r\nokHTTP\/1\.1 100 /);
  client.write('hi');
  assert.deepEqual(statusesOf(await client.until('done')), ['200', '100', '200']);
});

test('answers 100 before an answer of its own, as in Envoy, and closes behind that', async (t) => {
  const proxy = await TestProxy.start(t, { config: { virtualHosts: [] } });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n');
  const received = await client.until('\r\n\r\nHTTP/1.1 404 Not Found\r\n');
  assert.deepEqual(statusesOf(received), ['100', '404']);
  assert.match(await client.untilClosed(), /\r\nconnection: close\r\n/);
});

test('answers no 100 to HTTP/1.0', async (t) => {
  const [proxy] = await start(t);
  const text = await proxy.exchange(
    'POST / HTTP/1.0\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n',
  );
  assert.deepEqual(statusesOf(text), ['426']);
});

test('swallows a 100 that the host sends as well', async (t) => {
  const upstream = await RawUpstream.start((socket) => {
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1').endsWith('hi')) {
        socket.write(`${continueHead}HTTP/1.1 102 Processing\r\n\r\n`);
        socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nset-cookie: a=b\r\n\r\n');
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      }
    });
    socket.on('end', () => socket.end());
  });
  const proxy = await TestProxy.start(t, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n');
  await client.until(continueHead);
  client.write('hi');
  const received = await client.until('\r\n\r\nok');
  assert.deepEqual(statusesOf(received), ['100', '200']);
  assert.doesNotMatch(received, /link|set-cookie/);
  await until(() => client.received.endsWith('ok'), 'nothing more comes');
});
