import { type CidrRange, readCidrRanges } from './cidr-range.js';
import type { DocumentScope } from './document-scope.js';
import { type HeaderMatcherConfig, parseHeaderMatchers } from './header-matcher-config.js';
import type { JsonMembers } from './json-members.js';
import { formatJsonPath } from './json-path.js';
import { pathOf } from './json-place.js';
import type { JsonReader } from './json-reader.js';
import { requestTypes } from './schema/request-type.js';
import { readClusterName, readFilePath, readHeaderValue } from './shared-keys.js';

/** Which requests a filter acts on. */
export type RequestType = (typeof requestTypes)[number];

/** One entry of the HTTP filter chain, in order. The last is the router. */
export type HttpFilterConfig =
  | { readonly name: 'router'; readonly config: RouterFilterConfig }
  | { readonly name: 'buffer'; readonly config: BufferFilterConfig }
  | { readonly name: 'fault'; readonly config: FaultFilterConfig }
  | { readonly name: 'health_check'; readonly config: HealthCheckFilterConfig }
  | { readonly name: 'rate_limit'; readonly config: RateLimitFilterConfig }
  | { readonly name: 'ip_tagging'; readonly config: IpTaggingFilterConfig }
  | { readonly name: 'lua'; readonly config: LuaFilterConfig }
  | { readonly name: 'grpc_json_transcoder'; readonly config: TranscoderFilterConfig }
  | { readonly name: 'squash'; readonly config: SquashFilterConfig }
  | { readonly name: PlainFilterName }
  | { readonly name: 'own'; readonly filterName: string; readonly config: JsonMembers };

/** The filters whose config has no keys. */
export type PlainFilterName = 'cors' | 'grpc_http1_bridge' | 'grpc_web' | 'http_dynamo_filter';

/** `router`: reference 3.1. */
export interface RouterFilterConfig {
  /** Whether the per-code statistics of reference 8.3 are kept. Default true. */
  readonly dynamicStats: boolean;
  readonly startChildSpan: boolean;
}

/** `buffer`: reference 6.1.2. */
export interface BufferFilterConfig {
  readonly maxRequestBytes: number;
  readonly maxRequestTimeMs: number;
}

/** `fault`: reference 6.1.4. At least one of `abort` and `delay` is there. */
export interface FaultFilterConfig {
  readonly abort: { readonly percent: number; readonly httpStatus: number } | undefined;
  readonly delay: { readonly percent: number; readonly durationMs: number } | undefined;
  readonly upstreamCluster: string | undefined;
  readonly headers: readonly HeaderMatcherConfig[];
  /** Empty for all. */
  readonly downstreamNodes: readonly string[];
}

/** `health_check`: reference 6.1.6. */
export interface HealthCheckFilterConfig {
  readonly passThroughMode: boolean;
  readonly endpoint: string;
  /** 0 for no cache. */
  readonly cacheTimeMs: number;
}

/** `rate_limit`: reference 6.1.5. */
export interface RateLimitFilterConfig {
  readonly domain: string;
  readonly stage: number;
  readonly requestType: RequestType;
  readonly timeoutMs: number;
}

/** `ip_tagging`: reference 6.1.7. */
export interface IpTaggingFilterConfig {
  readonly requestType: RequestType;
  readonly tags: readonly { readonly name: string; readonly ranges: readonly CidrRange[] }[];
}

/** `lua`: reference 6.1.8. */
export interface LuaFilterConfig {
  /** JSON path of the script, for messages about it. */
  readonly path: string;
  readonly inlineCode: string;
}

/** `grpc_json_transcoder`: reference 6.1.9. */
export interface TranscoderFilterConfig {
  /** JSON path of this config, for messages about its file. */
  readonly path: string;
  readonly protoDescriptor: string;
  readonly services: readonly string[];
  readonly addWhitespace: boolean;
  readonly alwaysPrintPrimitiveFields: boolean;
  readonly alwaysPrintEnumsAsInts: boolean;
  readonly preserveProtoFieldNames: boolean;
}

