import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SidecarError } from './base/errors.js';
import { describeValue } from './config/describe-value.js';
import { optionInvalid } from './config/option-check.js';
import {
  type ParseConfigOptions,
  type ParsedConfig,
  parseConfig,
  parseConfigText,
  parseConfigYaml,
} from './config/parse-config.js';
import type { UnsupportedMode } from './config/problem-collector.js';

/**
 * Path or `file:` URL of an Envoy v1 configuration, in YAML if its name ends in `.yaml` or `.yml` and
 * else in JSON; or what stands in it as an object.
 */
export type ConfigSource = string | URL | object;

/**
 * Reads and parses a configuration. Rejects with a `SidecarError` if it cannot be read or is no
 * configuration at all, and with a `ConfigError` if it is refused.
 */
export async function loadConfig(
  source: ConfigSource,
  unsupported: UnsupportedMode,
  httpFilters: Iterable<string> = [],
  hasRegistrations = false,
): Promise<ParsedConfig> {
  const options = { unsupported, httpFilters, hasRegistrations };
  checkSource(source);
  if (typeof source !== 'string' && !(source instanceof URL)) {
    return parseConfig(source, { source: 'the configuration', ...options });
  }
  const path = source instanceof URL ? toPath(source) : source;
  return loadConfigFile(path, { source: path, ...options });
}

/** Throws for what is no configuration, but what one is made of. */
function checkSource(source: unknown): void {
  if (source === undefined) {
    throw optionInvalid('config is missing; give a path, a file: URL, or the configuration itself');
  }
  const isText = typeof source === 'string' && /^\s*\{/.test(source);
  const isObject = typeof source === 'object' && source !== null;
  const isWhole = isObject && !(source instanceof Promise) && !ArrayBuffer.isView(source);
  if (!isWhole && (typeof source !== 'string' || source === '' || isText)) {
    throw optionInvalid(
      `config is ${describeValue(source)}, expected a path, a file: URL, or the configuration itself${hintAt(source)}`,
    );
  }
}

function hintAt(source: unknown): string {
  if (source instanceof Promise) {
    return '; await it first';
  }
  return source !== '' && (typeof source === 'string' || ArrayBuffer.isView(source))
    ? '; give its path, or what JSON.parse() makes of it'
    : '';
}

function toPath(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw optionInvalid(`config is ${url.href}; only file: URLs can be read`, cause);
  }
}

async function loadConfigFile(path: string, options: ParseConfigOptions): Promise<ParsedConfig> {
  const bytes = await readConfigFile(path);
  return /\.ya?ml$/i.test(path) ? parseConfigYaml(bytes, options) : parseConfigText(bytes, options);
}

/** Reads a configuration file; the error says what to do about it. */
export async function readConfigFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SidecarError(
      'SIDECAR_CONFIG_UNREADABLE',
      `the configuration ${path} cannot be read: ${await explainReadError(path, cause)}`,
      { cause },
    );
  }
}

async function explainReadError(path: string, cause: unknown): Promise<string> {
  const { code } = cause as NodeJS.ErrnoException;
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) {
    return 'it is a folder; name the file in it';
  }
  switch (code) {
    case 'ENOENT':
      return `there is no such file (looked for it from ${process.cwd()})`;
    case 'EACCES':
      return 'this process may not read it';
    default:
      return `the system says ${code ?? String(cause)}`;
  }
}
