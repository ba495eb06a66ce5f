import type { AdminContext } from './admin-context.js';
import { type AdminEndpoint, type AdminReply, textReply } from './admin-endpoint.js';
import { certsEndpoint } from './certs.js';
import { clustersEndpoint } from './clusters.js';
import { healthcheckFailEndpoint } from './healthcheck-fail.js';
import { healthcheckOkEndpoint } from './healthcheck-ok.js';
import { createHomeEndpoint, describeEndpoints } from './home.js';
import { listenersEndpoint } from './listeners.js';
import { resetCountersEndpoint } from './reset-counters.js';
import { routesEndpoint } from './routes.js';
import { runtimeEndpoint } from './runtime.js';
import { serverInfoEndpoint } from './server-info.js';
import { statsEndpoint } from './stats.js';

const listedEndpoints: readonly AdminEndpoint[] = [
  certsEndpoint,
  clustersEndpoint,
  healthcheckFailEndpoint,
  healthcheckOkEndpoint,
  listenersEndpoint,
  resetCountersEndpoint,
  routesEndpoint,
  runtimeEndpoint,
  serverInfoEndpoint,
  statsEndpoint,
];

const endpointsByPath: ReadonlyMap<string, AdminEndpoint> = new Map(
  [createHomeEndpoint(listedEndpoints), ...listedEndpoints].map((endpoint) => [
    endpoint.path,
    endpoint,
  ]),
);

/** What decides about an admin request. */
export interface AdminRequest {
  readonly method: string;
  /** The request target. */
  readonly url: string;
  /** A browser sent it on behalf of a page that is not the admin server's own. */
  readonly isCrossSite: boolean;
}

/** Finds the endpoint of a request and returns its reply, or the reply that there is none. */
export function replyToAdminRequest(context: AdminContext, request: AdminRequest): AdminReply {
  const { method, url } = request;
  const queryStart = url.indexOf('?');
  const path = queryStart === -1 ? url : url.slice(0, queryStart);
  const endpoint = endpointsByPath.get(path);
  if (endpoint === undefined) {
    return textReply(404, ['invalid path. ', describeEndpoints(listedEndpoints)]);
  }
  // Envoy takes GET for everything in the years of v1, and insists on POST for changes later. HEAD
  // is left to what changes nothing: it is meant to be harmless.
  const isAllowed =
    method === 'GET' || method === 'POST' || (method === 'HEAD' && !endpoint.isMutation);
  if (!isAllowed) {
    return textReply(405, ['use GET or POST\n']);
  }
  // There are no passwords here, so a page in somebody's browser must not be able to take this
  // instance out of service by naming one of these paths as the address of an image.
  if (endpoint.isMutation && request.isCrossSite) {
    return textReply(403, ['not for the pages of other sites\n']);
  }
  const query = queryStart === -1 ? '' : url.slice(queryStart + 1);
  return endpoint.reply(context, new URLSearchParams(query));
}
