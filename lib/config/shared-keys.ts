import { quoteText } from './describe-value.js';
import type { DocumentScope } from './document-scope.js';
import { isHeaderName, isHeaderValue } from './header-text.js';
import type { JsonReader } from './json-reader.js';

/** Envoy's default of `--max-obj-name-len`. */
const maxNameBytes = 60;

/** What `per_connection_buffer_limit_bytes` is where it is not written: 1 MiB. */
export const defaultBufferLimitBytes = 1048576;

/** Checks the length of the name of a cluster, listener, virtual host or route table. */
export function checkNameLength(reader: JsonReader, name: string, key = 'name'): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > maxNameBytes) {
    reader.problem(
      `the name is ${bytes} bytes long, expected at most ${maxNameBytes}; shorten it`,
      key,
    );
  }
}

/** Reads a path of a file, which must not be empty. */
export function readFilePath(
  reader: JsonReader,
  key: string,
  example = '/dev/stdout',
): string | undefined {
  const path = reader.string(key);
  if (path === '') {
    reader.problem(`the path is empty; write the path of a file, such as "${example}"`, key);
  }
  return path;
}

/** Reads the `per_connection_buffer_limit_bytes` of a listener or a cluster. */
export function readBufferLimit(reader: JsonReader): number {
  return reader.number('per_connection_buffer_limit_bytes') ?? defaultBufferLimitBytes;
}

/** Reads a text that becomes, or becomes a part of, the value of a header. */
export function readHeaderValue(reader: JsonReader, key: string): string | undefined {
  const value = reader.string(key);
  if (value !== undefined && !isHeaderValue(value)) {
    reader.problem(
      `${quoteText(value)} cannot be the value of a header; remove the control characters`,
      key,
    );
  }
  return value;
}

/** Reads the name of a header; in lower case. `isPseudoAllowed`: whether it may be `:path` etc. */
export function readHeaderName(
  reader: JsonReader,
  key: string,
  isPseudoAllowed: boolean,
): string | undefined {
  const name = reader.string(key);
  if (name === undefined) {
    return undefined;
  }
  const plain = isPseudoAllowed ? name.replace(/^:/, '') : name;
  if (!isHeaderName(plain)) {
    reader.problem(`${quoteText(name)} is not the name of a header`, key);
  }
  const lower = name.toLowerCase();
  // HTTP/1.1 calls `Host` what HTTP/2 calls `:authority`: one header, by the latter name.
  return isPseudoAllowed && lower === 'host' ? ':authority' : lower;
}

/**
 * Which cluster a name may be that of: any, one that stands in the file, or one that can be asked
 * to discover others: it stands in the file, and so do its hosts or their names.
 */
export type ClusterOrigin = 'any' | 'static' | 'discovery service';

/** Reads the name of a cluster that must exist wherever it is named. */
export function readClusterName(
  reader: JsonReader,
  key: string,
  scope: DocumentScope,
  consequence: string,
  origin: ClusterOrigin = 'any',
): string | undefined {
  const name = reader.string(key);
  if (name !== undefined) {
    scope.clusters.refer({
      name,
      place: reader.placeOf(key),
      mustExist: true,
      isStatic: origin !== 'any',
      isForDiscovery: origin === 'discovery service',
      consequence,
    });
  }
  return name;
}
