import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSeed, routePath, textProblemsOf } from '../support/config-documents.js';

const edge = readSeed('edge-envoy').toString();

/** The problems of the edge seed after a newcomer's hand slipped. */
function problemsAfter(written: string, slip: string): string[] {
  assert.ok(edge.includes(written), written);
  return textProblemsOf(edge.replace(written, slip));
}

test('the seed is what it was, byte for byte', () => {
  // Formatters like to touch such files; a file that has been in use elsewhere must do as it is.
  assert.equal(edge.length, 1832);
  assert.equal(readSeed('flask-app-envoy').length, 1328);
});

test('a comma too many', () => {
  const url = '"url": "tcp://kubernetes-envoy-sds.kube-system:80"';
  assert.deepEqual(problemsAfter(url, `${url},`), [
    'this comma is the last thing before }; remove it (line 68, column 63)',
  ]);
});

test('a comma too few', () => {
  assert.deepEqual(problemsAfter('"ingress_http",', '"ingress_http"'), [
    'expected a comma or the closing }, found "route_config"; ' +
      'is a comma missing at line 16, column 42? (line 17, column 13)',
  ]);
});

test('a lost bracket', () => {
  assert.deepEqual(textProblemsOf(edge.slice(0, -3)), [
    'expected a comma or the closing }, found the end of the text; ' +
      'the { of line 50, column 22 is not closed (line 74, column 3)',
  ]);
});

test('a misspelt key', () => {
  assert.deepEqual(problemsAfter('"lb_type"', '"lb_tpye"'), [
    'cluster_manager.clusters[0].lb_tpye: unknown key; did you mean "lb_type"? (line 56, column 9)',
  ]);
});

test('a misspelt value', () => {
  assert.deepEqual(problemsAfter('"sds",', '"SDS",'), [
    'cluster_manager.clusters[0].type: expected "static", "strict_dns", "logical_dns", "sds" or ' +
      '"original_dst", found "SDS"; did you mean "sds"? (line 55, column 9)',
  ]);
});

test('a number in quotes, with a unit', () => {
  assert.deepEqual(problemsAfter('"timeout_ms": 0', '"timeout_ms": "15s"'), [
    `${routePath}.timeout_ms: expected an integer of at least 0, found "15s"; write 15000 ` +
      '(line 26, column 23)',
  ]);
});

test('an address without its scheme', () => {
  assert.deepEqual(problemsAfter('tcp://0.0.0.0:80"', '0.0.0.0:80"'), [
    'listeners[0].address: "0.0.0.0:80" is not an address: it must begin with "tcp://" or ' +
      '"unix://"; write "tcp://0.0.0.0:80" (line 4, column 7)',
  ]);
});

test('a cluster that does not exist', () => {
  const cluster = '"cluster": "flask-app-envoy-service';
  assert.deepEqual(problemsAfter(cluster, '"cluster": "flask-app-service'), [
    `${routePath}.cluster: no cluster has the name ` +
      '"flask-app-service.default.svc.cluster.local"; did you mean ' +
      '"flask-app-envoy-service.default.svc.cluster.local"? (line 28, column 23)',
  ]);
});

test('a key in the wrong object', () => {
  assert.deepEqual(problemsAfter('"name": "backend",', '"name": "backend", "priority": "high",'), [
    'listeners[0].filters[0].config.route_config.virtual_hosts[0].priority: unknown key; ' +
      'a virtual host does not take it, it belongs in a route or a virtual cluster (line 20, column 38)',
  ]);
});

test('a feature that is not there yet', () => {
  assert.deepEqual(problemsAfter('"listeners"', '"flags_path": "/etc/flags", "listeners"'), [
    'flags_path: known but not supported yet (flag files are not read); ' +
      "remove it, or set unsupported: 'warn' (--unsupported warn) and accept that no flag is set (line 2, column 3)",
  ]);
});

test('several slips at once are reported at once', () => {
  const text = edge
    .replace('"listeners"', '"listners"')
    .replace('"connect_timeout_ms": 250,', '')
    .replace('tcp://0.0.0.0:8001', 'tcp://0.0.0.0:80');
  assert.deepEqual(textProblemsOf(text), [
    'listners: unknown key; did you mean "listeners"? (line 2, column 3)',
    'admin.address: "tcp://0.0.0.0:80" is the address of a listener too; ' +
      'give the admin server one of its own (line 48, column 5)',
    'cluster_manager.clusters[0]: the key "connect_timeout_ms" is missing; add it, for example ' +
      '"connect_timeout_ms": 250 (line 52, column 7)',
  ]);
});

test('ten slips at once give ten messages, each with its place and what to write', () => {
  const slips: readonly (readonly [written: string, slip: string])[] = [
    ['"tcp://0.0.0.0:80"', '"0.0.0.0:80"'],
    ['"http_connection_manager"', '"http_conection_manager"'],
    ['"codec_type": "auto"', '"codec_type": "http"'],
    ['"domains": [\n                    "foo.com"\n                  ]', '"domains": "foo.com"'],
    ['"timeout_ms": 0', '"timeout_ms": "15s"'],
    ['"cluster": "flask-app-envoy-service', '"cluster": "flask-app-service'],
    ['"access_log_path": "/dev/stdout",', ''],
    ['"connect_timeout_ms": 250', '"connectTimeout": 250'],
    ['"lb_type": "round_robin"', '"lb_type": "round-robin"'],
    ['"refresh_delay_ms": 1000', '"refresh_delay_ms": 0'],
  ];
  const text = slips.reduce((before, [written, slip]) => {
    assert.ok(before.includes(written), written);
    return before.replace(written, slip);
  }, edge);
  const host = 'listeners[0].filters[0].config.route_config.virtual_hosts[0]';
  assert.deepEqual(textProblemsOf(text), [
    'listeners[0].address: "0.0.0.0:80" is not an address: it must begin with "tcp://" or ' +
      '"unix://"; write "tcp://0.0.0.0:80" (line 4, column 7)',
    'listeners[0].filters[0].name: v1 has no network filter "http_conection_manager"; ' +
      'did you mean "http_connection_manager"? (line 8, column 11)',
    'listeners[0].filters[0].config.codec_type: expected "auto", "http1" or "http2", found ' +
      '"http"; did you mean "http1"? (line 15, column 13)',
    `${host}.domains: expected an array, found "foo.com"; put [ ] around it (line 21, column 19)`,
    `${routePath}.timeout_ms: expected an integer of at least 0, found "15s"; write 15000 ` +
      '(line 24, column 23)',
    `${routePath}.cluster: no cluster has the name ` +
      '"flask-app-service.default.svc.cluster.local"; did you mean ' +
      '"flask-app-envoy-service.default.svc.cluster.local"? (line 26, column 23)',
    'admin: the key "access_log_path" is missing; add it, for example ' +
      '"access_log_path": "/dev/stdout" (line 44, column 3)',
    'cluster_manager.clusters[0].connectTimeout: unknown key; did you mean "connect_timeout_ms"? ' +
      '(line 52, column 9)',
    'cluster_manager.clusters[0].lb_type: expected "round_robin", "least_request", "random", ' +
      '"ring_hash" or "original_dst_lb", found "round-robin"; did you mean "round_robin"? ' +
      '(line 54, column 9)',
    'cluster_manager.sds.refresh_delay_ms: expected an integer greater than 0, found 0 ' +
      '(line 70, column 7)',
  ]);
});
