import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { trace } from '@opentelemetry/api';
import { silentLogger } from '../../lib/base/log.js';
import {
  type CheckedOptions,
  checkOptions,
  type SidecarOptions,
} from '../../lib/sidecar-options.js';
import { buildConfig, type Json, staticCluster } from '../support/config-builder.js';

const dnsCluster = {
  name: 'orders',
  connect_timeout_ms: 250,
  type: 'logical_dns',
  lb_type: 'round_robin',
  hosts: [{ url: 'tcp://orders.internal:80' }],
};
const config = buildConfig({
  clusters: [staticCluster('app', ['tcp://127.0.0.1:5000']), dnsCluster],
  listener: { name: 'ingress' },
});

/** Checks options as a caller without types may write them. */
function check(options: Json): Promise<CheckedOptions> {
  return checkOptions({ config, ...options } as unknown as SidecarOptions);
}

test('what is left out has its default', async () => {
  const checked = await check({});
  assert.equal(checked.serviceCluster, '');
  assert.equal(checked.serviceNode, '');
  assert.equal(checked.mounts.size, 0);
  assert.equal(checked.listenOn.size, 0);
  assert.equal(checked.connectTo.size, 0);
  assert.equal(checked.outboundListeners, undefined);
  assert.deepEqual(checked.requestContext, { headers: true, deadline: true });
  assert.equal(checked.log, silentLogger);
  assert.equal(checked.serviceZone, '');
  assert.equal(checked.tracerProvider, undefined);
  assert.equal(checked.config.listeners[0]?.name, 'ingress');
});

test('what is given is passed on', async () => {
  const warnings: string[] = [];
  const handler = (): void => {};
  const checked = await check({
    serviceCluster: 'edge',
    serviceNode: 'edge-1',
    serviceZone: 'eu-1a',
    mount: { app: handler, orders: createServer() },
    listenOn: { 'tcp://0.0.0.0:80': 'tcp://127.0.0.1:8080', 'tcp://0.0.0.0:8001': 'tcp://[::1]:0' },
    connectTo: { 'orders.internal:80': '127.0.0.1:9080', '127.0.0.1:5000': 'app.local:1' },
    outbound: { listeners: ['ingress'] },
    logger: {
      ...silentLogger,
      warn: (message: string) => {
        warnings.push(message);
        throw new Error('of the logger');
      },
    },
    tracerProvider: trace,
    accessLogFlushIntervalMs: 100,
  });
  assert.equal(checked.tracerProvider, trace);
  assert.equal(checked.serviceZone, 'eu-1a');
  assert.equal(checked.serviceCluster, 'edge');
  assert.equal(checked.serviceNode, 'edge-1');
  assert.equal(checked.mounts.get('app'), handler);
  assert.deepEqual(checked.listenOn.get('tcp://0.0.0.0:80'), {
    kind: 'tcp',
    host: '127.0.0.1',
    port: 8080,
  });
  assert.deepEqual(checked.connectTo.get('orders.internal:80'), {
    kind: 'tcp',
    host: '127.0.0.1',
    port: 9080,
  });
  assert.deepEqual(checked.outboundListeners, ['ingress']);
  checked.log.warn('what a logger throws is taken');
  assert.deepEqual(warnings, ['what a logger throws is taken']);
  assert.equal(checked.accessLogFlushIntervalMs, 100);
});

test('requestContext takes both, one or none', async () => {
  const policies: readonly (readonly [unknown, object])[] = [
    [true, { headers: true, deadline: true }],
    [{}, { headers: true, deadline: true }],
    [{ headers: false }, { headers: false, deadline: true }],
    [{ deadline: false }, { headers: true, deadline: false }],
    [false, { headers: false, deadline: false }],
  ];
  for (const [requestContext, policy] of policies) {
    assert.deepEqual((await check({ requestContext })).requestContext, policy);
  }
});

