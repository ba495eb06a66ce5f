import { systemClock } from './base/clock.js';
import { ConfigError, type ConfigProblem } from './base/errors.js';
import { silentLogger } from './base/log.js';
import { describeValue } from './config/describe-value.js';
import { isJsonObject } from './config/json-members.js';
import { checkOptionNames, optionInvalid } from './config/option-check.js';
import { type ConfigSource, loadConfig } from './config-file.js';
import { findTlsProblems } from './downstream/tls/listener-tls-manager.js';
import { explainRequest } from './explain/explain-request.js';
import { type ExplainOptions, readExplainedRequest } from './explain/explained-request.js';
import type { Explanation } from './explain/explanation.js';
import { checkLuaScripts } from './filters/lua/load-lua-scripts.js';
import { loadTranscoders } from './filters/transcoder/load-transcoders.js';
import { findClusterTlsProblems } from './upstream/tls/cluster-tls-material.js';

/** How a configuration is read without being used. */
export interface ConfigOptions {
  /**
   * What a key does that Envoy knows and pillion does not support: `error` makes it a problem,
   * `warn` a warning.
   */
  readonly unsupported?: 'error' | 'warn';
  /** Names of the HTTP filters that the application brings itself, as `httpFilters` of `createSidecar`. */
  readonly httpFilters?: readonly string[];
  /** Whether `registrations` of `createSidecar` is given: clusters of type `sds` then need no `sds`. */
  readonly registrations?: boolean;
}

/** What is to be said about a configuration, in the order of the document. */
export interface ConfigReport {
  /** Why it would be refused; empty if it would not. */
  readonly problems: readonly ConfigProblem[];
  /** What its author should know although it can be used; empty if there are problems. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Checks a configuration as `createSidecar` would, with the files that it names, and opens nothing.
 * `unsupported` is `error` by default.
 *
 * Rejects with a `SidecarError` only if there is nothing to check, `SIDECAR_CONFIG_UNREADABLE` for a
 * file that cannot be read, or nothing to check it with: `SIDECAR_PACKAGE_MISSING` for scripts.
 */
export async function validateConfig(
  config: ConfigSource,
  options: ConfigOptions = {},
): Promise<ConfigReport> {
  try {
    checkOptions(options);
    const { unsupported = 'error', httpFilters, registrations } = options;
    const parsed = await loadConfig(config, unsupported, httpFilters, registrations);
    const { listeners, clusterManager } = parsed.config;
    await checkLuaScripts(listeners);
    await loadTranscoders(listeners, silentLogger);
    const wallNowMs = systemClock.wallNow();
    const problems = [
      ...(await findTlsProblems(listeners, wallNowMs)),
      ...(await findClusterTlsProblems(clusterManager, wallNowMs)),
    ];
    return { problems, warnings: problems.length === 0 ? parsed.warnings : [] };
  } catch (error) {
    if (error instanceof ConfigError) {
      return { problems: error.problems, warnings: [] };
    }
    throw error;
  }
}

const knownOptions: readonly (keyof ConfigOptions)[] = [
  'unsupported',
  'httpFilters',
  'registrations',
];

/** Throws `SIDECAR_OPTION_INVALID`. */
function checkOptions(options: unknown): void {
  if (!isJsonObject(options)) {
    const found = describeValue(options);
    throw optionInvalid(`the options are ${found}, expected an object: { unsupported: "warn" }`);
  }
  checkOptionNames(options, knownOptions);
  const { unsupported, httpFilters, registrations }: { [K in keyof ConfigOptions]: unknown } =
    options;
  if (unsupported !== undefined && unsupported !== 'error' && unsupported !== 'warn') {
    throw optionInvalid(`unsupported is ${describeValue(unsupported)}, expected "error" or "warn"`);
  }
  const areNames =
    Array.isArray(httpFilters) && httpFilters.every((name) => typeof name === 'string');
  if (httpFilters !== undefined && !areNames) {
    throw optionInvalid(
      `httpFilters is ${describeValue(httpFilters)}, expected an array of the names of filters`,
    );
  }
  if (registrations !== undefined && typeof registrations !== 'boolean') {
    throw optionInvalid(`registrations is ${describeValue(registrations)}, expected true or false`);
  }
}

/** What becomes of a request, and what is to be said about the configuration. */
export interface ConfigExplanation extends Explanation {
  /** In the order of the document. */
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Says what would become of a request under a configuration: which listener, virtual host, route and
 * cluster it takes, what is changed on it, and why the routes before did not match. Nothing is sent.
 * `unsupported` is `warn` by default: what is not supported is explained all the same.
 *
 * Rejects with a `ConfigError` if the configuration is refused, and with a `SidecarError` if it
 * cannot be read, or the request is none.
 */
export async function explainConfig(
  config: ConfigSource,
  request: ExplainOptions,
  options: ConfigOptions = {},
): Promise<ConfigExplanation> {
  // A request that is none is told of before anything is read.
  readExplainedRequest(request);
  checkOptions(options);
  const mode = options.unsupported === 'error' ? 'error' : 'explain';
  const parsed = await loadConfig(config, mode, options.httpFilters, options.registrations);
  return { ...explainRequest(parsed.config, request), warnings: parsed.warnings };
}
