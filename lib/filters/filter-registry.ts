import type { HttpFilterConfig } from '../config/http-filter-config.js';
import type { FilterFactory } from '../http/filter.js';
import { type RouterContext, RouterFilter } from '../router/router-filter.js';
import { createBufferFilterFactory } from './buffer-filter.js';
import { createCorsFilterFactory } from './cors-filter.js';
import { createDynamoFilterFactory } from './dynamo-filter.js';
import { createFaultFilterFactory } from './fault-filter.js';
import type { FilterContext } from './filter-context.js';
import { createGrpcHttp1BridgeFilterFactory } from './grpc-http1-bridge-filter.js';
import { createGrpcJsonTranscoderFilterFactory } from './grpc-json-transcoder-filter.js';
import { createGrpcWebFilterFactory } from './grpc-web-filter.js';
import { createHeadGuard } from './head-guard-filter.js';
import { createHealthCheckFilterFactory } from './health-check-filter.js';
import { createIpTaggingFilterFactory } from './ip-tagging-filter.js';
import { createLuaFilterFactory } from './lua-filter.js';
import { createOwnFilterFactory } from './own-filter.js';
import { createRateLimitFilterFactory } from './rate-limit-filter.js';
import { createSquashFilterFactory } from './squash-filter.js';

/** Returns one factory for each entry of the configured chain, in its order. */
export function createFilterFactories(
  configs: readonly HttpFilterConfig[],
  context: FilterContext,
): readonly FilterFactory[] {
  if (!configs.some(({ name }) => name === 'own')) {
    return configs.flatMap((config) => createFactory(config, context) ?? []);
  }
  const factories = configs.flatMap((config) => {
    const factory = createFactory(config, context) ?? [];
    return config.name === 'router' ? [createHeadGuard, factory].flat() : factory;
  });
  // Filters behind the router see responses, too.
  return configs.at(-1)?.name === 'router' ? factories : [...factories, createHeadGuard];
}

/** Returns `undefined` for a filter that is left out, of which the parser has warned. */
function createFactory(
  filter: HttpFilterConfig,
  context: FilterContext,
): FilterFactory | undefined {
  switch (filter.name) {
    case 'router': {
      const routerContext: RouterContext = { ...context, ...filter.config };
      return (callbacks) => new RouterFilter(routerContext, callbacks);
    }
    case 'buffer':
      return createBufferFilterFactory(filter.config, context);
    case 'cors':
      return createCorsFilterFactory(context);
    case 'fault':
      return createFaultFilterFactory(filter.config, context);
    case 'health_check':
      return createHealthCheckFilterFactory(filter.config, context);
    case 'rate_limit':
      return createRateLimitFilterFactory(filter.config, context);
    case 'ip_tagging':
      return createIpTaggingFilterFactory(filter.config, context);
    case 'lua':
      return createLuaFilterFactory(filter.config, context);
    case 'own':
      return createOwnFilterFactory(filter.filterName, filter.config, context);
    case 'grpc_http1_bridge':
      return createGrpcHttp1BridgeFilterFactory(context);
    case 'grpc_json_transcoder':
      return createGrpcJsonTranscoderFilterFactory(filter.config, context);
    case 'grpc_web':
      return createGrpcWebFilterFactory(context);
    case 'http_dynamo_filter':
      return createDynamoFilterFactory(context);
    case 'squash':
      return createSquashFilterFactory(filter.config, context);
  }
}
