import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../../lib/base/errors.js';
import { parseConfig, parseConfigText } from '../../lib/config/parse-config.js';
import {
  clustersDocument,
  minimalDocument,
  problemsOf,
  readSeed,
  staticCluster,
  textProblemsOf,
} from '../support/config-documents.js';

test('an empty object lacks the three required keys', () => {
  assert.deepEqual(problemsOf({}), [
    'the key "listeners" is missing; add it, for example "listeners": []',
    'the key "admin" is missing; add it, for example ' +
      '"admin": { "access_log_path": "/dev/null", "address": "tcp://127.0.0.1:8001" }',
    'the key "cluster_manager" is missing; add it, for example ' +
      '"cluster_manager": { "clusters": [ ... ] }',
  ]);
});

test('a document that is no object is refused whatever it is', () => {
  const expected = 'expected an object with the keys of a v1 configuration, found';
  assert.deepEqual(problemsOf([minimalDocument()]), [
    `${expected} an array; remove the [ ] around it`,
  ]);
  assert.deepEqual(problemsOf([]), [`${expected} an empty array`]);
  assert.deepEqual(problemsOf('./envoy.json'), [`${expected} "./envoy.json"`]);
  assert.deepEqual(problemsOf(null), [`${expected} null; write { }`]);
  assert.deepEqual(problemsOf(undefined), [`${expected} nothing`]);
  assert.deepEqual(
    problemsOf(() => {}),
    [`${expected} a function`],
  );
  assert.deepEqual(problemsOf(new Map()), [`${expected} an instance of a class`]);
});

test('a configuration of Envoy v2 or v3 is named as such, without a list of all that differs', () => {
  assert.deepEqual(problemsOf({ admin: {}, static_resources: { listeners: [] } }), [
    'static_resources: this key belongs to a configuration of Envoy v2 or v3; expected one in ' +
      'the v1 schema, with "listeners", "admin" and "cluster_manager" at its top',
  ]);
});

test('a misspelt key is named with the key that was meant, and what it holds is checked too', () => {
  const { listeners: _, ...rest } = minimalDocument();
  assert.deepEqual(problemsOf({ listners: [{ addres: 'tcp://127.0.0.1' }], ...rest }), [
    'listners: unknown key; did you mean "listeners"?',
    'listners[0]: the key "filters" is missing; add it, for example ' +
      '"filters": [{ "name": "http_connection_manager", "config": { ... } }]',
    'listners[0].addres: unknown key; did you mean "address"?',
    'listners[0].addres: "tcp://127.0.0.1" is not an address: the port is missing; ' +
      'write "127.0.0.1:80" with the port you mean',
  ]);
});

test('a key of another object is told where it belongs, and any other what the object takes', () => {
  assert.deepEqual(problemsOf(minimalDocument({ lb_type: 1, $version: 2 })), [
    'lb_type: unknown key; a v1 configuration does not take it, it belongs in a cluster',
    '$version: unknown key; a v1 configuration takes $schema, listeners, lds, admin, cluster_manager, ' +
      'flags_path, statsd_udp_ip_address, statsd_tcp_cluster_name, stats_flush_interval_ms, ' +
      'watchdog_miss_timeout_ms, watchdog_megamiss_timeout_ms, watchdog_kill_timeout_ms, ' +
      'watchdog_multikill_timeout_ms, tracing, rate_limit_service, runtime',
  ]);
});

test('the spelling of Envoy before 1.3 is answered with the new spelling, once', () => {
  const document = minimalDocument({
    listeners: [{ port: 8080, filters: [{ name: 'http_connection_manager', config: {} }] }],
    admin: { access_log_path: '/dev/null', port: '8001' },
    statsd_local_udp_port: 8125,
  });
  assert.deepEqual(
    problemsOf(document).filter((problem) => !problem.includes('.config')),
    [
      'listeners[0].port: this is the spelling of Envoy before 1.3; ' +
        'write "address": "tcp://0.0.0.0:8080"',
      'admin.port: this is the spelling of Envoy before 1.3; ' +
        'write "address": "tcp://0.0.0.0:8001"',
      'statsd_local_udp_port: this is the spelling of Envoy before 1.3; today it is ' +
        '"statsd_udp_ip_address": "127.0.0.1:8125", which is known but not supported yet, ' +
        'so remove the key',
    ],
  );
});

test('the admin server needs an IP address and a log', () => {
  const admin = (parts: object): unknown => ({ ...minimalDocument(), admin: parts });
  assert.deepEqual(problemsOf(admin({ access_log_path: '', address: 'unix:///run/admin.sock' })), [
    'admin.access_log_path: the path is empty; write the path of a file, such as "/dev/stdout"',
    'admin.address: expected an address such as "tcp://127.0.0.1:8001", found a Unix socket',
  ]);
  assert.deepEqual(problemsOf(admin({ address: 8001, profile_path: false })), [
    'admin: the key "access_log_path" is missing; add it, for example ' +
      '"access_log_path": "/dev/stdout"',
    'admin.address: expected a string, found 8001; write it in quotes: "8001"',
    'admin.profile_path: expected a string, found false; write it in quotes: "false"',
  ]);
});

