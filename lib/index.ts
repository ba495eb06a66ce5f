export type { RequestContextOptions } from './application-options.js';
export type { ConfigProblem, SidecarErrorCode } from './base/errors.js';
export { ConfigError, SidecarError } from './base/errors.js';
export type { Logger } from './base/log.js';
export type { SidecarRuntime } from './base/runtime/sidecar-runtime.js';
export type { CorsConfig } from './config/cors-config.js';
export type { EnvoyV1Config } from './config/envoy-v1-config.js';
export type { HeaderMatcherConfig } from './config/header-matcher-config.js';
export type { RateLimitActionConfig, RateLimitConfig } from './config/rate-limit-config.js';
export type { RetryPolicyConfig } from './config/retry-policy-config.js';
export type { ConfigSource } from './config-file.js';
export type { ConfigExplanation, ConfigOptions, ConfigReport } from './config-report.js';
export { explainConfig, validateConfig } from './config-report.js';
export type { CloseOptions, DrainOptions } from './drain-options.js';
export type {
  ControllerDispatchHandler,
  DispatchController,
  DispatchHandler,
  LegacyDispatchHandler,
} from './egress/dispatcher/dispatch-handler.js';
export type { DispatchOptions } from './egress/dispatcher/dispatch-options.js';
export type { SidecarDispatcher } from './egress/dispatcher/sidecar-dispatcher.js';
export type {
  CloseCallback,
  Dispatch,
  DispatchInterceptor,
  UndiciDispatcher,
} from './egress/dispatcher/undici-dispatcher.js';
export type { ContextMiddleware } from './egress/inbound-context.js';
export type { InboundHeaders } from './egress/inbound-headers.js';
export type { OutboundBody } from './egress/outbound-body.js';
export type { HeaderRecord, OutboundResponse } from './egress/outbound-response.js';
export type { BodyInput, HeadersInput, RequestOptions } from './egress/request-options.js';
export type { ExplainOptions } from './explain/explained-request.js';
export type {
  ExplainedHeader,
  ExplainedRoute,
  Explanation,
  ForwardExplanation,
  LocalReplyExplanation,
  RedirectExplanation,
} from './explain/explanation.js';
export type {
  FilterCallbacks,
  FilterFactory,
  FilterStatus,
  HttpFilter,
  MatchedRoute,
  ResponseFilterStatus,
  RoutedRequest,
} from './http/filter.js';
export type { HeaderList } from './http/headers.js';
export { addHeader, getHeader, hasHeader, removeHeader, setHeader } from './http/headers.js';
export type { RequestHead, ResponseHead } from './http/message.js';
export type { HttpFilterContext, HttpFilterFactory } from './http/own-filter.js';
export type { RetryBudget } from './router/retry-options.js';
export type { ListenerInfo, Sidecar } from './sidecar.js';
export { createSidecar } from './sidecar.js';
export type { SidecarOptions } from './sidecar-options.js';
export type { BreakerOptions } from './upstream/breaker/breaker-options.js';
export type {
  Registration,
  RegistrationSource,
  RegistrationSubscriber,
  RegistrationSubscription,
  RegistrationTags,
} from './upstream/discovery/registration-source.js';
export type { FetchApplication, FetchHandler } from './upstream/fetch-application.js';
export type { SlowStartOptions } from './upstream/load-balancing/slow-start-options.js';
export type { MountedApplication, NodeApplication } from './upstream/mounted-application.js';