/** `squash`: reference 6.1.10. */
export interface SquashFilterConfig {
  readonly cluster: string;
  readonly attachmentTemplate: JsonMembers;
  readonly attachmentTimeoutMs: number;
  readonly attachmentPollPeriodMs: number;
  readonly requestTimeoutMs: number;
}

const routerExample = '{ "name": "router", "config": {} }';

/** Parses the `filters` of an `http_connection_manager`. */
export function parseHttpFilters(reader: JsonReader, scope: DocumentScope): HttpFilterConfig[] {
  const filters = reader.objects('filters');
  for (const filter of filters.slice(0, -1)) {
    if (filter.variant === 'router') {
      filter.warning(
        '"router" should be the last filter, as those after it see no request',
        'name',
      );
    }
  }
  const last = filters.at(-1);
  const areUnderstood = filters.length === reader.lengthOf('filters');
  const isOwn = last?.variant !== undefined && reader.collector.isOwn(last.variant);
  if (last !== undefined && areUnderstood && last.variant !== 'router' && !isOwn) {
    reportNoRouter(last, filters);
  }
  return filters.flatMap((filter) => parseHttpFilter(filter, scope) ?? []);
}

/** Envoy loads a chain without a router, which answers nothing: every request hangs. */
function reportNoRouter(last: JsonReader, filters: readonly JsonReader[]): void {
  if (!filters.some((filter) => filter.variant === 'router')) {
    last.warning(
      `the last filter should be "router", which sends the requests on, found "${last.variant}"; ` +
        `add ${routerExample} after it, or requests that no filter answers get status 404`,
      'name',
    );
  }
}

function parseHttpFilter(entry: JsonReader, scope: DocumentScope): HttpFilterConfig | undefined {
  const name = entry.variant;
  if (name !== undefined && entry.collector.isOwn(name)) {
    // The application gets a copy that it cannot change under another's hands.
    const config: JsonMembers = JSON.parse(JSON.stringify(entry.map('config') ?? {}));
    return { name: 'own', filterName: name, config };
  }
  const reader = entry.object('config');
  if (reader === undefined) {
    return undefined;
  }
  switch (name) {
    case 'router':
      return { name, config: parseRouter(reader) };
    case 'buffer':
      return withConfig(name, parseBuffer(reader));
    case 'fault':
      return { name, config: parseFault(reader) };
    case 'health_check':
      return withConfig(name, parseHealthCheckFilter(reader));
    case 'rate_limit':
      return withConfig(name, parseRateLimitFilter(reader));
    case 'ip_tagging':
      return { name, config: parseIpTagging(reader) };
    case 'lua':
      return withConfig(name, parseLua(reader));
    case 'grpc_json_transcoder':
      return withConfig(name, parseTranscoder(reader));
    case 'squash':
      return withConfig(name, parseSquash(reader, scope));
    case 'cors':
    case 'grpc_http1_bridge':
    case 'grpc_web':
    case 'http_dynamo_filter':
      return { name };
    default:
      return undefined;
  }
}

function withConfig<Name extends string, T>(
  name: Name,
  config: T | undefined,
): { readonly name: Name; readonly config: T } | undefined {
  return config === undefined ? undefined : { name, config };
}

function parseRouter(reader: JsonReader): RouterFilterConfig {
  return {
    dynamicStats: reader.boolean('dynamic_stats') ?? true,
    startChildSpan: reader.boolean('start_child_span') ?? false,
  };
}

function parseBuffer(reader: JsonReader): BufferFilterConfig | undefined {
  const maxRequestBytes = reader.number('max_request_bytes');
  const seconds = reader.number('max_request_time_s');
  return maxRequestBytes === undefined || seconds === undefined
    ? undefined
    : { maxRequestBytes, maxRequestTimeMs: seconds * 1000 };
}

