import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { HttpFilterFactory } from '../../lib/http/own-filter.js';
import { createSidecar } from '../../lib/sidecar.js';
import type { SidecarOptions } from '../../lib/sidecar-options.js';
import { buildConfig, type Json, staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeUpstream, unusedPort } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';
import { ScriptedRandom } from '../support/scripted-random.js';

const refreshDelayMs = 10_000;
const scope = 'rds.ingress.';

/** A proxy whose routes come from a service, and the service. */
class RdsFixture {
  readonly proxy: TestProxy;
  readonly service: FakeUpstream;
  readonly app: FakeUpstream;

  private constructor(proxy: TestProxy, service: FakeUpstream, app: FakeUpstream) {
    this.proxy = proxy;
    this.service = service;
    this.app = app;
  }

  /** `answer` is the first one: a table, or what the service does. */
  static async start(
    t: TestContext,
    answer: Json | ((response: ServerResponse) => void),
    options: Pick<Partial<SidecarOptions>, 'unsupported' | 'httpFilters'> = {},
    filters: readonly Json[] = [],
  ): Promise<RdsFixture> {
    const app = await FakeUpstream.start((request, response) => response.end(request.url));
    const service = await FakeUpstream.start();
    t.after(() => Promise.all([service.close(), app.close()]));
    setAnswer(service, answer);
    const rds = {
      cluster: 'rds',
      route_config_name: 'ingress',
      refresh_delay_ms: refreshDelayMs,
    };
    const proxy = await TestProxy.start(t, {
      manager: {
        route_config: undefined,
        rds,
        filters: [...filters, { name: 'router', config: {} }],
      },
      config: {
        clusters: [staticCluster('app', [app.url]), staticCluster('rds', [service.url])],
      },
      options: { serviceCluster: 'edge', serviceNode: 'edge-1', ...options },
      environment: { random: new ScriptedRandom(0) },
    });
    return new RdsFixture(proxy, service, app);
  }

  stat(name: string): Promise<number | undefined> {
    return this.proxy.stat(scope + name);
  }

  /** Has the service asked again, and waits until its answer has been taken. */
  async update(answer: Json | ((response: ServerResponse) => void)): Promise<void> {
    setAnswer(this.service, answer);
    const attempts = ((await this.stat('update_attempt')) ?? 0) + 1;
    this.proxy.clock.advance(refreshDelayMs);
    for (let i = 0; i < 2000; i++) {
      const taken =
        ((await this.stat('update_success')) ?? 0) + ((await this.stat('update_failure')) ?? 0);
      if (taken === attempts) {
        return;
      }
    }
    assert.fail('the answer was not taken');
  }

  async statusOf(host: string): Promise<number> {
    return (await this.proxy.send({ headers: { host } })).status;
  }
}

function setAnswer(
  service: FakeUpstream,
  answer: Json | ((response: ServerResponse) => void),
): void {
  service.handler = (_request, response) => {
    if (typeof answer === 'function') {
      answer(response);
    } else {
      response.end(JSON.stringify(answer));
    }
  };
}

function table(...hosts: string[]): Json {
  return { virtual_hosts: hosts.map((host) => virtualHost([host], 'app')) };
}

test('rds: the service is asked for the table by its name, and who asks', async (t) => {
  const { service, proxy } = await RdsFixture.start(t, table('foo.com'));
  const [question] = service.requests;
  assert.equal(question?.method, 'GET');
  assert.equal(question?.url, '/v1/routes/ingress/edge/edge-1');
  assert.equal(question?.headers.host, 'rds');
  assert.equal((await proxy.send()).status, 200);
});

test('refresh_delay_ms: a new table takes the place of the old one', async (t) => {
  const fixture = await RdsFixture.start(t, table('foo.com'));
  assert.equal(await fixture.statusOf('foo.com'), 200);
  assert.equal(await fixture.statusOf('bar.com'), 404);
  await fixture.update(table('bar.com'));
  assert.equal(await fixture.statusOf('foo.com'), 404);
  assert.equal(await fixture.statusOf('bar.com'), 200);
  assert.equal(await fixture.stat('config_reload'), 2);
});

test('the same answer again reloads nothing', async (t) => {
  const fixture = await RdsFixture.start(t, table('foo.com'));
  const version = await fixture.stat('version');
  assert.ok(version !== undefined && version > 0);
  await fixture.update(table('foo.com'));
  assert.equal(await fixture.stat('config_reload'), 1);
  assert.equal(await fixture.stat('update_success'), 2);
  assert.equal(await fixture.stat('version'), version);
});

