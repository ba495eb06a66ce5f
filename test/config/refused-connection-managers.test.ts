import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  httpListener,
  type JsonObject,
  managerDocument,
  minimalDocument,
  problemsOf,
  warningsOf,
} from '../support/config-documents.js';

const manager = 'listeners[0].filters[0].config';
const unsupported = 'known but not supported yet';

test('a connection manager needs codec_type, stat_prefix, a route table and filters', () => {
  assert.deepEqual(problemsOf(minimalDocument({ listeners: [httpListener({})] })), [
    `${manager}: the key "codec_type" is missing; add it, for example "codec_type": "auto"`,
    `${manager}: the key "stat_prefix" is missing; add it, for example ` +
      '"stat_prefix": "ingress_http"',
    `${manager}: the key "filters" is missing; add it, for example ` +
      '"filters": [{ "name": "router", "config": {} }]',
    `${manager}: the key "route_config" is missing; add it, for example ` +
      '"route_config": { "virtual_hosts": [ ... ] }',
  ]);
});

test('the keys of a connection manager have their types', () => {
  const parts = {
    codec_type: 'http/1.1',
    stat_prefix: null,
    add_user_agent: 1,
    server_name: 'pillion\r\nset-cookie: a=b',
    access_log: [{ path: '' }, { file: '/dev/stdout' }, '/dev/stdout'],
    use_remote_address: 'yes',
    forward_client_cert: 'sanitise',
    generate_request_id: 'false',
  };
  assert.deepEqual(problemsOf(managerDocument(parts)), [
    `${manager}.codec_type: expected "auto", "http1" or "http2", found "http/1.1"; ` +
      'did you mean "http1"?',
    `${manager}.stat_prefix: expected a string, found null; give it a value`,
    `${manager}.add_user_agent: expected true or false, found 1`,
    `${manager}.server_name: "pillion\\r\\nset-cookie: a=b" cannot be the value of a ` +
      'header; remove the control characters',
    `${manager}.access_log[0].path: the path is empty; write the path of a file, such as ` +
      '"/dev/stdout"',
    `${manager}.access_log[1]: the key "path" is missing; add it, for example ` +
      '"path": "/dev/stdout"',
    `${manager}.access_log[1].file: unknown key; an access log takes path, format, filter`,
    `${manager}.access_log[2]: expected an object with the keys of an access log, ` +
      'found "/dev/stdout"',
    `${manager}.use_remote_address: expected true or false, found "yes"`,
    `${manager}.forward_client_cert: expected "forward_only", "append_forward", "sanitize", ` +
      '"sanitize_set" or "always_forward_only", found "sanitise"; did you mean "sanitize"?',
    `${manager}.generate_request_id: expected true or false, found "false"; write it without quotes`,
  ]);
});

test('a chain without the router, or with filters behind it, earns a warning', () => {
  const router = { name: 'router', config: {} };
  const cors = { name: 'cors', config: {} };
  const filterWarnings = (...filters: JsonObject[]): string[] =>
    warningsOf(managerDocument({ filters })).filter((warning) => !warning.includes(unsupported));
  assert.deepEqual(filterWarnings(cors, router), []);
  assert.deepEqual(filterWarnings(cors), [
    `${manager}.filters[0].name: the last filter should be "router", which sends the requests on, ` +
      'found "cors"; add { "name": "router", "config": {} } after it, or requests that no filter ' +
      'answers get status 404',
  ]);
  assert.deepEqual(filterWarnings(router, cors), [
    `${manager}.filters[0].name: "router" should be the last filter, as those after it see no ` +
      'request',
  ]);
  assert.deepEqual(problemsOf(managerDocument({ filters: [] })), [
    `${manager}.filters: expected at least one entry, found 0`,
  ]);
});

test('an HTTP filter has a known name, and a router its config', () => {
  const filterProblems = (...filters: JsonObject[]): string[] =>
    problemsOf(managerDocument({ filters }));
  assert.deepEqual(filterProblems({ name: 'envoy.router', config: { dynamic_stat: true } }), [
    `${manager}.filters[0].name: v1 has no HTTP filter "envoy.router"; did you mean "router"?`,
    `${manager}.filters[0].config.dynamic_stat: unknown key; did you mean "dynamic_stats"?`,
  ]);
  assert.deepEqual(filterProblems({ name: 'echo' }, { name: 'router' }), [
    `${manager}.filters[0].name: "echo" is a network filter; ` +
      'move it to the "filters" of a listener',
    `${manager}.filters[1]: the key "config" is missing; add it, for example "config": {}`,
  ]);
  assert.deepEqual(filterProblems({ name: 'extauth' }, { name: 'router', config: {} }), [
    `${manager}.filters[0].name: v1 has no HTTP filter "extauth"; expected "router", "buffer", ` +
      '"cors", "fault", "health_check", "rate_limit", "ip_tagging", "lua", "grpc_http1_bridge", ' +
      '"grpc_json_transcoder", "grpc_web", "http_dynamo_filter" or "squash", or bring it yourself, by ' +
      'the option httpFilters (--http-filters)',
  ]);
});
