import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parseConfig } from '../../dist/lib/config/parse-config.js';
import { explainRequest } from '../../dist/lib/explain/explain-request.js';
import { completeDocument, routeDocument } from './documents.mjs';

/** Sends the requests of every route table of a folder; each result is one request. */
export async function runRouteTables(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => runTable(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

function runTable({ name, config, requests }) {
  const names = requests.flatMap(({ expect }) => (expect.cluster ? [expect.cluster] : []));
  const document = completeDocument(routeDocument(config));
  addClusters(document, names);
  const label = (index) => `${name} request ${index}`;
  try {
    const parsed = parseConfig(document, { source: name, unsupported: 'warn' });
    return requests.map((request, index) => runRequest(parsed.config, request, label(index)));
  } catch (error) {
    return requests.map((_, index) => ({
      name: label(index),
      agrees: false,
      detail: error.message,
    }));
  }
}

/** Clusters that only a header of a request names. */
function addClusters({ cluster_manager: manager }, names) {
  const [template] = manager.clusters;
  const known = new Set(manager.clusters.map(({ name }) => name));
  for (const name of new Set(names)) {
    if (!known.has(name)) {
      manager.clusters.push({ ...(template ?? staticDefault), name });
    }
  }
}

const staticDefault = {
  type: 'static',
  connect_timeout_ms: 250,
  lb_type: 'round_robin',
  hosts: [{ url: 'tcp://127.0.0.1:80' }],
};

function runRequest(config, request, name) {
  const { method, host, path, headers, random_value: random = 0, runtime = {} } = request;
  const explanation = explainRequest(config, {
    method,
    url: 'http://placeholder/',
    // A path may hold what a URL would escape.
    headers: [...Object.entries(headers), ['host', host], [':path', path]],
    random,
    runtime: toRuntime(runtime),
  });
  const differences = Object.entries(request.expect).flatMap(([key, expected]) => {
    const found =
      readers[key] === undefined ? `no reader for ${key}` : readers[key](explanation, expected);
    return isDeepStrictEqual(found, expected)
      ? []
      : [`${key}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`];
  });
  return {
    name: `${name} (${method} ${host}${path})`,
    agrees: differences.length === 0,
    detail: differences.join(' | ') || JSON.stringify(request.expect),
  };
}

/** The cases say what a mock answered; a share of 100 or 0 percent gives the same answer. */
function toRuntime(runtime) {
  return Object.fromEntries(
    Object.entries(runtime).map(([key, value]) => [
      key,
      typeof value === 'number' ? value : value.returns ? 100 : 0,
    ]),
  );
}

/** What an explanation has for each thing that a case may expect. */
const readers = {
  // An empty name is that of no cluster.
  cluster: ({ outcome }, expected) => outcome.cluster ?? (expected === '' ? '' : null),
  redirect: ({ outcome }) => outcome.location ?? null,
  no_match: ({ outcome }) => outcome.kind === 'local_reply',
  path_after_rewrite: ({ outcome, request }) => outcome.path ?? request.path,
  host_after_rewrite: ({ outcome, request }) => outcome.host ?? request.host,
  timeout_ms: ({ outcome }) => outcome.timeoutMs,
  virtual_host: ({ virtualHost }) => virtualHost?.name ?? null,
  virtual_cluster: ({ virtualHost }) => virtualHost?.virtualCluster ?? null,
  priority: ({ outcome }) => outcome.priority,
  decorator_operation: ({ outcome }) => outcome.decoratorOperation ?? null,
  opaque_config: ({ outcome }) => outcome.opaqueConfig,
  include_vh_rate_limits: ({ outcome }) => outcome.inheritsRateLimits,
  retry: ({ outcome }, expected) => readRetry(outcome.retryPolicy, expected),
  cors: ({ outcome }) => readCors(outcome.cors),
  upstream_request_headers: ({ outcome }, expected) =>
    Object.fromEntries(
      Object.keys(expected).map((name) => [name, readUpstreamHeader(outcome, name) ?? '']),
    ),
  custom_header_fields: ({ outcome }, expected) =>
    expected.map(({ field }) => ({ field, value: firstAdded(outcome, field.toLowerCase()) })),
};

/** A name may be added several times; Envoy's tests look at the first. */
function firstAdded(outcome, name) {
  return outcome.requestHeadersAdded.find((header) => header.name === name)?.value;
}

/** A header that the host would get and the request did not have; empty if there is none. */
function readUpstreamHeader(outcome, name) {
  switch (name) {
    case ':authority':
      return outcome.host;
    case ':path':
      return outcome.path;
    case ':method':
      return outcome.method;
    default:
      return firstAdded(outcome, name);
  }
}

function readRetry(policy, expected) {
  const found = {
    per_try_timeout_ms: policy?.perTryTimeoutMs ?? 0,
    num_retries: policy?.numRetries ?? 0,
    // The order of the conditions means nothing.
    retry_on: [...(policy?.retryOn ?? [])].sort(
      (a, b) => expected.retry_on.indexOf(a) - expected.retry_on.indexOf(b),
    ),
  };
  return Object.fromEntries(Object.keys(expected).map((key) => [key, found[key]]));
}

function readCors(cors) {
  return (
    cors && {
      enabled: cors.enabled,
      allow_origin: cors.allowOrigin,
      allow_methods: cors.allowMethods,
      allow_headers: cors.allowHeaders,
      expose_headers: cors.exposeHeaders,
      max_age: cors.maxAge,
      allow_credentials: cors.allowCredentials,
    }
  );
}
