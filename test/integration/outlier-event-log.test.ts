import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSidecar } from '../../lib/sidecar.js';
import { buildConfig, type Json, staticCluster, virtualHost } from '../support/config-builder.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { TestProxy } from '../support/proxy.js';

async function createFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A sidecar of a cluster `app` with one host, which answers nothing but errors. */
async function startProxy(t: TestContext, path: string, name = 'app'): Promise<TestProxy> {
  const upstream = await FakeUpstream.start((_request, response) => {
    response.statusCode = 500;
    response.end();
  });
  const settings: Json = { consecutive_5xx: 1, interval_ms: 1000, base_ejection_time_ms: 1000 };
  return TestProxy.start(t, {
    upstream,
    config: {
      clusters: [staticCluster(name, [upstream.url], { outlier_detection: settings })],
      virtualHosts: [virtualHost(['*'], name)],
      clusterManager: { outlier_detection: { event_log_path: path } },
    },
  });
}

/** Returns the events of the file when there are so many. */
async function events(proxy: TestProxy, path: string, count: number): Promise<Json[]> {
  let lines: string[] = [];
  for (let i = 0; i < 500 && lines.length < count; i++) {
    proxy.clock.advance(1);
    lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  }
  assert.equal(lines.length, count, lines.join('\n'));
  return lines.map((line) => JSON.parse(line));
}

test('event_log_path: ejections and returns are written to the file', async (t) => {
  const path = join(await createFolder(t), 'outliers.log');
  const proxy = await startProxy(t, path);
  await proxy.send();
  proxy.clock.advance(1000);
  const [ejection, unejection] = await events(proxy, path, 2);
  const upstream_url = ejection?.['upstream_url'];
  assert.match(String(upstream_url), /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(ejection, {
    time: '2016-04-15T20:17:00.310Z',
    secs_since_last_action: '-1',
    cluster: 'app',
    upstream_url,
    action: 'eject',
    type: '5xx',
    num_ejections: '1',
    enforced: 'true',
  });
  assert.deepEqual(unejection, {
    time: '2016-04-15T20:17:01.310Z',
    secs_since_last_action: '1',
    cluster: 'app',
    upstream_url,
    action: 'uneject',
    num_ejections: 1,
  });
});

test('what waits is written when the sidecar is closed, in UTF-8', async (t) => {
  const path = join(await createFolder(t), 'outliers.log');
  const proxy = await startProxy(t, path, 'größe "1"');
  await proxy.send();
  await proxy.close();
  const line = await readFile(path, 'utf8');
  assert.equal(JSON.parse(line).cluster, 'größe "1"');
});

test('reopenLogs goes on in a new file, for after the old one has been moved away', async (t) => {
  const folder = await createFolder(t);
  const path = join(folder, 'outliers.log');
  const proxy = await startProxy(t, path);
  await proxy.send();
  await events(proxy, path, 1);
  await rename(path, join(folder, 'old.log'));
  await proxy.sidecar.reopenLogs();
  proxy.clock.advance(1000);
  const [event] = await events(proxy, path, 1);
  assert.equal(event?.['action'], 'uneject');
});

test('a file that cannot be opened is an error at start', async (t) => {
  const path = join(await createFolder(t), 'missing', 'outliers.log');
  const config = buildConfig({
    clusters: [],
    hasListener: false,
    clusterManager: { outlier_detection: { event_log_path: path } },
  });
  await assert.rejects(createSidecar({ config }), {
    code: 'SIDECAR_ACCESS_LOG_FAILED',
    message: /^The event log .*outliers\.log cannot be opened: there is no folder .* Create it/,
  });
});

test('an empty outlier_detection of the cluster_manager writes nothing', async (t) => {
  const proxy = await TestProxy.start(t, {
    config: { clusterManager: { outlier_detection: {} }, clusters: [], virtualHosts: [] },
  });
  assert.equal((await proxy.send()).status, 404);
});
