import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from '../../../lib/cli/flags.js';
import {
  foreignFlags,
  readServeOptions,
  type ServeOptions,
  serveFlags,
} from '../../../lib/cli/serve-flags.js';

function read(...args: readonly string[]): ServeOptions {
  return readServeOptions(parseFlags(args, serveFlags, foreignFlags));
}

test('has the defaults of Envoy', () => {
  assert.deepEqual(read('-c', 'envoy.json'), {
    configPath: 'envoy.json',
    mode: 'serve',
    unsupported: 'error',
    httpFiltersPath: undefined,
    registrations: undefined,
    listenOn: {},
    connectTo: {},
    serviceCluster: '',
    serviceNode: '',
    serviceZone: '',
    logLevel: 'info',
    drainTimeMs: 600_000,
    fileFlushIntervalMs: 10_000,
    concurrency: 1,
    isJson: false,
  });
});

test('reads every flag', () => {
  const options = read(
    '--config-path=envoy.json',
    '--mode=validate',
    '--unsupported=warn',
    '--http-filters=filters.js',
    '--registrations=kubernetes',
    '--concurrency=4',
    '--service-cluster=edge',
    '--service-node=edge-1',
    '--service-zone=eu-1a',
    '--log-level=trace',
    '--drain-time-s=5',
    '--file-flush-interval-msec=100',
    '--listen-on=tcp://0.0.0.0:80=tcp://127.0.0.1:8080',
    '--listen-on=tcp://0.0.0.0:8001=tcp://[::1]:0',
    '--connect-to=sds.kube-system:80:127.0.0.1:9080',
    '--connect-to=[::1]:80:[::2]:81',
  );
  assert.deepEqual(options, {
    configPath: 'envoy.json',
    mode: 'validate',
    unsupported: 'warn',
    httpFiltersPath: 'filters.js',
    registrations: 'kubernetes',
    listenOn: {
      'tcp://0.0.0.0:80': 'tcp://127.0.0.1:8080',
      'tcp://0.0.0.0:8001': 'tcp://[::1]:0',
    },
    connectTo: { 'sds.kube-system:80': '127.0.0.1:9080', '[::1]:80': '[::2]:81' },
    serviceCluster: 'edge',
    serviceNode: 'edge-1',
    serviceZone: 'eu-1a',
    logLevel: 'trace',
    drainTimeMs: 5000,
    fileFlushIntervalMs: 100,
    concurrency: 4,
    isJson: false,
  });
});

test('wants a configuration', () => {
  assert.throws(() => read(), { name: 'UsageError', message: /--config-path/ });
  assert.throws(() => read('-c', ''), { name: 'UsageError', message: /--config-path/ });
});

test('shows by example how addresses are written', () => {
  for (const [text, message] of [
    ['tcp://a:80', /as in tcp:\/\/0\.0\.0\.0:80=tcp:\/\/127\.0\.0\.1:8080/],
    ['tcp://a:80=tcp://b:80=tcp://c:80', /must be two addresses/],
    ['a:80=tcp://b:80', /"a:80" is not an address.*write "tcp:\/\/a:80"/],
    ['tcp://a:80=', /"" is not an address/],
    ['tcp://a:80=tcp://b', /the port is missing/],
  ] as const) {
    assert.throws(
      () => read('-c', 'x', `--listen-on=${text}`),
      { name: 'UsageError', message },
      text,
    );
  }
  for (const text of ['a:80', 'a:80:b', 'a:b:c:d', '::1:80:a:80', ':80:a:80', 'a:80:b:81:c']) {
    assert.throws(
      () => read('-c', 'x', `--connect-to=${text}`),
      { name: 'UsageError', message: /as in sds\.kube-system:80:127\.0\.0\.1:9080/ },
      text,
    );
  }
});

test('refuses two answers for one address', () => {
  assert.throws(
    () => read('-c', 'x', '--listen-on=tcp://a:1=tcp://b:1', '--listen-on=tcp://a:1=tcp://c:1'),
    { name: 'UsageError', message: '--listen-on is given twice for tcp://a:1' },
  );
});

test('refuses values that make no sense', () => {
  for (const flag of ['--mode=run', '--log-level=loud', '--concurrency=x', '--drain-time-s=-1']) {
    assert.throws(() => read('-c', 'x', flag), { name: 'UsageError' }, flag);
  }
});

test('knows no flag both as its own and as foreign', () => {
  for (const flag of serveFlags.flatMap((group) => group.flags)) {
    assert.equal(Object.hasOwn(foreignFlags, flag.name), false, flag.name);
  }
});
