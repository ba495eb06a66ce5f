import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { SidecarError } from '../../lib/base/errors.js';
import type { FilterCallbacks, HttpFilter } from '../../lib/http/filter.js';
import { removeHeader } from '../../lib/http/headers.js';
import { type Json, staticCluster } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { type ProxyParts, TestProxy } from '../support/proxy.js';
import { RecordingUpstream } from '../support/recording-upstream.js';
import { startTestSidecar } from '../support/test-sidecar.js';
import { until } from '../support/until.js';

// What filters of an application must not do, and what becomes of it: one request ends, and nothing
// else is spoiled. What they may do is in own-filters.test.ts.

const chain: Json = {
  filters: [{ name: 'mine' }, { name: 'other' }, { name: 'router', config: {} }],
};

type Create = (callbacks: FilterCallbacks) => unknown;

/** A proxy whose requests pass the filters `mine` and `other`, as JavaScript might have them. */
function start(
  t: TestContext,
  mine: Create,
  parts: ProxyParts = {},
  other: Create = () => ({}),
): Promise<TestProxy> {
  const httpFilters = { mine: () => mine, other: () => other };
  const options = { httpFilters } as unknown as NonNullable<ProxyParts['options']>;
  return TestProxy.start(t, { manager: chain, ...parts, options });
}

describe('a filter that goes on twice', () => {
  test('does not let a request past the next filter', async (t) => {
    const upstream = await FakeUpstream.start();
    let isAsked = false;
    const mine = (callbacks: FilterCallbacks): HttpFilter => ({
      decodeHead: () => {
        void setImmediate().then(() => {
          callbacks.continueDecoding();
          callbacks.continueDecoding();
        });
        return 'stop';
      },
    });
    const other = (): HttpFilter => ({
      decodeHead: () => {
        isAsked = true;
        return 'stop';
      },
    });
    const proxy = await start(t, mine, { upstream }, other);
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => isAsked, 'the other filter is asked');
    await setImmediate();
    assert.equal(upstream.requests.length, 0);
  });

  test('does not let a response past the next filter', async (t) => {
    let release: (() => void) | undefined;
    const mine = (callbacks: FilterCallbacks): HttpFilter => ({
      encodeHead: () => {
        void setImmediate().then(() => {
          callbacks.continueEncoding();
          callbacks.continueEncoding();
        });
        return 'stop';
      },
    });
    const other = (callbacks: FilterCallbacks): HttpFilter => ({
      encodeHead: () => {
        release = () => callbacks.continueEncoding();
        return 'stop';
      },
    });
    const proxy = await start(t, mine, {}, other);
    const client = await proxy.connect();
    client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until(() => release !== undefined, 'the other filter is asked');
    await setImmediate();
    assert.equal(client.received, '');
    release?.();
    await client.until('hello');
  });

  test('has no part in a request that another filter holds', async (t) => {
    const upstream = await FakeUpstream.start();
    let first: FilterCallbacks | undefined;
    const mine = (callbacks: FilterCallbacks): HttpFilter => {
      first = callbacks;
      return {};
    };
    const other = (callbacks: FilterCallbacks): HttpFilter => ({
      decodeHead: () => {
        void setImmediate().then(() => callbacks.sendLocalReply(403, ''));
        first?.continueDecoding();
        return 'stop';
      },
    });
    const proxy = await start(t, mine, { upstream }, other);
    assert.equal((await proxy.send()).status, 403);
    assert.equal((await proxy.stats()).get('cluster.app.upstream_cx_total'), 0);
  });
});

test('a filter that goes on after its own reply sends nothing to the host', async (t) => {
  const upstream = await FakeUpstream.start();
  let release: (() => void) | undefined;
  const mine = (callbacks: FilterCallbacks): HttpFilter => ({
    decodeHead: () => {
      callbacks.sendLocalReply(403, 'no');
      callbacks.continueDecoding();
      return 'continue';
    },
  });
  // As long as this one holds the reply back, the request is not over.
  const other = (callbacks: FilterCallbacks): HttpFilter => ({
    encodeHead: () => {
      release = () => callbacks.continueEncoding();
      return 'stop';
    },
  });
  const proxy = await start(t, mine, { upstream }, other);
  const response = proxy.send();
  await until(() => release !== undefined, 'the reply is held back');
  release?.();
  const { status, text } = await response;
  assert.deepEqual([status, text], [403, 'no']);
  assert.equal(upstream.requests.length, 0);
});

