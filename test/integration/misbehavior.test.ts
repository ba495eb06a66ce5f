import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Sidecar } from '../../lib/sidecar.js';
import { assertCountedOnce } from '../support/cluster-counts.js';
import { RawUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { SeededRandom } from '../support/seeded-random.js';
import { until } from '../support/until.js';

const answers: readonly [string, ...string[]] = [
  'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx-a: b\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
  'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello',
  'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello, and more',
  `HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n${'x'.repeat(300_000)}`,
  'HTTP/1.1 200 OK\r\n\r\nuntil the end',
  'garbage\r\n\r\n',
];

/** A host that does whatever comes into its mind, but never nothing. */
function misbehave(socket: Socket, random: SeededRandom): void {
  socket.on('end', () => socket.end());
  socket.on('data', () => {
    const text = random.pick(answers);
    const isCut = random.integer(10) === 0;
    const sent = isCut ? text.slice(0, random.integer(Math.min(text.length, 80))) : text;
    const step = 1 + random.integer(sent.length + 1);
    const endsWith = isCut || text.includes('until') ? random.integer(3) : 3 + random.integer(20);
    void (async () => {
      for (let at = 0; at < sent.length && !socket.destroyed; at += step) {
        socket.write(sent.slice(at, at + step), 'latin1');
        if (random.integer(2) === 0) {
          await setImmediate();
        }
      }
      if (endsWith === 0) {
        socket.resetAndDestroy();
      } else if (endsWith < 3) {
        socket.end();
      }
    })();
  });
}

/** Sends a request by `node:http`, and may leave before it is answered. */
function sendInbound(port: number, agent: Agent, random: SeededRandom): Promise<void> {
  return new Promise((resolve) => {
    const method = random.pick(['GET', 'POST', 'PUT', 'HEAD', 'DELETE']);
    const outgoing = request({ port, method, agent, headers: { host: 'foo.com' } });
    outgoing.on('response', (response) => {
      response.on('error', () => {});
      response.on('close', resolve);
      response.resume();
    });
    outgoing.on('error', () => resolve());
    if (method.startsWith('P')) {
      outgoing.write('x'.repeat(random.integer(100_000)));
    }
    outgoing.end();
    if (random.integer(8) === 0) {
      void wait(random).then(() => outgoing.destroy());
    }
  });
}

/** Calls from the application, and may abort, dump, or leave the body. */
async function callOutbound(sidecar: Sidecar, random: SeededRandom): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  if (random.integer(8) === 0) {
    void wait(random).then(() => controller.abort());
  }
  const bodies = [null, 'hello', writeBody(random)] as const;
  const body = random.pick([bodies[0], bodies[1], bodies[2]]);
  const method = body === null ? 'GET' : random.pick(['POST', 'PUT']);
  try {
    const response = await sidecar.request('http://foo.com/', { method, body, signal });
    if (random.integer(8) === 0) {
      response.body.dump();
    } else {
      for await (const _ of response.body) {
        if (random.integer(8) === 0) {
          break;
        }
      }
    }
  } catch (error) {
    const { name, message } = error as Error;
    assert.match(`${name} ${message}`, /^AbortError|broke off|out of ink/);
  }
}

async function* writeBody(random: SeededRandom): AsyncGenerator<string> {
  for (let i = 0; i < 4; i++) {
    yield 'x'.repeat(random.integer(50_000));
    if (random.integer(20) === 0) {
      throw new Error('out of ink');
    }
    await setImmediate();
  }
}

async function wait(random: SeededRandom): Promise<void> {
  for (let left = random.integer(20); left > 0; left--) {
    await setImmediate();
  }
}

for (const seed of [1, 2, 3]) {
  test(`hosts, clients and callers who all misbehave leave nothing behind: ${seed}`, async (t) => {
    const random = new SeededRandom(seed);
    const upstream = await RawUpstream.start((socket) => misbehave(socket, random));
    const proxy = await TestProxy.start(t, {
      upstream,
      cluster: {
        connect_timeout_ms: 60_000,
        max_requests_per_connection: 7,
        circuit_breakers: { default: { max_connections: 6, max_pending_requests: 12 } },
      },
    });
    const agent = new Agent({ keepAlive: true });
    let left = 1000;
    const worker = async (index: number): Promise<void> => {
      while (left-- > 0) {
        await (index % 2 === 0
          ? sendInbound(proxy.port, agent, random)
          : callOutbound(proxy.sidecar, random));
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, index) => worker(index)));
    agent.destroy();
    await proxy.untilStat('downstream_rq_active', 0);
    const stats = await proxy.stats();
    const charged = [...stats].filter(([name]) => /^cluster\.app\.upstream_rq_\d{3}$/.test(name));
    const sum = charged.reduce((total, [, value]) => total + value, 0);
    assert.ok(sum > 700, `only ${sum} of the requests were answered`);
    await assertCountedOnce(proxy, 'app', sum);
    assert.deepEqual(proxy.errors, []);
    await proxy.close();
    await until(() => upstream.sockets.size === 0, 'all connections are closed');
  });
}
