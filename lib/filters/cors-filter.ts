import { toByteString } from '../base/byte-string.js';
import type { CorsConfig } from '../config/cors-config.js';
import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import { getHeader, type HeaderList, setHeader } from '../http/headers.js';
import type { RequestHead, ResponseHead } from '../http/message.js';
import type { FilterContext } from './filter-context.js';

const allowOrigin = 'access-control-allow-origin';
const allowCredentials = 'access-control-allow-credentials';

/** A policy in the form that requests are held against. */
interface PreparedPolicy {
  readonly allowsAll: boolean;
  readonly origins: ReadonlySet<string>;
  readonly hasCredentials: boolean;
  /** What a preflight request is answered with, beside the origin and the credentials. */
  readonly preflightHeaders: HeaderList;
}

/**
 * Makes the filters of one entry `cors` of a chain: reference 6.1.3. They reject nothing: a response
 * without the headers is what keeps a browser from showing it.
 */
export function createCorsFilterFactory(_context: FilterContext): FilterFactory {
  // A route has one policy for as long as it lives.
  const prepared = new WeakMap<CorsConfig, PreparedPolicy>();
  const prepare = (config: CorsConfig): PreparedPolicy => {
    let policy = prepared.get(config);
    if (policy === undefined) {
      policy = preparePolicy(config);
      prepared.set(config, policy);
    }
    return policy;
  };
  return (callbacks) => new CorsFilter(callbacks, prepare);
}

class CorsFilter implements HttpFilter {
  readonly #callbacks: FilterCallbacks;
  readonly #prepare: (config: CorsConfig) => PreparedPolicy;
  /** What the response gets; `undefined` if the request is of no allowed origin. */
  #grant: { readonly origin: string; readonly hasCredentials: boolean } | undefined = undefined;

  constructor(callbacks: FilterCallbacks, prepare: (config: CorsConfig) => PreparedPolicy) {
    this.#callbacks = callbacks;
    this.#prepare = prepare;
  }

  decodeHead({ method, headers }: RequestHead): FilterStatus {
    const config = this.#callbacks.route?.cors;
    if (config === undefined || config.enabled === false) {
      return 'continue';
    }
    const origin = getHeader(headers, 'origin');
    if (origin === undefined || origin === '') {
      return 'continue';
    }
    const policy = this.#prepare(config);
    if (!policy.allowsAll && !policy.origins.has(origin)) {
      return 'continue';
    }
    this.#grant = { origin, hasCredentials: policy.hasCredentials };
    if (method !== 'OPTIONS' || !getHeader(headers, 'access-control-request-method')) {
      return 'continue';
    }
    // The reply meets `encodeHead` as every response does; the order is that of Envoy.
    const reply = [allowOrigin, origin];
    if (policy.hasCredentials) {
      reply.push(allowCredentials, 'true');
    }
    this.#callbacks.sendLocalReply(200, '', [...reply, ...policy.preflightHeaders]);
    return 'stop';
  }

  encodeHead({ headers }: ResponseHead): undefined {
    const grant = this.#grant;
    if (grant === undefined) {
      return;
    }
    // What the host has said of this is replaced. Without true, its credentials stay, as in Envoy.
    setHeader(headers, allowOrigin, grant.origin);
    if (grant.hasCredentials) {
      setHeader(headers, allowCredentials, 'true');
    }
  }
}

function preparePolicy(config: CorsConfig): PreparedPolicy {
  const preflightHeaders: HeaderList = [];
  for (const [name, value] of [
    ['access-control-allow-methods', config.allowMethods],
    ['access-control-allow-headers', config.allowHeaders],
    ['access-control-expose-headers', config.exposeHeaders],
    ['access-control-max-age', config.maxAge],
  ] as const) {
    if (value !== undefined && value !== '') {
      preflightHeaders.push(name, toByteString(value));
    }
  }
  return {
    allowsAll: config.allowOrigin.includes('*'),
    origins: new Set(config.allowOrigin.map(toByteString)),
    hasCredentials: config.allowCredentials === true,
    preflightHeaders,
  };
}