describe('a filter that returns', () => {
  const promised = 'decodeHead returned a promise; return .stop. and call continueDecoding later';
  const results: Record<string, [Record<string, () => unknown>, RegExp]> = {
    'a promise for a request head': [
      { decodeHead: () => Promise.resolve('continue') },
      new RegExp(promised),
    ],
    'a promise that is rejected': [
      { decodeHead: () => Promise.reject(new Error('no database')) },
      new RegExp(promised),
    ],
    'what is no status': [{ decodeHead: () => 'go on' }, /decodeHead returned go on/],
    'a symbol': [{ decodeHead: () => Symbol('stop') }, /decodeHead returned Symbol\(stop\)/],
    'a promise for a response head': [
      { encodeHead: () => Promise.resolve() },
      /encodeHead returned a promise; return .stop. and call continueEncoding later/,
    ],
    '"answer" to a response': [{ encodeHead: () => 'answer' }, /encodeHead returned answer/],
    'a text in the place of bytes': [{ decodeData: () => 'text' }, /decodeData returned string/],
    'a promise in the place of bytes': [
      { decodeData: () => Promise.reject(new Error('no database')) },
      /decodeData returned object/,
    ],
  };
  for (const [what, [filter, message]] of Object.entries(results)) {
    test(`${what} ends the request with 500, and the log says why`, async (t) => {
      const proxy = await start(t, () => filter);
      assert.equal((await proxy.send({ method: 'POST', body: 'x' })).status, 500);
      assert.match(proxy.errors.join(), message);
    });
  }

  test('a promise from its other methods does no harm', async (t) => {
    const reject = (): Promise<never> => Promise.reject(new Error('no database'));
    const proxy = await start(t, () => ({ onDestroy: reject, onResponsePaused: reject }));
    assert.equal((await proxy.send()).status, 200);
  });

  test('bytes of another kind has them sent', async (t) => {
    const upstream = await FakeUpstream.start((request, response) => request.pipe(response));
    const mine = (): unknown => ({ decodeData: () => new TextEncoder().encode('yes') });
    const proxy = await start(t, mine, { upstream });
    assert.equal((await proxy.send({ method: 'POST', body: 'abc' })).text, 'yes');
  });
});

