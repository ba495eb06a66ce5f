import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import type {
  MountedApplication,
  NodeApplication,
} from '../../lib/upstream/mounted-application.js';
import { assertCountedOnce, clusterCounts } from '../support/cluster-counts.js';
import { staticCluster } from '../support/config-builder.js';
import { echo } from '../support/outbound-fixture.js';
import { TestProxy } from '../support/proxy.js';
import { until } from '../support/until.js';

const url = 'http://app/';

/** A sidecar whose cluster `app` is an application of this process. */
async function mount(t: TestContext, application: MountedApplication): Promise<TestProxy> {
  return await TestProxy.start(t, {
    config: { clusters: [staticCluster('app', ['tcp://192.0.2.1:80'])], hasListener: false },
    options: { mount: { app: application } },
  });
}

async function text(sidecar: Sidecar, path = ''): Promise<string> {
  const response = await sidecar.request(url + path);
  return `${response.statusCode} ${await response.body.text()}`;
}

test('an outbound call reaches the mounted application, without a socket', async (t) => {
  const seen: IncomingMessage[] = [];
  const proxy = await mount(t, (request, response) => {
    seen.push(request);
    response.setHeader('x-app', 'yes');
    response.end(`hello ${request.url}`);
  });
  assert.equal(await text(proxy.sidecar, 'x?y'), '200 hello /x?y');
  assert.equal(await text(proxy.sidecar), '200 hello /');
  const [request] = seen;
  assert.equal(request?.headers.host, 'app');
  assert.equal(request?.headers['x-envoy-internal'], 'true');
  assert.equal(request?.socket.remoteAddress, '127.0.0.1');
  const counts = await clusterCounts(proxy, 'app', 'upstream_cx_total', 'membership_total');
  assert.deepEqual(counts, { upstream_cx_total: 1, membership_total: 1 });
  await assertCountedOnce(proxy, 'app', 2);
});

test('an http.Server may be mounted, listening or not', async (t) => {
  const server = createServer((_request, response) => response.end('of the server'));
  const proxy = await mount(t, server);
  assert.equal(await text(proxy.sidecar), '200 of the server');
});

test('bodies go both ways, large ones too', async (t) => {
  const { sidecar } = await mount(t, echo as MountedApplication);
  const small = await sidecar.request(url, { method: 'POST', body: 'hello' });
  assert.deepEqual(await small.body.json(), { method: 'POST', body: 'hello', length: '5' });
  const large = 'x'.repeat(3_000_000);
  const response = await sidecar.request(url, { method: 'POST', body: large });
  const answer = (await response.body.json()) as { body: string };
  assert.equal(answer.body, large);
});

test('a reader that is slow slows the application down', async (t) => {
  let written = 0;
  const { sidecar } = await mount(t, (_request, response) => {
    const write = (): void => {
      written++;
      response.write(Buffer.alloc(64 * 1024), () => {
        if (written < 1000) {
          write();
        } else {
          response.end();
        }
      });
    };
    write();
  });
  const response = await sidecar.request(url);
  let last = -1;
  await until(() => {
    const isSteady = last === written;
    last = written;
    return isSteady;
  }, 'the application is stuck');
  assert.ok(written < 50, `${written} pieces have been written`);
  assert.equal((await response.body.bytes()).length, 1000 * 64 * 1024);
});

test('a call that is aborted closes the application’s request', async (t) => {
  let isClosed = false;
  let pending: ServerResponse | undefined;
  const { sidecar } = await mount(t, (_request, response) => {
    pending = response;
    response.on('close', () => {
      isClosed = true;
    });
  });
  const controller = new AbortController();
  const call = sidecar.request(url, { signal: controller.signal });
  await until(() => pending !== undefined, 'the application is called');
  controller.abort();
  await assert.rejects(call, { name: 'AbortError' });
  await until(() => isClosed, 'the application hears of it');
  pending?.end('too late');
});

test('request and socket take the settings that applications make', async (t) => {
  const { sidecar } = await mount(t, (request, response) => {
    request.setTimeout(1000);
    response.setTimeout(1000);
    request.socket.setNoDelay(true);
    request.socket.setKeepAlive(true);
    request.socket.unref();
    request.socket.ref();
    response.end('set');
  });
  assert.equal(await text(sidecar), '200 set');
});

test('a head of more than 16 KiB arrives', async (t) => {
  const { sidecar } = await mount(t, (request, response) => {
    response.end(String(request.headers['x-large']?.length));
  });
  const response = await sidecar.request(url, { headers: { 'x-large': 'x'.repeat(50_000) } });
  assert.equal(await response.body.text(), '50000');
});

describe('an application that fails', () => {
  const failures: readonly (readonly [string, NodeApplication])[] = [
    [
      'by throwing',
      () => {
        throw new Error('at once');
      },
    ],
    [
      'by a promise',
      async () => {
        await Promise.resolve();
        throw new Error('later');
      },
    ],
    [
      'by a promise of its own make',
      // biome-ignore lint/suspicious/noThenProperty: that is what such a promise looks like
      () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('own')) }),
    ],
    [
      'in the listener of its server',
      createServer(() => {
        throw new Error('in a listener');
      }),
    ],
    ['for want of a listener', createServer()],
  ];
  for (const [what, application] of failures) {
    test(`${what} gives 503, is logged, and is not called again`, async (t) => {
      let calls = 0;
      const counting: MountedApplication = (request, response) => {
        calls++;
        if (calls === 1) {
          // So that the next request comes on a reused connection.
          response.end();
          return undefined;
        }
        return typeof application === 'function'
          ? application(request, response)
          : application.emit('request', request, response) || Promise.reject(new Error('nobody'));
      };
      const proxy = await mount(t, counting);
      await text(proxy.sidecar);
      const failed = await text(proxy.sidecar);
      assert.equal(failed, '503 upstream connect error or disconnect/reset before headers');
      assert.equal(calls, 2);
      assert.equal(proxy.errors.length, 1);
      assert.match(proxy.errors[0] ?? '', /^the mounted application failed: /);
      await assertCountedOnce(proxy, 'app', 2);
      const direct = await mount(t, application);
      assert.match(await text(direct.sidecar), /^503 /);
    });
  }

  test('behind its head breaks the response off', async (t) => {
    const proxy = await mount(t, (_request, response) => {
      response.write('hello');
      throw new Error('in the middle');
    });
    const response = await proxy.sidecar.request(url);
    if (response.statusCode === 200) {
      await assert.rejects(response.body.text(), { code: 'SIDECAR_BODY_ABORTED' });
    } else {
      assert.equal(response.statusCode, 503);
    }
    assert.equal(proxy.errors.length, 1);
  });

  test('behind its response is only logged', async (t) => {
    const proxy = await mount(t, async (_request, response) => {
      response.end('done');
      await new Promise(setImmediate);
      throw new Error('after all');
    });
    assert.equal(await text(proxy.sidecar), '200 done');
    await until(() => proxy.errors.length === 1, 'it is logged');
    assert.equal(await text(proxy.sidecar), '200 done');
    await assertCountedOnce(proxy, 'app', 2);
  });
});