describe('a wrong option has a clear message', () => {
  const cases: readonly (readonly [options: Json, message: RegExp])[] = [
    [{ lissenOn: {} }, /^unknown option "lissenOn"; there are: config, serviceCluster, .*listenOn/],
    [{ requestContext: 'no' }, /^requestContext is "no", expected true, false, or an object/],
    [{ lissenOn: {} }, /; did you mean "listenOn"\?$/],
    [
      { requestContext: { header: true } },
      /^unknown option "requestContext.header"; there are: headers, deadline; did you mean "headers"\?$/,
    ],
    [{ requestContext: { deadline: 1 } }, /^requestContext.deadline is 1, expected true or false/],
    [{ config: undefined }, /^config is missing; give a path, a file: URL, or the configuration/],
    [{ config: null }, /^config is null, expected a path/],
    [{ config: 5 }, /^config is 5, expected a path/],
    [{ config: new URL('http://x/envoy.json') }, /^config is http:.*only file: URLs can be read$/],
    [{ unsupported: 'ignore' }, /^unsupported is "ignore", expected "error" or "warn"$/],
    [{ serviceCluster: 5 }, /^serviceCluster is 5, expected a string of printable ASCII$/],
    [{ serviceNode: 'a\r\nx-evil: 1' }, /^serviceNode is "a\\r\\nx-evil: 1", expected a string/],
    [{ serviceZone: null }, /^serviceZone is null, expected a string/],
    [{ logger: { warn() {} } }, /^logger has no method "debug"; it needs debug, info, warn/],
    [{ logger: null }, /^logger has no method "debug"/],
    [{ tracerProvider: {} }, /^tracerProvider has no method "getTracer"; it needs to be a Tracer/],
    [{ tracerProvider: null }, /^tracerProvider has no method "getTracer"/],
    [{ accessLogFlushIntervalMs: 0 }, /^accessLogFlushIntervalMs is 0, expected a number/],
    [{ accessLogFlushIntervalMs: '5' }, /^accessLogFlushIntervalMs is "5", expected a number/],
    [{ accessLogFlushIntervalMs: Number.NaN }, /^accessLogFlushIntervalMs is NaN/],
    [{ accessLogFlushIntervalMs: Number.POSITIVE_INFINITY }, /^accessLogFlushIntervalMs is Inf/],
    [{ mount: 'app' }, /^mount is "app", expected an object$/],
    [{ mount: { web() {} } }, /^mount names the cluster "web", but the clusters are: app, orders$/],
    [
      { mount: { app: {} } },
      /^mount\.app is neither a handler, nor an http\.Server, nor an object with/,
    ],
    [{ mount: { app: undefined } }, /^mount\.app is neither/],
    [{ mount: { app: Promise.resolve() } }, /^mount\.app is neither .*; await it first$/],
    [{ mount: { app: { server: new Server() } } }, /; mount its server, after ready\(\)$/],
    [{ mount: { app: { getHttpServer() {} } } }, /; mount its getHttpServer\(\), after init\(\)$/],
    [{ mount: { app: { callback() {} } } }, /; mount its callback\(\)$/],
    [{ listenOn: [] }, /^listenOn is an empty array, expected an object$/],
    [
      { listenOn: { 'tcp://0.0.0.0:81': 'tcp://127.0.0.1:0' } },
      /^listenOn names tcp:\/\/0\.0\.0\.0:81, but the configured addresses are: tcp:.*:80, tcp:.*:8001$/,
    ],
    [{ listenOn: { '0.0.0.0:80': 'tcp://127.0.0.1:0' } }, /^listenOn: "0\.0\.0\.0:80" is not an/],
    [
      { listenOn: { 'tcp://0.0.0.0:80': '8080' } },
      /^listenOn\["tcp:\/\/0\.0\.0\.0:80"\]: "8080" is not an address: it must begin with "tcp/,
    ],
    [
      { listenOn: { 'tcp://0.0.0.0:80': 8080 } },
      /^listenOn\["tcp:.*"\] is 8080, expected an address such as tcp:\/\/ip:port$/,
    ],
    [
      { listenOn: { 'tcp://0.0.0.0:80': 'unix:///run/x' } },
      /^listenOn\["tcp:.*"\] is unix:\/\/\/run\/x, expected tcp:\/\/ip:port$/,
    ],
    [{ connectTo: 5 }, /^connectTo is 5, expected an object$/],
    [{ connectTo: { orders: '127.0.0.1:1' } }, /^connectTo: "orders" is not a host and port/],
    [
      { connectTo: { 'orders.internal:80': '127.0.0.1' } },
      /^connectTo\["orders\.internal:80"\]: "127\.0\.0\.1" is not a host and port: the port is miss/,
    ],
    [
      { connectTo: { 'orders.internal:80': 9080 } },
      /^connectTo\["orders.*"\] is 9080, expected host/,
    ],
    [
      { connectTo: { 'orders.internal:80': '127.0.0.1:0' } },
      /^connectTo\["orders\.internal:80"\]: nothing can be reached on port 0$/,
    ],
    [
      { connectTo: { 'order.internal:80': '127.0.0.1:1' } },
      /^connectTo names order\.internal:80, but the configured hosts are: 127.*, orders\.internal:80$/,
    ],
    [{ connectTo: { '192.0.2.1:80': '127.0.0.1:1' } }, /^connectTo names 192\.0\.2\.1:80, but/],
    [{ outbound: ['ingress'] }, /^outbound is an array, expected an object$/],
    [
      { outbound: { listener: 'ingress' } },
      /^unknown option "outbound\.listener"; there is: liste/,
    ],
    [
      { outbound: { listeners: 'ingress' } },
      /^outbound\.listeners is "ingress", expected an array/,
    ],
    [
      { outbound: { listeners: ['egress'] } },
      /^outbound\.listeners names "egress", but the listeners are: ingress$/,
    ],
    [{ outbound: { listeners: [undefined] } }, /^outbound\.listeners names nothing, but the/],
  ];
  for (const [options, message] of cases) {
    test(message.source, async () => {
      await assert.rejects(check(options), { code: 'SIDECAR_OPTION_INVALID', message });
    });
  }
});

