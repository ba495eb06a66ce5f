import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  httpListener,
  type JsonObject,
  managerConfig,
  minimalDocument,
  problemsOf,
} from '../support/config-documents.js';

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
  const name = 'http_connection_manager';
  const filters = [{}, { type: 'decoder', name, cfg: {} }, 'echo'];
  assert.deepEqual(listenerProblems(httpListener({}, { filters })), [
    'listeners[0].filters[0]: the key "name" is missing; add it, for example ' +
      '"name": "http_connection_manager"',
    'listeners[0].filters[1]: the key "config" is missing; add it, for example "config": { ... }',
    'listeners[0].filters[1].type: expected "read", "write" or "both", found "decoder"',
    'listeners[0].filters[1].cfg: unknown key; a filter of a listener takes name, config, type',
    'listeners[0].filters[2]: expected a network filter, found "echo"',
  ]);
});