test('a request keeps the table that it began with', async (t) => {
  const fixture = await RdsFixture.start(t, {
    ...table('foo.com'),
    response_headers_to_add: [{ key: 'x-table', value: 'old' }],
  });
  let answer = (): void => assert.fail('the host was not asked');
  fixture.app.handler = (_request, response) => {
    answer = () => response.end();
  };
  const response = fixture.proxy.send();
  await fixture.proxy.untilStat('downstream_rq_active', 1);
  while (fixture.app.requests.length === 0) {
    await fixture.stat('version');
  }
  await fixture.update({
    ...table('bar.com'),
    response_headers_to_add: [{ key: 'x-table', value: 'new' }],
  });
  answer();
  assert.equal((await response).headers['x-table'], 'old');
  assert.equal((await fixture.proxy.send()).headers['x-table'], 'new');
});

test('a request keeps it when its route is chosen anew', async (t) => {
  let release: (() => void) | undefined;
  const mine: HttpFilterFactory = () => (callbacks) => ({
    decodeHead: (head) => {
      release = () => {
        head.path = '/v2';
        callbacks.refreshRoute();
        callbacks.continueDecoding();
      };
      return 'stop';
    },
  });
  const options = { httpFilters: { mine } };
  const fixture = await RdsFixture.start(t, table('foo.com'), options, [{ name: 'mine' }]);
  const response = fixture.proxy.send({ headers: { host: 'foo.com' } });
  await fixture.proxy.untilStat('downstream_rq_active', 1);
  await fixture.update(table('bar.com'));
  release?.();
  const { status, text } = await response;
  assert.deepEqual([status, text], [200, '/v2']);
});

test('internal_only_headers of the new table are in force', async (t) => {
  const fixture = await RdsFixture.start(t, table('*'));
  const seen = async (): Promise<unknown> => {
    await fixture.proxy.send({ headers: { 'x-secret': '1', 'x-forwarded-for': '8.8.8.8' } });
    return fixture.app.requests.at(-1)?.headers['x-secret'];
  };
  assert.equal(await seen(), '1');
  await fixture.update({ ...table('*'), internal_only_headers: ['x-secret'] });
  assert.equal(await seen(), undefined);
});

for (const [what, answer] of Object.entries<Json | ((response: ServerResponse) => void)>({
  'another status': (response) => void response.writeHead(500).end('{"virtual_hosts":[]}'),
  'no JSON': (response) => void response.end('<html>'),
  'no table': { routes: [] },
  'a broken table': { virtual_hosts: [virtualHost(['a', 'a'], 'app')] },
  'a table with what is not supported': {
    virtual_hosts: [{ ...virtualHost(['a'], 'app'), nonsense: true }],
  },
  'a broken connection': (response) => void response.destroy(),
})) {
  test(`an answer with ${what} changes nothing, and is counted`, async (t) => {
    const fixture = await RdsFixture.start(t, table('foo.com'));
    await fixture.update(answer);
    assert.equal(await fixture.stat('update_failure'), 1);
    assert.equal(await fixture.statusOf('foo.com'), 200);
    await fixture.update(table('bar.com'));
    assert.equal(await fixture.statusOf('bar.com'), 200);
  });

  test(`a first answer with ${what} does not hold up the start; there are no routes`, async (t) => {
    const fixture = await RdsFixture.start(t, answer);
    assert.equal(await fixture.statusOf('foo.com'), 404);
    await fixture.update(table('foo.com'));
    assert.equal(await fixture.statusOf('foo.com'), 200);
  });
}

test('validate_clusters: unknown clusters are a problem only if the table says so', async (t) => {
  const unknown = { virtual_hosts: [virtualHost(['*'], 'nobody')] };
  const fixture = await RdsFixture.start(t, unknown);
  assert.equal(await fixture.stat('update_success'), 1);
  assert.equal(await fixture.statusOf('foo.com'), 404);
  await fixture.update({ ...unknown, validate_clusters: true });
  assert.equal(await fixture.stat('update_failure'), 1);
});

test('outbound calls take the routes that are discovered', async (t) => {
  const fixture = await RdsFixture.start(t, table('foo.com'));
  const response = await fixture.proxy.sidecar.request('http://foo.com/path');
  assert.equal(await response.body.text(), '/path');
  await fixture.update(table('bar.com'));
  const next = await fixture.proxy.sidecar.request('http://bar.com/next');
  assert.equal(await next.body.text(), '/next');
});

test('explain knows the table that is in force', async (t) => {
  const fixture = await RdsFixture.start(t, table('foo.com'));
  const { sidecar } = fixture.proxy;
  assert.equal(sidecar.explain({ url: 'http://foo.com/' }).virtualHost?.name, 'foo.com');
  await fixture.update(table('bar.com'));
  assert.equal(sidecar.explain({ url: 'http://foo.com/' }).virtualHost, undefined);
});

test('api_type: what is not of v1 is refused', async () => {
  const rds = { cluster: 'app', route_config_name: 'r', api_type: 'GRPC' };
  const config = buildConfig({
    clusters: [staticCluster('app', [`tcp://127.0.0.1:${await unusedPort()}`])],
    manager: { route_config: undefined, rds },
  });
  await assert.rejects(createSidecar({ config }), /rds\.api_type: known but not supported yet/);
});