describe('a filter that answers', () => {
  const head = (): { status: number; headers: string[] } => ({ status: 200, headers: [] });
  const answers: Record<string, [(callbacks: FilterCallbacks) => void, RegExp]> = {
    'without a head': [
      (callbacks) => callbacks.encodeData(Buffer.from('x'), true),
      /encodeData was called before encodeHead/,
    ],
    'by its end alone': [
      (callbacks) => callbacks.encodeEnd(undefined),
      /encodeEnd was called before encodeHead/,
    ],
    'with a status that is none': [
      (callbacks) => callbacks.encodeHead({ status: 42, headers: [] }, true, false),
      /a response that cannot be sent: status 42/,
    ],
    'by a reply with a status that is none': [
      (callbacks) => callbacks.sendLocalReply(0, ''),
      /sendLocalReply takes a status from 200 to 599/,
    ],
    'by a reply whose header has a line break': [
      (callbacks) => callbacks.sendLocalReply(401, 'x', ['x-a', 'b\r\nx-c: d']),
      /a response that cannot be sent: header x-a/,
    ],
  };
  for (const [what, [answer, message]] of Object.entries(answers)) {
    test(`${what} has status 500 in its place, and the log says why`, async (t) => {
      const mine = (callbacks: FilterCallbacks): HttpFilter => ({
        decodeHead: () => {
          answer(callbacks);
          return 'stop';
        },
      });
      const proxy = await start(t, mine);
      const { status, headers } = await proxy.send();
      assert.equal(status, 500);
      assert.equal(headers['x-c'], undefined);
      assert.match(proxy.errors.join(), message);
    });
  }

  test('twice has its connection closed behind the first', async (t) => {
    const mine = (callbacks: FilterCallbacks): HttpFilter => ({
      decodeHead: () => {
        callbacks.encodeHead(head(), false, false);
        callbacks.encodeHead(head(), true, false);
        return 'answer';
      },
    });
    const proxy = await start(t, mine);
    const received = await proxy.exchange('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(received.split('HTTP/1.1').length, 2);
    assert.match(proxy.errors.join(), /encodeHead was called for a request that is answered/);
  });

  test('a request that has gone on has it end with 500', async (t) => {
    const upstream = await FakeUpstream.start(() => {});
    let late: (() => void) | undefined;
    const mine = (callbacks: FilterCallbacks): HttpFilter => {
      late = () => callbacks.encodeHead(head(), true, false);
      return {};
    };
    const proxy = await start(t, mine, { upstream });
    const response = proxy.send();
    await until(() => upstream.requests.length > 0, 'the host has the request');
    late?.();
    assert.equal((await response).status, 500);
    assert.match(proxy.errors.join(), /encodeHead was called for a request that .* has gone on/);
  });

  test('later, with its own type of body, has that one alone', async (t) => {
    const mine = (callbacks: FilterCallbacks): HttpFilter => ({
      decodeHead: () => {
        void setImmediate().then(() =>
          callbacks.sendLocalReply(401, '{}', ['Content-Type', 'application/json']),
        );
        return 'stop';
      },
    });
    const proxy = await start(t, mine);
    const received = await proxy.exchange('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    assert.match(received, /content-type: application\/json\r\n/);
    assert.doesNotMatch(received, /text\/plain/);
  });
});

test('a head that a filter changes when it has gone on is looked at again', async (t) => {
  const upstream = await RecordingUpstream.start();
  const mine = (callbacks: FilterCallbacks): HttpFilter => ({
    decodeData: (chunk) => {
      callbacks.requestHead.headers.push('x-user', String(chunk));
      return undefined;
    },
  });
  const proxy = await start(t, mine, { upstream: upstream.raw });
  assert.equal((await proxy.send({ method: 'POST', body: 'a\r\nx-admin: 1' })).status, 500);
  assert.deepEqual(upstream.requests, []);
});

describe('a body that a filter has changed', () => {
  const bodies: Record<string, string> = {
    longer: 'abcGET /evil HTTP/1.1\r\nhost: a\r\n\r\n',
    shorter: 'a',
  };
  for (const [what, body] of Object.entries(bodies)) {
    test(`to a ${what} one than its length says never is a request to the host`, async (t) => {
      const upstream = await RecordingUpstream.start();
      const mine = (): HttpFilter => ({ decodeData: () => Buffer.from(body) });
      const proxy = await start(t, mine, { upstream: upstream.raw });
      const { status } = await proxy.send({ method: 'POST', body: 'abc' });
      assert.equal(status, 500);
      assert.deepEqual(upstream.requests, []);
      assert.match(proxy.errors.join(), /the body has (more|less) than the content-length says/);
    });

    test(`to a ${what} one is no second response to the client`, async (t) => {
      const upstream = await FakeUpstream.start((_request, response) => {
        response.writeHead(200, { 'content-length': 3 });
        response.end('abc');
      });
      const mine = (): HttpFilter => ({ encodeData: () => Buffer.from(body) });
      const proxy = await start(t, mine, { upstream });
      const received = await proxy.exchange('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      assert.doesNotMatch(received, /evil/);
      assert.ok(proxy.errors.length > 0);
    });
  }

  test('has a length in any letters', async (t) => {
    const upstream = await RecordingUpstream.start();
    const mine = (): HttpFilter => ({
      decodeHead: ({ headers }) => {
        removeHeader(headers, 'content-length');
        headers.push('Content-Length', '2');
        return 'continue';
      },
      decodeData: () => Buffer.from('xy'),
    });
    const proxy = await start(t, mine, { upstream: upstream.raw });
    assert.equal((await proxy.send({ method: 'POST', body: 'abc' })).status, 200);
    assert.deepEqual(upstream.errors, []);
    assert.equal(upstream.only.body, 'xy');
  });
});

describe('a client that leaves', () => {
  const post = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf';
  const states: Record<string, HttpFilter> = {
    'while a request is held': { decodeHead: () => 'stop' },
    'while a request is buffered': { decodeHead: () => 'buffer' },
    'while a request passes': { decodeData: (chunk) => chunk },
    'while a response is held': { encodeHead: () => 'stop' },
    'while a response is buffered': { encodeHead: () => 'buffer' },
    'while a response passes': { encodeData: (chunk) => chunk },
  };
  for (const [what, filter] of Object.entries(states)) {
    test(`${what} leaves nothing behind`, async (t) => {
      let isDestroyed = false;
      let isUnderWay = false;
      // Half a response, and then nothing.
      const upstream = await FakeUpstream.start((_request, response) => {
        response.writeHead(200, { 'content-length': 10 });
        response.write('half');
      });
      const mine = (callbacks: FilterCallbacks): HttpFilter => ({
        ...filter,
        onDestroy: () => {
          isDestroyed = true;
          callbacks.continueDecoding();
          callbacks.continueEncoding();
          callbacks.sendLocalReply(200, 'late');
        },
      });
      const other = (): HttpFilter => ({
        encodeHead: () => {
          isUnderWay = true;
          return 'continue';
        },
      });
      const proxy = await start(t, mine, { upstream }, other);
      const client = await proxy.connect();
      client.write(post);
      if (what.includes('response passes')) {
        await until(() => isUnderWay, 'there is a response');
      } else {
        await proxy.untilStat('downstream_rq_active', 1);
      }
      client.socket.destroy();
      await until(() => isDestroyed, 'the filter has ended');
      await proxy.untilStat('downstream_rq_active', 0);
      assert.equal((await proxy.stats()).get('cluster.app.upstream_rq_active') ?? 0, 0);
      assert.deepEqual(proxy.errors, []);
    });
  }
});

test('a filter that is promised is none, and has the request end with 500', async (t) => {
  const proxy = await start(t, () => Promise.reject(new Error('no database')));
  assert.equal((await proxy.send()).status, 500);
  assert.match(proxy.errors.join(), /mine made no filter for a request, but a promise/);
});

test('a buffer limit that is none is refused', async (t) => {
  for (const limit of [Number.NaN, -1, '5']) {
    const mine = (callbacks: FilterCallbacks): HttpFilter => ({
      decodeHead: () => {
        callbacks.requestBufferLimit = limit as number;
        return 'buffer';
      },
    });
    const proxy = await start(t, mine);
    assert.equal((await proxy.send()).status, 500);
    assert.match(proxy.errors.join(), /a buffer limit is a number of bytes/);
  }
});

test('a failure that a filter tells of later ends the request with 500', async (t) => {
  const mine = (callbacks: FilterCallbacks): HttpFilter => ({
    decodeHead: () => {
      void setImmediate().then(() => callbacks.fail(new Error('the database is away')));
      return 'stop';
    },
  });
  const proxy = await start(t, mine);
  assert.equal((await proxy.send()).status, 500);
  assert.match(proxy.errors.join(), /the database is away/);
});

test('a factory that is asynchronous has the sidecar refused, and ends no process', async () => {
  const parts = {
    clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])],
    manager: chain,
  };
  const mine = async (): Promise<never> => {
    throw new Error('no database');
  };
  // As JavaScript might have it.
  const options = { httpFilters: { mine, other: () => () => ({}) } } as unknown as Json;
  await assert.rejects(startTestSidecar(parts, options), (error: SidecarError) => {
    assert.equal(error.code, 'SIDECAR_FILTER_FAILED');
    assert.match(error.message, /httpFilters\.mine returned a promise/);
    return true;
  });
});
