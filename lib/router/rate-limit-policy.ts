import { toByteString } from '../base/byte-string.js';
import { isFeatureEnabled } from '../base/runtime-feature.js';
import type { RateLimitActionConfig, RateLimitConfig } from '../config/rate-limit-config.js';
import type {
  RateLimitContext,
  RateLimitDescriptor,
  RateLimitEntry,
  RateLimitedRequest,
  RateLimitPolicy,
} from '../http/rate-limit.js';
import { createHeaderCondition, readRequestHeader } from './header-condition.js';

/** Makes the entry of one action, or `undefined` if it has none for this request. */
type EntrySource = (
  request: RateLimitedRequest,
  context: RateLimitContext,
) => RateLimitEntry | undefined;

/** One entry of `rate_limits`. */
interface RateLimit {
  /** `undefined` if nothing turns it off. */
  readonly runtimeKey: string | undefined;
  readonly sources: readonly EntrySource[];
}

/**
 * Compiles the limits of a route, or returns `undefined` if it has none. Those of the virtual host
 * come after the route's own; if it has some of any stage, they come only if it says so. That is
 * what the code of Envoy does.
 */
export function createRateLimitPolicy(
  ofRoute: readonly RateLimitConfig[],
  includesHost: boolean,
  ofHost: readonly RateLimitConfig[] = [],
): RateLimitPolicy | undefined {
  const configs = ofRoute.length === 0 || includesHost ? [...ofRoute, ...ofHost] : ofRoute;
  return configs.length === 0 ? undefined : new CompiledPolicy(configs);
}

class CompiledPolicy implements RateLimitPolicy {
  readonly #byStage = new Map<number, RateLimit[]>();

  constructor(configs: readonly RateLimitConfig[]) {
    for (const config of configs) {
      const limits = this.#byStage.get(config.stage) ?? [];
      limits.push(createRateLimit(config));
      this.#byStage.set(config.stage, limits);
    }
  }

  hasStage(stage: number): boolean {
    return this.#byStage.has(stage);
  }

  populateDescriptors(
    request: RateLimitedRequest,
    stage: number,
    context: RateLimitContext,
  ): RateLimitDescriptor[] {
    const { runtime, random } = context;
    const descriptors: RateLimitDescriptor[] = [];
    for (const { runtimeKey, sources } of this.#byStage.get(stage) ?? []) {
      if (runtimeKey === undefined || isFeatureEnabled(runtime, random, runtimeKey)) {
        const descriptor = createDescriptor(sources, request, context);
        if (descriptor !== undefined) {
          descriptors.push(descriptor);
        }
      }
    }
    return descriptors;
  }
}

function createRateLimit({ disableKey, actions }: RateLimitConfig): RateLimit {
  const hasKey = disableKey !== undefined && disableKey !== '';
  return {
    runtimeKey: hasKey ? `ratelimit.${disableKey}.http_filter_enabled` : undefined,
    sources: actions.map(createEntrySource),
  };
}

/** One action without an entry leaves no descriptor: a shorter one would count something else. */
function createDescriptor(
  sources: readonly EntrySource[],
  request: RateLimitedRequest,
  context: RateLimitContext,
): RateLimitDescriptor | undefined {
  const entries: RateLimitEntry[] = [];
  for (const source of sources) {
    const entry = source(request, context);
    if (entry === undefined) {
      return undefined;
    }
    entries.push(entry);
  }
  return entries;
}

function createEntrySource(action: RateLimitActionConfig): EntrySource {
  switch (action.type) {
    case 'source_cluster':
      return (_request, { serviceCluster }) => ({
        key: 'source_cluster',
        value: toByteString(serviceCluster),
      });
    case 'destination_cluster':
      return (_request, { cluster }) => ({
        key: 'destination_cluster',
        value: toByteString(cluster),
      });
    case 'remote_address':
      return ({ clientAddress }) =>
        clientAddress === '' ? undefined : { key: 'remote_address', value: clientAddress };
    case 'request_headers': {
      const key = toByteString(action.descriptorKey);
      const { headerName } = action;
      return ({ requestHead }) => {
        const value = readRequestHeader(requestHead, headerName);
        return value === undefined ? undefined : { key, value };
      };
    }
    case 'generic_key': {
      const entry = { key: 'generic_key', value: toByteString(action.descriptorValue) };
      return () => entry;
    }
    case 'header_value_match': {
      const entry = { key: 'header_match', value: toByteString(action.descriptorValue) };
      const conditions = action.headers.map(createHeaderCondition);
      const { expectMatch } = action;
      return (request) =>
        conditions.every((condition) => condition.matches(request)) === expectMatch
          ? entry
          : undefined;
    }
  }
}
