// The rules between keys that a JSON Schema can express, by the type name of the object. The parsers
// in lib/config know them, and more: those that need the whole document or the text of a value.

const has = (...keys) => ({ required: keys });
const hasAny = (...keys) =>
  keys.length === 1 ? has(...keys) : { anyOf: keys.map((key) => has(key)) };
const valueIs = (key, ...values) => ({
  properties: { [key]: { enum: values } },
  required: [key],
});

/** Editors show the message about a key that may not be there at this very key. */
const hasNone = (...keys) => ({
  properties: Object.fromEntries(keys.map((key) => [key, false])),
});

/** Returns the rules by which exactly one of several lists of keys has keys that are there. */
function exactlyOne(...lists) {
  return [
    hasAny(...lists.flat()),
    ...lists
      .slice(0, -1)
      .map((keys, index) => when(hasAny(...keys), hasNone(...lists.slice(index + 1).flat()))),
  ];
}

/** Returns the schema of a rule that holds under a condition. */
export function when(condition, rule, otherwise) {
  return {
    if: condition,
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
    then: rule,
    ...(otherwise === undefined ? {} : { else: otherwise }),
  };
}

/** Envoy's default of `--max-obj-name-len`, in bytes; no name has fewer bytes than characters. */
const nameLength = { properties: { name: { maxLength: 60 } } };

const hasPattern = (key, pattern) => ({ properties: { [key]: { pattern } } });
const isNotEmpty = (key) => ({ properties: { [key]: { minLength: 1 } } });

export const crossKeyRules = {
  EnvoyV1Config: [isNotEmpty('flags_path')],
  Runtime: [isNotEmpty('symlink_root')],
  LightstepConfig: [isNotEmpty('access_token_file')],
  OutlierEventLog: [isNotEmpty('event_log_path')],
  GrpcJsonTranscoder: [isNotEmpty('proto_descriptor')],
  MongoProxy: [isNotEmpty('access_log')],
  Admin: [isNotEmpty('access_log_path'), hasPattern('address', '^tcp://')],
  Listener: [nameLength, hasPattern('address', '^(tcp|unix)://')],
  Host: [hasPattern('url', '^(tcp|unix)://')],
  AccessLog: [isNotEmpty('path')],
  HttpConnectionManager: exactlyOne(['route_config'], ['rds']),
  VirtualHost: [nameLength],
  Route: [
    ...exactlyOne(['prefix'], ['path'], ['regex']),
    ...exactlyOne(
      ['cluster'],
      ['cluster_header'],
      ['weighted_clusters'],
      ['host_redirect', 'path_redirect'],
    ),
    when(has('host_rewrite'), hasNone('auto_host_rewrite')),
    when(hasAny('host_redirect', 'path_redirect'), hasNone('use_websocket')),
    { properties: { opaque_config: { additionalProperties: { type: 'string' } } } },
  ],
  HeaderMatcher: [when(has('range_match'), hasNone('value', 'regex'))],
  Sds: [{ properties: { cluster: { not: valueIs('type', 'sds') } } }],
  ClusterManager: [
    when({ properties: { clusters: { contains: valueIs('type', 'sds') } } }, has('sds')),
  ],
  Cluster: [
    nameLength,
    { properties: { hosts: { uniqueItems: true } } },
    when(valueIs('type', 'static', 'strict_dns', 'logical_dns'), has('hosts')),
    when(valueIs('type', 'logical_dns'), { properties: { hosts: { maxItems: 1 } } }),
    when(valueIs('type', 'sds'), has('service_name')),
    when(
      valueIs('type', 'original_dst'),
      { properties: { lb_type: { enum: ['original_dst_lb'] }, hosts: false } },
      { properties: { lb_type: { not: { enum: ['original_dst_lb'] } } } },
    ),
  ],
  ClusterTls: [
    ...['cert_chain_file', 'private_key_file', 'ca_cert_file'].map(isNotEmpty),
    {
      dependencies: {
        cert_chain_file: ['private_key_file'],
        private_key_file: ['cert_chain_file'],
      },
    },
  ],
  ListenerTls: ['cert_chain_file', 'private_key_file', 'ca_cert_file', 'crl_file'].map(isNotEmpty),
  HealthCheckBytes: [hasPattern('binary', '^([0-9a-fA-F]{2})*$')],
  Fault: [hasAny('abort', 'delay')],
  HealthCheckResponder: [
    when(valueIs('pass_through_mode', false), { properties: { cache_time_ms: { maximum: 0 } } }),
  ],
  HealthCheck: [
    when(valueIs('type', 'http'), has('path')),
    when(valueIs('type', 'tcp'), has('send', 'receive')),
  ],
};
