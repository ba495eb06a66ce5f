import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HttpFilterConfig } from '../../lib/config/http-filter-config.js';
import { parseConfig } from '../../lib/config/parse-config.js';
import {
  clustersDocument,
  type JsonObject,
  type JsonValue,
  managerDocument,
  staticCluster,
} from '../support/config-documents.js';
import { managerProblems, managerWarnings, parseManager } from '../support/route-documents.js';

const router = { name: 'router', config: {} };

function parseFilter(name: string, config: JsonObject): HttpFilterConfig | undefined {
  return parseManager({ filters: [{ name, config }, router] }).filters[0];
}

/** As `parseFilter`, in a document with the cluster `a`. */
function parseFilterBesideCluster(name: string, config: JsonObject): HttpFilterConfig | undefined {
  const document = {
    ...clustersDocument([staticCluster({ name: 'a' })]),
    listeners: managerDocument({ filters: [{ name, config }, router] })['listeners'],
  };
  const parsed = parseConfig(document, { source: 'test', unsupported: 'warn' });
  return parsed.config.listeners[0]?.connectionManager.filters[0];
}

/** What is wrong with the filters before the router, as `[index].key: message`. */
function chainProblems(...filters: JsonValue[]): string[] {
  return managerProblems({ filters: [...filters, router] }).map((line) =>
    line.replaceAll('.filters', ''),
  );
}

describe('ip_tagging', () => {
  const tags = (...ip_list: string[]): JsonObject => ({
    name: 'ip_tagging',
    config: { ip_tags: [{ ip_tag_name: 'a', ip_list }] },
  });

  test('has names for ranges of addresses', () => {
    const ip_tags = [{ ip_tag_name: 'a', ip_list: ['10.0.0.0/8', '::1/128', '10.1.2.3', '::/0'] }];
    assert.deepEqual(parseFilter('ip_tagging', { ip_tags, request_type: 'internal' }), {
      name: 'ip_tagging',
      config: {
        requestType: 'internal',
        tags: [
          {
            name: 'a',
            ranges: [
              { address: '10.0.0.0', prefixLength: 8 },
              { address: '::1', prefixLength: 128 },
              { address: '10.1.2.3', prefixLength: 32 },
              { address: '::', prefixLength: 0 },
            ],
          },
        ],
      },
    });
  });

  test('refuses what is no range', () => {
    const wrong = ['10.0.0.0/33', '::1/129', 'a.com', '10.0.0/8', '10.0.0.0/', '10.0.0.0/-1', ''];
    assert.deepEqual(
      chainProblems(tags(...wrong)),
      wrong.map(
        (text, index) =>
          `[0].config.ip_tags[0].ip_list[${index}]: expected a range of IP addresses, such as ` +
          `"10.0.0.0/8", found "${text}"`,
      ),
    );
  });

  test('refuses a range that stands twice, and lists that are empty', () => {
    const place = '[0].config.ip_tags[0].ip_list';
    assert.deepEqual(chainProblems(tags('10.0.0.1', '10.0.0.1')), [
      `${place}[1]: the same stands at ${place}[0]; remove one of them`,
    ]);
    assert.deepEqual(chainProblems(tags()), [`${place}: expected at least one entry, found 0`]);
    assert.deepEqual(chainProblems({ name: 'ip_tagging', config: { ip_tags: [] } }), [
      '[0].config.ip_tags: expected at least one entry, found 0',
    ]);
  });

  test('refuses a name that is not fit for a header', () => {
    const config = { ip_tags: [{ ip_tag_name: 'a\r\nb: c', ip_list: ['::1'] }] };
    assert.deepEqual(chainProblems({ name: 'ip_tagging', config }), [
      '[0].config.ip_tags[0].ip_tag_name: "a\\r\\nb: c" cannot be the value of a header; remove ' +
        'the control characters',
    ]);
  });
});

