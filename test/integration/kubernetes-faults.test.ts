import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { Logger } from '../../lib/base/log.js';
import { ApiClient } from '../../lib/kubernetes/api-client.js';
import type { KubeConfigAccess } from '../../lib/kubernetes/kube-config.js';
import { slicesPath } from '../../lib/kubernetes/slice-list.js';
import { KubernetesFixture } from '../support/kubernetes-fixture.js';
import { until } from '../support/until.js';

const name = 'orders.default.svc.cluster.local';

test('an error whose explanation never ends is an error all the same', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  let open: ServerResponse | undefined;
  fixture.api.intercept = (_request, response) => {
    if (open !== undefined) {
      return false;
    }
    open = response;
    return true;
  };
  const orders = fixture.subscribe('orders');
  await until(() => open !== undefined, 'the server is asked');
  const [limitOfHead] = fixture.clock.delays;
  open?.writeHead(503);
  open?.write('{"message":');
  await until(() => {
    const [limit] = fixture.clock.delays;
    return limit !== undefined && limit !== limitOfHead;
  }, 'the body is waited for');
  fixture.clock.advance(15_000);
  await orders.untilFailures(1);
  assert.deepEqual(orders.failures, ['status 503']);
  await fixture.passPause();
  await orders.untilHosts();
});

test('credentials that do not come are a failure, and are not asked for twice at a time', async (t) => {
  let askedCount = 0;
  let give = (): void => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  const server = { url: '' };
  const fixture = await KubernetesFixture.start(t, {
    kubeConfig: {
      getCurrentContext: () => 'test',
      getCurrentCluster: () => ({ server: server.url }),
      applyToHTTPSOptions: async (options) => {
        askedCount++;
        await given;
        options.headers = { ...options.headers, authorization: 'Bearer first-token' };
      },
    },
  });
  server.url = fixture.api.url;
  const orders = fixture.subscribe('orders');
  await until(() => askedCount === 1, 'credentials are asked for');
  fixture.clock.advance(15_000);
  await orders.untilFailures(1);
  await fixture.passPause();
  await until(() => [...fixture.clock.delays].some(({ ms }) => ms === 15_000), 'it tries again');
  assert.deepEqual(orders.failures, ['no credentials within 15 s']);
  assert.equal(askedCount, 1);
  give();
  await orders.untilHosts();
});

test('a watch that waits for credentials can be left', async (t) => {
  let isAsked = false;
  const fixture = await KubernetesFixture.start(t, {
    kubeConfig: {
      getCurrentContext: () => 'test',
      getCurrentCluster: () => ({ server: 'http://127.0.0.1' }),
      applyToHTTPSOptions: () => {
        isAsked = true;
        return new Promise(() => {});
      },
    },
  });
  const orders = fixture.subscribe('orders');
  await until(() => isAsked, 'credentials are asked for');
  orders.subscription?.close();
  await until(() => fixture.clock.delays.size === 0, 'no timer is left');
  assert.deepEqual(orders.failures, []);
});

test('a server that cannot be reached is looked for anew in the kubeconfig', async (t) => {
  const { api, clock } = await KubernetesFixture.start(t);
  const { signal } = new AbortController();
  const { kubeConfig } = api;
  // Nothing listens on port 1.
  const moved = { ...kubeConfig, getCurrentCluster: () => ({ server: 'http://127.0.0.1:1' }) };
  const configs = [moved, kubeConfig];
  const loadKubeConfig = async (): Promise<KubeConfigAccess> => configs.shift() ?? assert.fail();
  const client = new ApiClient({ clock, loadKubeConfig });
  await assert.rejects(client.getJson(slicesPath(undefined), signal), /ECONNREFUSED/);
  await client.getJson(slicesPath(undefined), signal);
  assert.deepEqual(configs, []);
});