test('all problems are reported at once, in document order', () => {
  const { clusters, ...manager } = { clusters: [staticCluster({ type: 'statik' }), 5] };
  const document = {
    cluster_manager: { ...manager, refresh: 1, clusters },
    admin: [],
    listeners: {},
  };
  assert.deepEqual(problemsOf(document), [
    'cluster_manager.refresh: unknown key; the cluster_manager takes clusters, sds, ' +
      'local_cluster_name, outlier_detection, cds',
    'cluster_manager.clusters[0].type: expected "static", "strict_dns", "logical_dns", "sds" or ' +
      '"original_dst", found "statik"; did you mean "static"?',
    'cluster_manager.clusters[1]: expected an object with the keys of a cluster, found 5',
    'admin: expected an object with the keys of the admin server, found an empty array',
    'listeners: expected an array, found an object; put [ ] around it',
  ]);
});

test('the error carries code, source and every problem', () => {
  assert.throws(
    () => parseConfig({ listeners: 1, admin: 2 }, { source: './envoy.json', unsupported: 'warn' }),
    (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.code, 'SIDECAR_CONFIG_INVALID');
      assert.equal(error.problems.length, 3);
      assert.match(error.message, /^\.\/envoy\.json was refused, 3 problems:\n/);
      return true;
    },
  );
});

test('problems of a text tell line and column', () => {
  const text = readSeed('edge-envoy').toString().replace('"lb_type"', '"lb_typ"');
  assert.deepEqual(textProblemsOf(text), [
    'cluster_manager.clusters[0].lb_typ: unknown key; did you mean "lb_type"? (line 56, column 9)',
  ]);
});

test('warnings of a text tell line and column', () => {
  const text = readSeed('edge-envoy')
    .toString()
    .replace('"type": "sds",', '$&"hosts": [{ "url": "tcp://a:80" }],');
  const { warnings } = parseConfigText(text, { source: 'test', unsupported: 'error' });
  assert.deepEqual(warnings, [
    {
      path: 'cluster_manager.clusters[0].hosts',
      message: 'not read, as the hosts of a cluster of type "sds" are discovered',
      line: 55,
      column: 23,
    },
  ]);
});

test('a text that is no JSON has that one problem', () => {
  assert.deepEqual(textProblemsOf('{\n  "listeners": [],\n}'), [
    'this comma is the last thing before }; remove it (line 2, column 18)',
  ]);
});

test('keys that stand twice, and __proto__, are reported with the other problems', () => {
  const text = '{\n "listeners": 1,\n "__proto__": {"admin": 1},\n "listeners": []\n}';
  assert.deepEqual(textProblemsOf(text), [
    'the key "admin" is missing; add it, for example "admin": { "access_log_path": "/dev/null", ' +
      '"address": "tcp://127.0.0.1:8001" } (line 1, column 1)',
    'the key "cluster_manager" is missing; add it, for example "cluster_manager": { "clusters": ' +
      '[ ... ] } (line 1, column 1)',
    '__proto__: this key is refused, as JavaScript gives it a meaning of its own ' +
      '(line 3, column 2)',
    'listeners: this key stands twice in its object, here and at line 4, column 2; ' +
      'remove one of them (line 2, column 2)',
    'listeners: expected an array, found 1; put [ ] around it (line 2, column 2)',
  ]);
  assert.equal(Object.hasOwn(Object.prototype, 'admin'), false);
});

test('__proto__ as an own key of an object is an unknown key', () => {
  const document: unknown = JSON.parse(
    `{"__proto__": {}, ${JSON.stringify(minimalDocument()).slice(1)}`,
  );
  assert.match(problemsOf(document).join(), /^__proto__: unknown key;/);
});

test('a document that is wrong throughout gives a bounded list', () => {
  const problems = problemsOf(clustersDocument(Array.from({ length: 5000 }, () => 1)));
  assert.equal(problems.length, 1001);
  assert.equal(problems.at(-1), 'there are more problems; mend these first');
  const keys = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`key_${index}`, 1]));
  const unknown = problemsOf(minimalDocument(keys));
  assert.equal(unknown.length, 21);
  assert.equal(unknown[0], '10 more unknown keys are not listed');
});

test('text in messages is cut and cannot play tricks on a terminal', () => {
  const problems = problemsOf(minimalDocument({ admin: `\u001b[2J\u202e${'x'.repeat(100)}` }));
  assert.deepEqual(problems, [
    'admin: expected an object with the keys of the admin server, found ' +
      `"\\u001b[2J\\u202e${'x'.repeat(55)}…"`,
  ]);
  const [long = ''] = problemsOf(minimalDocument({ ['\n'.repeat(100)]: 1 }));
  assert.ok(long.startsWith(`["${'\\n'.repeat(60)}…"]: unknown key;`));
});
