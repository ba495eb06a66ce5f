import type { JsonReader } from './json-reader.js';

/** Envoy's default of `--max-obj-name-len`. */
const maxNameBytes = 60;

/** Envoy's default of `per_connection_buffer_limit_bytes`: 1 MiB. */
const defaultBufferLimitBytes = 1048576;

/** Checks the length of the `name` of a cluster, listener or virtual host. */
export function checkNameLength(reader: JsonReader, name: string): void {
  const bytes = Buffer.byteLength(name);
  if (bytes > maxNameBytes) {
    reader.problem(
      `the name is ${bytes} bytes long, expected at most ${maxNameBytes}; shorten it`,
      'name',
    );
  }
}

/** Reads a required path of a file, which must not be empty. */
export function requireFilePath(reader: JsonReader, key: string): string | undefined {
  const path = reader.requireString(key, '/dev/stdout');
  if (path === '') {
    reader.problem('the path is empty; write the path of a file, such as "/dev/stdout"', key);
  }
  return path;
}

/** Reads the `per_connection_buffer_limit_bytes` of a listener or a cluster. */
export function readBufferLimit(reader: JsonReader): number {
  const limit = reader.optionalInteger('per_connection_buffer_limit_bytes', { min: 1 });
  return limit ?? defaultBufferLimitBytes;
}
