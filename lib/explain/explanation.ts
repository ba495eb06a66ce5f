import type { CorsConfig } from '../config/cors-config.js';
import type { RateLimitConfig } from '../config/rate-limit-config.js';
import type { RetryPolicyConfig } from '../config/retry-policy-config.js';

/** A header, by name and value. */
export interface ExplainedHeader {
  readonly name: string;
  readonly value: string;
}

/** One route that was looked at. */
export interface ExplainedRoute {
  /** Where it stands among the routes of its virtual host in the configuration, from 0 on. */
  readonly index: number;
  /** What it asks for, as in `path begins with "/api"`. */
  readonly conditions: readonly string[];
  /** Why it does not match; empty if it does. */
  readonly reasons: readonly string[];
}

/** A request that is sent to a cluster. */
export interface ForwardExplanation {
  readonly kind: 'forward';
  readonly cluster: string;
  /** How the cluster was found, if the route does not simply name it. */
  readonly chosenBy: string | undefined;
  /** The request as the host gets it. */
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Milliseconds, as the route or a header of an internal request says; 0 for no limit. */
  readonly timeoutMs: number;
  readonly priority: 'default' | 'high';
  readonly retryPolicy: RetryPolicyConfig | undefined;
  readonly shadow:
    | { readonly cluster: string; readonly runtimeKey: string | undefined }
    | undefined;
  readonly autoHostRewrite: boolean;
  readonly useWebsocket: boolean;
  readonly hashHeader: string | undefined;
  readonly decoratorOperation: string | undefined;
  readonly opaqueConfig: Readonly<Record<string, string>>;
  /** Those of the route, and of the virtual host where they apply as well. */
  readonly rateLimits: readonly RateLimitConfig[];
  /** Whether those of the virtual host are among them. */
  readonly inheritsRateLimits: boolean;
  /** The policy that the filter cors acts by. */
  readonly cors: CorsConfig | undefined;
  readonly requestHeadersAdded: readonly ExplainedHeader[];
  /** Names of headers that steer the router, and that the host does not get. */
  readonly requestHeadersRemoved: readonly string[];
}

/** A request that is answered with a redirect. */
export interface RedirectExplanation {
  readonly kind: 'redirect';
  readonly status: 301;
  readonly location: string;
  /** Whether `require_ssl` of the virtual host asks for it, in the place of all routes. */
  readonly isForSsl: boolean;
}

/**
 * A request that is answered here: no route takes it, its cluster does not exist, or it asks for an
 * upgrade that its route does not allow.
 */
export interface LocalReplyExplanation {
  readonly kind: 'local_reply';
  readonly status: 403 | 404;
  /** A clause. */
  readonly reason: string;
}

/** What becomes of a request. */
export interface Explanation {
  readonly request: {
    readonly method: string;
    readonly url: string;
    /** The `Host`. */
    readonly host: string;
    readonly path: string;
  };
  readonly listener: { readonly name: string; readonly address: string };
  readonly virtualHost:
    | {
        readonly name: string;
        readonly domain: string;
        readonly virtualCluster: string | undefined;
      }
    | undefined;
  /** The routes that were looked at, in order; the last one is taken if its reasons are empty. */
  readonly routes: readonly ExplainedRoute[];
  readonly outcome: ForwardExplanation | RedirectExplanation | LocalReplyExplanation;
  readonly responseHeadersAdded: readonly ExplainedHeader[];
  /** Names. */
  readonly responseHeadersRemoved: readonly string[];
}
