import type { JsonReader } from './json-reader.js';
import { readHeaderValue } from './shared-keys.js';

/** `cors` of a virtual host or a route: reference 6.1.3. An absent value is the virtual host's. */
export interface CorsConfig {
  /** `undefined` where it is not said; a virtual host cannot say it. */
  readonly enabled: boolean | undefined;
  /** Empty if nothing is said. */
  readonly allowOrigin: readonly string[];
  readonly allowMethods: string | undefined;
  readonly allowHeaders: string | undefined;
  readonly exposeHeaders: string | undefined;
  readonly maxAge: string | undefined;
  readonly allowCredentials: boolean | undefined;
}

/** Parses `cors`; `undefined` if it is not there. */
export function parseCors(
  reader: JsonReader | undefined,
  hasEnabled: boolean,
): CorsConfig | undefined {
  return reader === undefined
    ? undefined
    : {
        enabled: hasEnabled ? reader.boolean('enabled') : undefined,
        allowOrigin: reader.strings('allow_origin').map(({ value }) => value),
        allowMethods: readHeaderValue(reader, 'allow_methods'),
        allowHeaders: readHeaderValue(reader, 'allow_headers'),
        exposeHeaders: readHeaderValue(reader, 'expose_headers'),
        maxAge: readHeaderValue(reader, 'max_age'),
        allowCredentials: reader.boolean('allow_credentials'),
      };
}