test('grpc_json_transcoder has a file, services and print options', () => {
  const config = { proto_descriptor: '/a.pb', services: ['a.A'] };
  const options = {
    path: 'listeners[0].filters[0].config.filters[0].config',
    addWhitespace: false,
    alwaysPrintPrimitiveFields: false,
    alwaysPrintEnumsAsInts: false,
    preserveProtoFieldNames: false,
  };
  assert.deepEqual(parseFilter('grpc_json_transcoder', config), {
    name: 'grpc_json_transcoder',
    config: { protoDescriptor: '/a.pb', services: ['a.A'], ...options },
  });
  const print_options = { add_whitespace: true, always_print_enums_as_ints: true };
  assert.deepEqual(parseFilter('grpc_json_transcoder', { ...config, print_options }), {
    name: 'grpc_json_transcoder',
    config: {
      protoDescriptor: '/a.pb',
      services: ['a.A'],
      ...options,
      addWhitespace: true,
      alwaysPrintEnumsAsInts: true,
    },
  });
  const wrong = { proto_descriptor: '', services: [] };
  assert.deepEqual(chainProblems({ name: 'grpc_json_transcoder', config: wrong }), [
    '[0].config.proto_descriptor: the path is empty; write the path of a file, such as ' +
      '"/etc/envoy/services.pb"',
    '[0].config.services: expected at least one entry, found 0',
  ]);
});

test('squash has a cluster, a template and times that may have fractions', () => {
  const attachment_template = { pod: '{{ POD_NAME }}', deep: { list: [1, null] } };
  const config = { cluster: 'a', attachment_template };
  const times = {
    attachmentTimeoutMs: 60000,
    attachmentPollPeriodMs: 1000,
    requestTimeoutMs: 1000,
  };
  const parsed = { cluster: 'a', attachmentTemplate: attachment_template, ...times };
  assert.deepEqual(parseFilterBesideCluster('squash', config), { name: 'squash', config: parsed });
  assert.deepEqual(parseFilterBesideCluster('squash', { ...config, request_timeout_ms: 0.5 }), {
    name: 'squash',
    config: { ...parsed, requestTimeoutMs: 0.5 },
  });
  const wrong = { cluster: 'a', attachment_template: [], attachment_timeout_ms: 0 };
  assert.deepEqual(chainProblems({ name: 'squash', config: wrong }), [
    '[0].config.cluster: no cluster has the name "a"; add one to cluster_manager.clusters',
    '[0].config.attachment_template: expected an object, found an empty array',
    '[0].config.attachment_timeout_ms: expected a number greater than 0, found 0',
  ]);
});

describe('the name of a filter', () => {
  test('is one of v1; the nearest is named, and the config is checked as its', () => {
    assert.deepEqual(
      chainProblems({ name: 'helth_check', config: {} }, { name: 'envoy.buffer', config: 5 }),
      [
        '[0].name: v1 has no HTTP filter "helth_check"; did you mean "health_check"?',
        '[0].config: the key "pass_through_mode" is missing; add it, for example ' +
          '"pass_through_mode": false',
        '[0].config: the key "endpoint" is missing; add it, for example ' +
          '"endpoint": "/healthcheck"',
        '[1].name: v1 has no HTTP filter "envoy.buffer"; did you mean "buffer"?',
        '[1].config: expected an object with the keys of the config of buffer, found 5',
      ],
    );
  });

  test('far from any of v1 is answered with all of them', () => {
    assert.deepEqual(chainProblems({ name: 'gzip', config: {} }), [
      '[0].name: v1 has no HTTP filter "gzip"; expected "router", "buffer", "cors", "fault", ' +
        '"health_check", "rate_limit", "ip_tagging", "lua", "grpc_http1_bridge", ' +
        '"grpc_json_transcoder", "grpc_web", "http_dynamo_filter" or "squash", or bring it yourself, by ' +
        'the option httpFilters (--http-filters)',
    ]);
  });

  for (const name of ['tcp_proxy', 'http_connection_manager', 'redis_proxy', 'echo']) {
    test(`${name} is that of a network filter`, () => {
      assert.deepEqual(chainProblems({ name, config: {} }), [
        `[0].name: "${name}" is a network filter; move it to the "filters" of a listener`,
      ]);
    });
  }
});

test('an entry has a name, a config and perhaps the obsolete type', () => {
  assert.deepEqual(chainProblems({ config: {} }, { name: 'cors' }, 'cors'), [
    '[0]: the key "name" is missing; add it, for example "name": "router"',
    '[1]: the key "config" is missing; add it, for example "config": {}',
    '[2]: expected an HTTP filter, found "cors"',
  ]);
  for (const type of ['decoder', 'encoder', 'both']) {
    assert.deepEqual(managerWarnings({ filters: [{ ...router, type }] }), []);
  }
});

test('filters keep their order, and one may stand twice', () => {
  const names = ['cors', 'grpc_web', 'cors'];
  const filters = [...names.map((name) => ({ name, config: {} })), router];
  assert.deepEqual(
    parseManager({ filters }).filters.map(({ name }) => name),
    [...names, 'router'],
  );
});
