import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SidecarError } from '../base/errors.js';
import { describeValue } from '../config/describe-value.js';
import { isJsonObject } from '../config/json-members.js';
import type { HttpFilterFactory } from '../http/own-filter.js';
import type { Flag } from './flags.js';

/** The flag that names the module. */
export const httpFiltersFlag: Flag = {
  name: 'http-filters',
  value: 'MODULE',
  help: 'A JavaScript module with HTTP filters of your own: its default export holds a factory by the name of each, as the option httpFilters of the library.',
};

/**
 * Imports the filters that a command line names. Without a path there are none.
 *
 * Rejects with `SIDECAR_OPTION_INVALID` if the module cannot be loaded or has no default export of
 * that shape; the factories themselves are checked with the other options.
 */
export async function loadHttpFilters(
  path: string | undefined,
): Promise<Readonly<Record<string, HttpFilterFactory>>> {
  if (path === undefined) {
    return {};
  }
  const exported = await importDefault(path);
  if (!isJsonObject(exported)) {
    throw new SidecarError(
      'SIDECAR_OPTION_INVALID',
      `--http-filters: the default export of ${path} is ${describeValue(exported)}, expected an ` +
        'object of factories, as in export default { my_filter: createMyFilter }',
    );
  }
  // The values are checked as `httpFilters` of the library is.
  return exported as Record<string, HttpFilterFactory>;
}

async function importDefault(path: string): Promise<unknown> {
  try {
    const module: unknown = await import(pathToFileURL(resolve(path)).href);
    return (module as { readonly default?: unknown }).default;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SidecarError('SIDECAR_OPTION_INVALID', `--http-filters: ${reason}`, { cause });
  }
}
