import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '../../../lib/base/log.js';
import { systemRandom } from '../../../lib/base/random.js';
import { defaultRuntime } from '../../../lib/base/runtime.js';
import { defaultConnectionManager } from '../../../lib/config/connection-manager-config.js';
import type { ActiveStream } from '../../../lib/downstream/active-stream.js';
import { ConnectionManager } from '../../../lib/downstream/connection-manager.js';
import { RequestDetails } from '../../../lib/http/request-info.js';
import { ServerState } from '../../../lib/http/server-state.js';
import type { ResponseEncoder } from '../../../lib/http/stream.js';
import { AccessLogManager } from '../../../lib/telemetry/access-log/access-log-manager.js';
import { ConnectionManagerStats } from '../../../lib/telemetry/stats/connection-manager-stats.js';
import { ListenerHttpStats } from '../../../lib/telemetry/stats/listener-http-stats.js';
import { ManualClock } from '../../support/manual-clock.js';

const silentEncoder: ResponseEncoder = {
  encodeHead: () => {},
  encodeData: () => true,
  encodeEnd: () => {},
  reset: () => {},
  setRequestPaused: () => {},
  nativeExchange: undefined,
};

/** Begins a request on a connection manager with access logs: each a path and a format. */
async function begin(
  t: TestContext,
  ...logs: readonly (readonly [path: string, format?: string])[]
): Promise<ActiveStream> {
  const clock = new ManualClock();
  const folder = await mkdtemp(join(tmpdir(), 'pillion-test-'));
  const files = new AccessLogManager({ clock });
  t.after(async () => {
    await files.close();
    await rm(folder, { recursive: true });
  });
  const accessLogs = [];
  for (const [path, format] of logs) {
    const log = await files.createAccessLog(resolve(folder, path), format);
    assert.ok(!(log instanceof Error));
    accessLogs.push(log);
  }
  const manager = new ConnectionManager({
    config: defaultConnectionManager,
    routeTable: { match: () => undefined, claims: () => true },
    filterFactories: [],
    bufferLimitBytes: 0,
    accessLogs,
    stats: new ConnectionManagerStats(),
    listenerStats: new ListenerHttpStats(),
    serverState: new ServerState(clock),
    clock,
    random: systemRandom,
    runtime: defaultRuntime,
    log: silentLogger,
    serviceCluster: '',
    serviceNode: '',
  });
  const connection = manager.createConnection('127.0.0.1', false);
  return manager.newStream(silentEncoder, connection, 'HTTP/1.1');
}

test('details of a request are not gathered where no access log shows them', async (t) => {
  for (const logs of [
    [],
    [['log']],
    [['log', '%DURATION% %UPSTREAM_HOST% %DOWNSTREAM_REMOTE_ADDRESS%\n']],
    [['/dev/null', '%REQUEST_DURATION%\n']],
  ] as const) {
    assert.equal((await begin(t, ...logs)).details, undefined, JSON.stringify(logs));
  }
});

test('details of a request are gathered for the one access log that shows them', async (t) => {
  const stream = await begin(t, ['log'], ['other', '%UPSTREAM_LOCAL_ADDRESS%\n']);
  assert.deepEqual(stream.details, new RequestDetails());
});
