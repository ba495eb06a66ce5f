import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { managerProblems, managerWarnings, parseManager } from '../support/route-documents.js';

describe('tracing', () => {
  test('is off unless it is there', () => {
    assert.equal(parseManager({}).tracing, undefined);
    assert.deepEqual(parseManager({ tracing: { operation_name: 'ingress' } }).tracing, {
      operationName: 'ingress',
      requestHeadersForTags: [],
    });
  });

  test('has the direction of its spans, and headers for tags', () => {
    const tracing = { operation_name: 'egress', request_headers_for_tags: ['X-User', 'x-b'] };
    assert.deepEqual(parseManager({ tracing }).tracing, {
      operationName: 'egress',
      requestHeadersForTags: ['x-user', 'x-b'],
    });
    assert.deepEqual(managerProblems({ tracing: {} }), [
      '.tracing: the key "operation_name" is missing; add it, for example ' +
        '"operation_name": "ingress"',
    ]);
    const wrong = { operation_name: 'Ingress', request_headers_for_tags: ['a', 'a'] };
    assert.deepEqual(managerProblems({ tracing: wrong }), [
      '.tracing.operation_name: expected "ingress" or "egress", found "Ingress"; ' +
        'did you mean "ingress"?',
      '.tracing.request_headers_for_tags[1]: the same stands at ' +
        '.tracing.request_headers_for_tags[0]; remove one of them',
    ]);
  });
});

describe('http1_settings', () => {
  test('refuse absolute targets by default', () => {
    assert.deepEqual(parseManager({}).http1Settings, { allowAbsoluteUrl: false });
    const http1_settings = { allow_absolute_url: true, allow_connect: true };
    assert.deepEqual(parseManager({ http1_settings }).http1Settings, { allowAbsoluteUrl: true });
  });

  test('have their types, and keys that nobody knows are passed over', () => {
    assert.deepEqual(managerProblems({ http1_settings: { allow_absolute_url: 1 } }), [
      '.http1_settings.allow_absolute_url: expected true or false, found 1',
    ]);
    assert.deepEqual(managerWarnings({ http1_settings: { allow_absolute_uri: true } }), [
      '.http1_settings.allow_absolute_uri: unknown key, which is ignored; ' +
        'did you mean "allow_absolute_url"?',
    ]);
  });
});

describe('http2_settings', () => {
  test('have the defaults of Envoy', () => {
    const defaults = {
      hpackTableSize: 4096,
      maxConcurrentStreams: 1024,
      initialStreamWindowSize: 16777216,
      initialConnectionWindowSize: 25165824,
    };
    assert.deepEqual(parseManager({}).http2Settings, defaults);
    assert.deepEqual(parseManager({ http2_settings: { hpack_table_size: 0 } }).http2Settings, {
      ...defaults,
      hpackTableSize: 0,
    });
  });

  test('have the ranges of HTTP/2', () => {
    const least = {
      hpack_table_size: -1,
      max_concurrent_streams: 0,
      initial_stream_window_size: 65534,
      initial_connection_window_size: 65534,
    };
    assert.deepEqual(managerProblems({ http2_settings: least }), [
      '.http2_settings.hpack_table_size: expected an integer from 0 to 4294967295, found -1',
      '.http2_settings.max_concurrent_streams: expected an integer from 1 to 2147483647, found 0',
      '.http2_settings.initial_stream_window_size: expected an integer from 65535 to 2147483647, ' +
        'found 65534',
      '.http2_settings.initial_connection_window_size: expected an integer from 65535 to ' +
        '2147483647, found 65534',
    ]);
    const most = {
      hpack_table_size: 4294967296,
      max_concurrent_streams: 2147483648,
      initial_stream_window_size: 2147483648,
      initial_connection_window_size: 2147483648,
    };
    assert.deepEqual(managerProblems({ http2_settings: most }), [
      '.http2_settings.hpack_table_size: expected at most 4294967295, found 4294967296',
      '.http2_settings.max_concurrent_streams: expected at most 2147483647, found 2147483648',
      '.http2_settings.initial_stream_window_size: expected at most 2147483647, found 2147483648',
      '.http2_settings.initial_connection_window_size: expected at most 2147483647, found 2147483648',
    ]);
  });
});

describe('rds', () => {
  const cluster = 'no cluster has the name "x"; add one to cluster_manager.clusters';

  test('needs a cluster and the name of a table', () => {
    assert.deepEqual(managerProblems({ route_config: undefined, rds: {} }), [
      '.rds: the key "cluster" is missing; add it, for example "cluster": "rds"',
      '.rds: the key "route_config_name" is missing; add it, for example ' +
        '"route_config_name": "ingress"',
    ]);
  });

  test('has its ranges, and a name of at most 60 bytes', () => {
    const rds = {
      cluster: 'x',
      route_config_name: 'é'.repeat(31),
      refresh_delay_ms: 0,
      api_type: 'rest',
    };
    assert.deepEqual(managerProblems({ route_config: undefined, rds }), [
      `.rds.cluster: ${cluster}`,
      '.rds.route_config_name: the name is 62 bytes long, expected at most 60; shorten it',
      '.rds.refresh_delay_ms: expected an integer greater than 0, found 0',
      '.rds.api_type: expected "REST_LEGACY", "REST" or "GRPC", found "rest"; did you mean "REST"?',
    ]);
  });

  test('stands in the place of route_config', () => {
    const rds = { cluster: 'x', route_config_name: 'r' };
    assert.deepEqual(managerProblems({ rds }), [
      ': "rds" and "route_config" exclude each other; keep one of them',
      `.rds.cluster: ${cluster}`,
    ]);
    assert.deepEqual(managerProblems({ route_config: undefined }), [
      ': the key "route_config" is missing; add it, for example ' +
        '"route_config": { "virtual_hosts": [ ... ] }',
    ]);
  });
});

test('the details of a client certificate are read in their order', () => {
  const details = (...set_current_client_cert_details: string[]): readonly string[] =>
    parseManager({ set_current_client_cert_details }).currentClientCertDetails;
  assert.deepEqual(details('SAN', 'Subject'), ['SAN', 'Subject']);
  assert.deepEqual(managerProblems({ set_current_client_cert_details: ['San', 'SAN', 'SAN'] }), [
    '.set_current_client_cert_details[0]: expected "Subject" or "SAN", found "San"; ' +
      'did you mean "SAN"?',
    '.set_current_client_cert_details[2]: the same stands at ' +
      '.set_current_client_cert_details[1]; remove one of them',
  ]);
});

test('times are seconds or milliseconds, as their keys say', () => {
  const manager = parseManager({ idle_timeout_s: 3, drain_timeout_ms: 7 });
  assert.equal(manager.idleTimeoutMs, 3000);
  assert.equal(manager.drainTimeoutMs, 7);
  assert.equal(parseManager({}).idleTimeoutMs, 0);
  assert.equal(parseManager({}).drainTimeoutMs, 5000);
});
