import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestProxy } from '../support/proxy.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { until } from '../support/until.js';

const browser = 'user-agent: Mozilla/5.0 (Linux; Android 14)\r\n';

/** Returns what has been counted for platforms, and is not 0. */
async function platforms(proxy: TestProxy): Promise<Record<string, number>> {
  const prefix = 'http.ingress_http.user_agent.';
  const counted = [...(await proxy.stats())].filter(
    ([name, value]) => name.startsWith(prefix) && value > 0,
  );
  return Object.fromEntries(counted.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** Sends requests with these header lines on one connection, one after another. */
async function send(proxy: TestProxy, ...lines: string[]): Promise<void> {
  const client = await proxy.connect();
  for (const [i, line] of lines.entries()) {
    client.write(`GET /${i} HTTP/1.1\r\nhost: a\r\n${line}\r\n`);
    await until(() => client.received.split('\r\n\r\nok').length === i + 2, 'the answer is there');
  }
}

test('counts the connections of a platform, and their requests', async (t) => {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  await send(proxy, 'user-agent: App/1 iOS/17\r\n', 'user-agent: App/1 iOS/17\r\n');
  await send(proxy, 'user-agent: App/1 android/14\r\n');
  await send(proxy, 'user-agent: App/2 iOS android\r\n');
  assert.deepEqual(await platforms(proxy), {
    'ios.downstream_cx_total': 2,
    'ios.downstream_rq_total': 3,
    'android.downstream_cx_total': 1,
    'android.downstream_rq_total': 1,
  });
});

test('counts nothing for a client that names none, or spells it otherwise', async (t) => {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  await send(proxy, '');
  await send(proxy, browser);
  await send(proxy, 'user-agent: ios\r\n');
  await send(proxy, 'x-user-agent: iOS\r\n');
  assert.deepEqual(await platforms(proxy), {});
});

test('goes by the first request of a connection', async (t) => {
  const upstream = await RecordingUpstream.start();
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  await send(proxy, 'user-agent: iOS\r\n', 'user-agent: android\r\n');
  await send(proxy, '', 'user-agent: android\r\n');
  assert.deepEqual(await platforms(proxy), {
    'ios.downstream_cx_total': 1,
    'ios.downstream_rq_total': 2,
  });
});

test('counts a request that is refused too', async (t) => {
  const proxy = await TestProxy.start(t);
  await proxy.exchange('GET / HTTP/1.0\r\nuser-agent: iOS\r\n\r\n');
  assert.deepEqual(await platforms(proxy), {
    'ios.downstream_cx_total': 1,
    'ios.downstream_rq_total': 1,
  });
});

test('counts a connection that the client closes with a request under way', async (t) => {
  const upstream = await RecordingUpstream.start();
  upstream.raw.handler = () => {};
  const proxy = await TestProxy.start(t, { upstream: upstream.raw });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\nuser-agent: android\r\n\r\n');
  await proxy.untilStat('downstream_rq_active', 1);
  client.socket.destroy();
  await proxy.untilStat('downstream_cx_destroy_remote_active_rq', 1);
  assert.deepEqual(await platforms(proxy), {
    'android.downstream_cx_total': 1,
    'android.downstream_rq_total': 1,
    'android.downstream_cx_destroy_remote_active_rq': 1,
  });
});
