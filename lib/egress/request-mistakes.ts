import { describeValue } from '../config/describe-value.js';
import { hintAtName } from '../config/option-check.js';

/** The options that `sidecar.request` has. */
export const requestOptionNames: readonly string[] = ['method', 'headers', 'body', 'signal'];

/** What to do instead, by the options that other clients have. */
const advice: readonly (readonly [advice: string, options: readonly string[]])[] = [
  ['write the query into the URL', ['query', 'params', 'searchParams', 'qs']],
  [
    'time-outs are those of the route; for this call alone, send the header x-envoy-upstream-rq-timeout-ms, or give signal: AbortSignal.timeout(ms)',
    ['timeout', 'timeoutMs', 'headersTimeout', 'bodyTimeout', 'connectTimeout', 'requestTimeout'],
  ],
  [
    'request() follows no redirects; sidecar.fetch() does',
    ['redirect', 'maxRedirections', 'maxRedirects', 'followRedirect', 'follow'],
  ],
  [
    'the sidecar itself chooses how the request is sent; leave it out, or give sidecar.dispatcher or sidecar.agent to another client',
    ['dispatcher', 'agent', 'httpAgent', 'httpsAgent', 'client', 'proxy'],
  ],
  [
    'retries are those of the route; for this call alone, send the headers x-envoy-retry-on and x-envoy-max-retries',
    ['retry', 'retries', 'maxRetries', 'idempotent'],
  ],
  [
    'give body: JSON.stringify(value), and the header content-type: application/json',
    ['json', 'data'],
  ],
  ['give a FormData or URLSearchParams as body', ['form', 'formData']],
  [
    'it is part of the URL, the first argument',
    ['url', 'uri', 'baseURL', 'prefixUrl', 'origin', 'path', 'pathname', 'hostname', 'port'],
  ],
  ['it is part of the URL; for another Host, send the header host', ['host']],
  ['send the header authorization', ['auth', 'username', 'password']],
  ['look at the statusCode of the response', ['throwOnError', 'throwHttpErrors', 'validateStatus']],
  [
    'read the body by text(), json(), bytes() or stream() of the response',
    ['responseType', 'encoding', 'decompress'],
  ],
  ['give sidecar.dispatcher or sidecar.agent to a client of WebSockets', ['upgrade', 'protocol']],
  [
    'request() has no use for it; leave it out',
    [
      'duplex',
      'keepalive',
      'mode',
      'credentials',
      'cache',
      'referrer',
      'referrerPolicy',
      'integrity',
      'blocking',
      'reset',
      'expectContinue',
      'highWaterMark',
      'opaque',
      'onInfo',
      'responseHeaders',
      'typeOfService',
    ],
  ],
];

/** Returns what is wrong with an option that does not exist, and what to use instead. */
export function adviseOnOption(options: object, name: string): string {
  if (isRequest(options)) {
    return 'the options are a Request; give it to sidecar.fetch()';
  }
  const [found] = advice.find(([, names]) => names.includes(name)) ?? [];
  return found === undefined
    ? `unknown option "${name}"; there are: ${requestOptionNames.join(', ')}${hintAtName(name, requestOptionNames)}`
    : `unknown option "${name}"; ${found}`;
}

/** Returns what is wrong with a URL that is neither a string nor a URL. */
export function describeWrongUrl(url: unknown): string {
  if (isRequest(url)) {
    return 'the URL is a Request; give it to sidecar.fetch()';
  }
  const hint =
    url instanceof Promise ? '; await it first' : ', as in request("http://orders/list")';
  return `the URL is ${describeValue(url)}, expected a string or a URL${hint}`;
}

/** Asked for by its kind, not its class: libraries bring classes of their own. */
function isRequest(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Request]';
}