test('what is no event makes everything be listed anew, as it would come again', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  // Long enough for the watch to count as one that has worked.
  fixture.clock.advance(2000);
  api.put({ name: 'orders', pods: [{ address: '10.0.0.1' }] });
  await orders.untilHosts('10.0.0.1:80');
  api.write('<html>\n');
  await fixture.passPause();
  await fixture.untilWatching();
  assert.equal(api.countAsked(/limit=/), 2);
});

test('a list that never ends is given up', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  let pages = 0;
  fixture.api.intercept = (_request, response) => {
    pages++;
    response.end(JSON.stringify({ metadata: { resourceVersion: '1', continue: `p${pages}` } }));
    return true;
  };
  const orders = fixture.subscribe('orders');
  await until(() => orders.failures.length > 0, 'the list is given up');
  assert.deepEqual(orders.failures, ['the list has more than 1000 pages']);
});

test('a logger that throws ends nothing', async (t) => {
  const fail = (): never => {
    throw new Error('the disk is full');
  };
  const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail };
  const fixture = await KubernetesFixture.start(t, { logger });
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  fixture.api.fail(500, 'etcd is away');
  await orders.untilFailures(1);
  await fixture.passPause();
  await fixture.untilWatching();
  fixture.clock.advance(1000);
  assert.deepEqual(orders.lists, ['', '']);
});

test('who is left while all are told is told nothing more', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const heard: string[] = [];
  const first = fixture.source.subscribe(name, {
    onHosts: () => {
      heard.push('first');
      second.close();
    },
    onFailure: () => {},
  });
  const second = fixture.source.subscribe(name, {
    onHosts: () => heard.push('second'),
    onFailure: () => {},
  });
  await fixture.untilWatching();
  assert.deepEqual(heard, ['first']);
  first.close();
});

test('a server that ends every watch at once is failing until a watch has lasted', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.intercept = (request, response) => {
    const isWatch = request.url?.includes('watch=') === true;
    if (isWatch) {
      response.end();
    }
    return isWatch;
  };
  const orders = fixture.subscribe('orders');
  for (let i = 0; i < 8; i++) {
    await fixture.passPause();
  }
  await orders.untilFailures(6);
  assert.deepEqual(fixture.logged, [
    'warn: Kubernetes, namespace default: every watch is ended at once; the hosts that were known last stay',
  ]);
  assert.deepEqual(orders.lists, ['']);
  api.intercept = () => false;
  await fixture.passPause();
  await fixture.untilWatching();
  fixture.clock.advance(999);
  assert.equal(fixture.logged.length, 1);
  fixture.clock.advance(1);
  assert.match(fixture.logged.slice(1).join(), /^info: .* the API server answers again$/);
  assert.deepEqual(orders.lists, ['', '']);
});

test('a server with an error in every watch is failing, though it can be listed', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  api.intercept = (request, response) => {
    const isWatch = request.url?.includes('watch=') === true;
    if (isWatch) {
      const object = { kind: 'Status', code: 500, message: 'etcdserver: no leader' };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
    }
    return isWatch;
  };
  const orders = fixture.subscribe('orders');
  for (let i = 0; i < 4; i++) {
    await fixture.passPause();
  }
  assert.equal(fixture.logged.length, 1);
  assert.deepEqual(orders.lists, ['']);
  api.put({ name: 'orders', pods: [{ address: '10.0.0.1' }] });
  await fixture.passPause();
  await orders.untilHosts('10.0.0.1:80');
  assert.equal(fixture.logged.length, 1);
});

test('what the server says stays one line of the log, of bounded length', async (t) => {
  const fixture = await KubernetesFixture.start(t);
  const { api } = fixture;
  const orders = fixture.subscribe('orders');
  await fixture.untilWatching();
  api.fail(500, `away\r\n[2026-01-01] [info] all is well\u2028\u001b[2J${'x'.repeat(5000)}`);
  await orders.untilFailures(1);
  const [line = ''] = fixture.logged;
  assert.match(
    line,
    /^warn: .*: status 500: away \[2026-01-01\] \[info\] all is well \[2Jx+…; the hosts that were known last stay$/,
  );
  assert.ok(line.length < 1200, `${line.length} characters`);
});
