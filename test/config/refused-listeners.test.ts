import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  httpListener,
  type JsonObject,
  managerConfig,
  managerDocument,
  minimalDocument,
  problemsOf,
} from '../support/config-documents.js';

const manager = 'listeners[0].filters[0].config';

function listenerProblems(...listeners: JsonObject[]): string[] {
  return problemsOf(minimalDocument({ listeners }));
}

function addressProblem(address: string): string[] {
  return listenerProblems(httpListener(managerConfig(), { address }));
}

test('a listener needs an address and filters', () => {
  assert.deepEqual(listenerProblems({}), [
    'listeners[0]: the key "address" is missing; add it, for example ' +
      '"address": "tcp://0.0.0.0:8080"',
    'listeners[0]: the key "filters" is missing; add it, for example ' +
      '"filters": [{ "name": "http_connection_manager", "config": { ... } }]',
  ]);
});

test('an address that nobody can listen on is answered with one that works', () => {
  assert.deepEqual(addressProblem('0.0.0.0:80'), [
    'listeners[0].address: "0.0.0.0:80" is not an address: it must begin with "tcp://" or ' +
      '"unix://"; write "tcp://0.0.0.0:80"',
  ]);
  assert.deepEqual(addressProblem('tcp://localhost:80'), [
    'listeners[0].address: expected an IP address, found the name "localhost"; ' +
      'write "tcp://127.0.0.1:80", or "tcp://0.0.0.0:80" for all interfaces',
  ]);
  assert.deepEqual(addressProblem('tcp://0.0.0.0:65536'), [
    'listeners[0].address: "tcp://0.0.0.0:65536" is not an address: ' +
      'the port must be a number from 0 to 65535, found "65536"',
  ]);
});

test('the keys of a listener have their types and ranges', () => {
  const parts = {
    name: 5,
    bind_to_port: 'true',
    per_connection_buffer_limit_bytes: 0,
    drain_type: 'modify',
  };
  assert.deepEqual(listenerProblems(httpListener(managerConfig(), parts)), [
    'listeners[0].name: expected a string, found 5; write it in quotes: "5"',
    'listeners[0].bind_to_port: expected true or false, found "true"; write it without quotes',
    'listeners[0].per_connection_buffer_limit_bytes: expected an integer greater than 0, found 0',
    'listeners[0].drain_type: expected "default" or "modify_only", found "modify"; ' +
      'did you mean "modify_only"?',
  ]);
});

test('two listeners have neither the same name nor the same address', () => {
  const listener = httpListener(managerConfig(), { name: 'web', address: 'tcp://[::1]:80' });
  assert.deepEqual(listenerProblems(listener, { ...listener, address: 'tcp://[0:0::1]:80' }), [
    'listeners[1].address: "tcp://[::1]:80" already stands at listeners[0].address; ' +
      'every listener needs an address of its own',
    'listeners[1].name: "web" already stands at listeners[0].name; ' +
      'every listener needs a name of its own',
  ]);
});

test('the admin server has no address of a listener, unless that listener does not bind', () => {
  const address = 'tcp://127.0.0.1:9901';
  const problem = 'admin.address: "tcp://127.0.0.1:9901" is the address of a listener too; ';
  assert.deepEqual(addressProblem(address), [`${problem}give the admin server one of its own`]);
  const listener = httpListener(managerConfig(), { address, bind_to_port: false });
  assert.deepEqual(listenerProblems(listener), []);
});

test('names longer than 60 bytes are refused, counted in bytes', () => {
  assert.deepEqual(listenerProblems(httpListener(managerConfig(), { name: 'x'.repeat(60) })), []);
  assert.deepEqual(listenerProblems(httpListener(managerConfig(), { name: 'é'.repeat(31) })), [
    'listeners[0].name: the name is 62 bytes long, expected at most 60; shorten it',
  ]);
});

