import { SidecarError } from '../base/errors.js';
import type { FilterFactory } from '../http/filter.js';
import type { HttpFilterContext, HttpFilterFactory } from '../http/own-filter.js';
import type { FilterContext } from './filter-context.js';
import { checkFilter } from './own/check-filter.js';
import { OwnCallbacks } from './own/own-callbacks.js';
import { swallowPromise } from './own/swallow-promise.js';

/** Makes the filters of one entry of a chain that the application brings itself. */
export function createOwnFilterFactory(
  name: string,
  config: Readonly<Record<string, unknown>>,
  context: FilterContext,
): FilterFactory {
  const factory = context.httpFilters.get(name);
  if (factory === undefined) {
    // The parser knows the name from the same map.
    throw new Error(`there is no factory of the filter ${name}`);
  }
  const create = callFactory(name, factory, config, context);
  return (callbacks) => {
    const ownCallbacks = new OwnCallbacks(name, callbacks);
    const filter: unknown = create(ownCallbacks);
    if (typeof filter !== 'object' || filter === null || swallowPromise(filter)) {
      throw new TypeError(
        `httpFilters.${name} made no filter for a request, but ${kindOf(filter)}`,
      );
    }
    return checkFilter(name, filter, ownCallbacks);
  };
}

function callFactory(
  name: string,
  factory: HttpFilterFactory,
  config: Readonly<Record<string, unknown>>,
  { scope, serviceCluster, serviceNode, log: logger, runtime }: FilterContext,
): FilterFactory {
  const context: HttpFilterContext = { scope, serviceCluster, serviceNode, logger, runtime };
  let create: unknown;
  try {
    create = factory(config, context);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SidecarError('SIDECAR_FILTER_FAILED', `httpFilters.${name} failed: ${reason}`, {
      cause,
    });
  }
  if (typeof create !== 'function') {
    throw new SidecarError(
      'SIDECAR_FILTER_FAILED',
      `httpFilters.${name} returned ${kindOf(create)}, expected a function that ` +
        'makes a filter: (config, context) => (callbacks) => filter',
    );
  }
  return create as FilterFactory;
}

function kindOf(value: unknown): string {
  if (swallowPromise(value)) {
    return 'a promise';
  }
  return value === null ? 'null' : typeof value;
}