function parseFault(reader: JsonReader): FaultFilterConfig {
  if (!reader.has('abort') && !reader.has('delay')) {
    reader.problem('a fault filter needs "abort" or "delay"; add one of them');
  }
  const abort = reader.object('abort');
  const abortPercent = abort?.number('abort_percent');
  const httpStatus = abort?.number('http_status');
  if (httpStatus !== undefined && (httpStatus < 200 || httpStatus > 599)) {
    abort?.warning(
      `${httpStatus} is not the status of a response; write 200 to 599`,
      'http_status',
    );
  }
  const delay = reader.object('delay');
  const delayPercent = delay?.number('fixed_delay_percent');
  const durationMs = delay?.number('fixed_duration_ms');
  return {
    abort:
      abortPercent === undefined || httpStatus === undefined
        ? undefined
        : { percent: abortPercent, httpStatus },
    delay:
      delayPercent === undefined || durationMs === undefined
        ? undefined
        : { percent: delayPercent, durationMs },
    upstreamCluster: reader.string('upstream_cluster'),
    headers: parseHeaderMatchers(reader, 'headers'),
    downstreamNodes: reader.strings('downstream_nodes').map(({ value }) => value),
  };
}

function parseHealthCheckFilter(reader: JsonReader): HealthCheckFilterConfig | undefined {
  const passThroughMode = reader.boolean('pass_through_mode');
  const endpoint = reader.string('endpoint');
  const cacheTimeMs = reader.number('cache_time_ms') ?? 0;
  if (passThroughMode === false && cacheTimeMs > 0) {
    reader.problem(
      'answers are only kept where health checks are sent on; write "pass_through_mode": true, or ' +
        'remove the key',
      'cache_time_ms',
    );
  }
  return passThroughMode === undefined || endpoint === undefined
    ? undefined
    : { passThroughMode, endpoint, cacheTimeMs };
}

function parseRateLimitFilter(reader: JsonReader): RateLimitFilterConfig | undefined {
  const domain = reader.string('domain');
  return domain === undefined
    ? undefined
    : {
        domain,
        stage: reader.number('stage') ?? 0,
        requestType: reader.oneOf('request_type', requestTypes) ?? 'both',
        timeoutMs: reader.number('timeout_ms') ?? 20,
      };
}

function parseIpTagging(reader: JsonReader): IpTaggingFilterConfig {
  const tags = reader.objects('ip_tags').flatMap((tag) => {
    const name = readHeaderValue(tag, 'ip_tag_name');
    const ranges = readCidrRanges(tag, 'ip_list');
    return name === undefined ? [] : [{ name, ranges }];
  });
  return { requestType: reader.oneOf('request_type', requestTypes) ?? 'both', tags };
}

function parseLua(reader: JsonReader): LuaFilterConfig | undefined {
  const inlineCode = reader.string('inline_code');
  return inlineCode === undefined
    ? undefined
    : { path: formatJsonPath([...pathOf(reader.place), 'inline_code']), inlineCode };
}

function parseTranscoder(reader: JsonReader): TranscoderFilterConfig | undefined {
  const protoDescriptor = readFilePath(reader, 'proto_descriptor', '/etc/envoy/services.pb');
  const options = reader.object('print_options');
  return protoDescriptor === undefined
    ? undefined
    : {
        path: formatJsonPath(pathOf(reader.place)),
        protoDescriptor,
        services: reader.strings('services').map(({ value }) => value),
        addWhitespace: options?.boolean('add_whitespace') ?? false,
        alwaysPrintPrimitiveFields: options?.boolean('always_print_primitive_fields') ?? false,
        alwaysPrintEnumsAsInts: options?.boolean('always_print_enums_as_ints') ?? false,
        preserveProtoFieldNames: options?.boolean('preserve_proto_field_names') ?? false,
      };
}

function parseSquash(reader: JsonReader, scope: DocumentScope): SquashFilterConfig | undefined {
  const cluster = readClusterName(reader, 'cluster', scope, 'no debugger is attached');
  const attachmentTemplate = reader.map('attachment_template');
  return cluster === undefined || attachmentTemplate === undefined
    ? undefined
    : {
        cluster,
        // Functions, which only a document built by a program may hold, are left out.
        attachmentTemplate: JSON.parse(JSON.stringify(attachmentTemplate)),
        attachmentTimeoutMs: reader.number('attachment_timeout_ms') ?? 60_000,
        attachmentPollPeriodMs: reader.number('attachment_poll_period_ms') ?? 1000,
        requestTimeoutMs: reader.number('request_timeout_ms') ?? 1000,
      };
}