test('a network filter has a known name', () => {
  const filters = (...names: string[]): string[] =>
    listenerProblems(
      httpListener({}, { filters: names.map((name) => ({ name, config: managerConfig() })) }),
    );
  assert.deepEqual(filters('http_conection_manager'), [
    'listeners[0].filters[0].name: v1 has no network filter "http_conection_manager"; ' +
      'did you mean "http_connection_manager"?',
  ]);
  assert.deepEqual(filters('envoy.http_connection_manager'), [
    'listeners[0].filters[0].name: v1 has no network filter "envoy.http_connection_manager"; ' +
      'did you mean "http_connection_manager"?',
  ]);
  assert.deepEqual(filters('mixer'), [
    'listeners[0].filters[0].name: v1 has no network filter "mixer"; expected ' +
      '"http_connection_manager", "tcp_proxy", "redis_proxy", "echo", "mongo_proxy", "ratelimit" ' +
      'or "client_ssl_auth"',
  ]);
  assert.deepEqual(filters('router'), [
    'listeners[0].filters[0].name: "router" is an HTTP filter; ' +
      'move it to the "filters" of an http_connection_manager',
  ]);
  assert.deepEqual(filters('http_connection_manager', 'http_connection_manager'), [
    'listeners[0].filters: expected one http_connection_manager, found 2',
  ]);
});

test('a misspelt http_connection_manager is checked within all the same', () => {
  const filters = [{ name: 'http_connection_manger', config: managerConfig({ codec_type: 'h2' }) }];
  assert.deepEqual(listenerProblems(httpListener({}, { filters })), [
    'listeners[0].filters[0].name: v1 has no network filter "http_connection_manger"; ' +
      'did you mean "http_connection_manager"?',
    'listeners[0].filters[0].config.codec_type: expected "auto", "http1" or "http2", found "h2"',
  ]);
});

test('a network filter entry needs name and config, and takes the obsolete types only', () => {
  const filters = [{ type: 'decoder', cfg: {} }, { name: 'http_connection_manager' }, 'echo'];
  assert.deepEqual(listenerProblems(httpListener({}, { filters })), [
    'listeners[0].filters[0]: the key "name" is missing; add it, for example ' +
      '"name": "http_connection_manager"',
    'listeners[0].filters[0].type: expected "read", "write" or "both", found "decoder"',
    'listeners[0].filters[0].cfg: unknown key; a filter of a listener takes name, config, type',
    'listeners[0].filters[1]: the key "config" is missing; add it, for example "config": { ... }',
    'listeners[0].filters[2]: expected an object with the keys of a filter of a listener, ' +
      'found "echo"',
  ]);
});

test('a connection manager needs codec_type, stat_prefix, a route table and filters', () => {
  assert.deepEqual(listenerProblems(httpListener({})), [
    `${manager}: the key "codec_type" is missing; add it, for example "codec_type": "auto"`,
    `${manager}: the key "stat_prefix" is missing; add it, for example ` +
      '"stat_prefix": "ingress_http"',
    `${manager}: the key "route_config" is missing; add it, for example ` +
      '"route_config": { "virtual_hosts": [ ... ] }',
    `${manager}: the key "filters" is missing; add it, for example ` +
      '"filters": [{ "name": "router", "config": {} }]',
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
    `${manager}.server_name: "pillion\\r\\nset-cookie: a=b" cannot be the value of the "server" ` +
      'header; use ASCII only',
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

test('rds and route_config exclude each other', () => {
  const [first] = problemsOf(managerDocument({ rds: { cluster: 'a', route_config_name: 'b' } }));
  assert.equal(first, `${manager}: "rds" and "route_config" exclude each other; keep one of them`);
});

test('the router is the last HTTP filter', () => {
  const router = { name: 'router', config: {} };
  const cors = { name: 'cors', config: {} };
  const filterProblems = (...filters: JsonObject[]): string[] =>
    problemsOf(managerDocument({ filters })).filter(
      (problem) => !problem.includes('not supported yet'),
    );
  assert.deepEqual(filterProblems(cors, router), []);
  assert.deepEqual(filterProblems(cors), [
    `${manager}.filters[0].name: the last filter must be "router", which sends the requests on, ` +
      'found "cors"; add { "name": "router", "config": {} } after it',
  ]);
  assert.deepEqual(filterProblems(router, cors), [
    `${manager}.filters[0].name: "router" must be the last filter, as those after it never run; ` +
      'move it',
  ]);
  assert.deepEqual(filterProblems(), [
    `${manager}.filters: expected at least one entry, found an empty array`,
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
      '"grpc_json_transcoder", "grpc_web", "http_dynamo_filter" or "squash"',
  ]);
});