test('no options at all are wrong options', async () => {
  for (const options of [undefined, null, './envoy.json', []]) {
    await assert.rejects(checkOptions(options as unknown as SidecarOptions), {
      code: 'SIDECAR_OPTION_INVALID',
      message: /^createSidecar takes an object: createSidecar\(\{ config: /,
    });
  }
});

test('connectTo may name an address that a discovery service may answer with, but no such name', async () => {
  const sds = { cluster: { ...dnsCluster, name: 'discovery' }, refresh_delay_ms: 1000 };
  const discovering = buildConfig({ clusters: [staticCluster('app', ['tcp://127.0.0.1:1'])], sds });
  const checked = await check({
    config: discovering,
    connectTo: { '192.0.2.1:80': '127.0.0.1:1', 'orders.internal:80': '127.0.0.1:2' },
  });
  assert.equal(checked.connectTo.size, 2);
  await assert.rejects(
    check({ config: discovering, connectTo: { 'users.internal:80': '127.0.0.1:1' } }),
    { code: 'SIDECAR_OPTION_INVALID' },
  );
});

test('the configuration may be a path, a file: URL or an object', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pillion-options-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'envoy.json');
  writeFileSync(path, JSON.stringify(config));
  for (const source of [path, pathToFileURL(path), config]) {
    assert.equal((await check({ config: source })).config.listeners[0]?.name, 'ingress');
  }
});

test('a configuration that is wrong is refused with every problem', async () => {
  const wrong = { ...config, admin: { address: 'nowhere' }, typo: 1 };
  await assert.rejects(check({ config: wrong }), (error: Error & { problems?: unknown[] }) => {
    assert.equal((error as { code?: string }).code, 'SIDECAR_CONFIG_INVALID');
    assert.ok((error.problems?.length ?? 0) >= 3, error.message);
    return true;
  });
});

test('what is left out with unsupported: warn is logged', async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) };
  await check({ config: { ...config, flags_path: '/x' }, unsupported: 'warn', logger });
  assert.match(warnings.join('\n'), /^configuration: flags_path: /m);
});
