import { listQuoted, quoteText } from './describe-value.js';
import type { JsonReader } from './json-reader.js';
import { findNearestName } from './nearest-name.js';
import {
  unsupportedHttpFilters,
  unsupportedNetworkFilters,
  unsupportedValues,
} from './unsupported-values.js';

/** One entry of the HTTP filter chain, in order. The last is the router. */
export type HttpFilterConfig = RouterFilterConfig;

/** `router`: reference 3.1. */
export interface RouterFilterConfig {
  readonly name: 'router';
  /** Whether the per-code statistics of reference 8.3 are kept. Default true. */
  readonly dynamicStats: boolean;
}

const routerExample = '{ "name": "router", "config": {} }';

/** Parses the `filters` of an `http_connection_manager`. */
export function parseHttpFilters(reader: JsonReader): HttpFilterConfig[] {
  const filters = reader.requireObjects('filters', 'httpFilter', `[${routerExample}]`, 1);
  const names = filters.map(checkHttpFilterName);
  for (const [index, filter] of filters.entries()) {
    if (names[index] === 'router' && index < filters.length - 1) {
      filter.problem(
        '"router" must be the last filter, as those after it never run; move it',
        'name',
      );
    }
  }
  const last = filters.at(-1);
  const lastName = names.at(-1);
  if (last !== undefined && lastName !== undefined && !names.includes('router')) {
    last.problem(
      `the last filter must be "router", which sends the requests on, found ${quoteText(lastName)}; ` +
        `add ${routerExample} after it`,
      'name',
    );
  }
  return filters.flatMap((filter, index) =>
    names[index] === 'router' ? (parseRouterFilter(filter) ?? []) : [],
  );
}

function parseRouterFilter(filter: JsonReader): RouterFilterConfig | undefined {
  const config = filter.requireObject('config', 'routerFilter', '{}');
  if (config === undefined) {
    return undefined;
  }
  const dynamicStats = config.optionalBoolean('dynamic_stats') ?? true;
  if (config.optionalBoolean('start_child_span') === true) {
    config.unsupported('start_child_span', unsupportedValues.startChildSpan);
  }
  return { name: 'router', dynamicStats };
}

/** Returns the name, or the name that was meant, and reports one that is not supported. */
function checkHttpFilterName(filter: JsonReader): string | undefined {
  const name = filter.requireString('name', 'router');
  if (name === undefined || name === 'router') {
    return name;
  }
  const feature = Object.hasOwn(unsupportedHttpFilters, name)
    ? unsupportedHttpFilters[name]
    : undefined;
  if (feature !== undefined) {
    filter.unsupported('name', feature);
    return name;
  }
  if (Object.hasOwn(unsupportedNetworkFilters, name)) {
    filter.problem(`"${name}" is a network filter; move it to the "filters" of a listener`, 'name');
    return name;
  }
  const names = ['router', ...Object.keys(unsupportedHttpFilters)];
  const nearest = findNearestName(name, names);
  const hint =
    nearest === undefined ? `expected ${listQuoted(names)}` : `did you mean "${nearest}"?`;
  filter.problem(`v1 has no HTTP filter ${quoteText(name)}; ${hint}`, 'name');
  return nearest ?? name;
}
