import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '../../../../lib/base/log.js';
import { TimerWheel } from '../../../../lib/base/timer-wheel.js';
import type { ListenerConfig } from '../../../../lib/config/listener-config.js';
import { parseConfig } from '../../../../lib/config/parse-config.js';
import {
  type ListenerTlsContext,
  ListenerTlsManager,
  loadTlsMaterials,
} from '../../../../lib/downstream/tls/listener-tls-manager.js';
import { TlsStats } from '../../../../lib/telemetry/stats/tls-stats.js';
import { buildConfig, type Json, staticCluster } from '../../../support/config-builder.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { sslContext } from '../../../support/tls-client.js';

function createContext(): ListenerTlsContext {
  const clock = new ManualClock();
  return { clock, wheel: new TimerWheel(clock), log: silentLogger };
}

function parseListenerConfig(listener: Json): ListenerConfig {
  const clusters = [staticCluster('app', ['tcp://127.0.0.1:1'])];
  const document = buildConfig({ clusters, listener });
  const [config] = parseConfig(document, { source: 'test', unsupported: 'error' }).config.listeners;
  assert.ok(config !== undefined);
  return config;
}

test('has TLS for the listeners that are to have it, and for no other', async () => {
  const secure = parseListenerConfig({ ssl_context: sslContext() });
  const plain = parseListenerConfig({});
  const materials = await loadTlsMaterials([secure, plain], Date.UTC(2016, 3, 15));
  const manager = new ListenerTlsManager(createContext());
  assert.ok(manager.create(secure, materials, new TlsStats()) !== undefined);
  assert.equal(manager.create(plain, materials, new TlsStats()), undefined);
});

test('throws for a listener that it has not loaded, which would take plain text', async () => {
  const secure = parseListenerConfig({ ssl_context: sslContext() });
  const materials = await loadTlsMaterials([], Date.UTC(2016, 3, 15));
  const manager = new ListenerTlsManager(createContext());
  assert.throws(() => manager.create(secure, materials, new TlsStats()), /have not been read/);
});
