import { Server } from 'node:http';
import type { TracerProvider } from '@opentelemetry/api';
import { GuardedLogger } from './base/guarded-logger.js';
import { type Logger, silentLogger } from './base/log.js';
import { describeValue } from './config/describe-value.js';
import { isJsonObject } from './config/json-members.js';
import { entriesOf, listNames, optionInvalid, unknownOption } from './config/option-check.js';
import { httpFilterUnion } from './config/schema/http-filter-union.js';
import { type ContextPolicy, fullContext } from './http/context-policy.js';
import type { HttpFilterFactory } from './http/own-filter.js';
import type { RegistrationSource } from './upstream/discovery/registration-source.js';
import type { MountedApplication } from './upstream/mounted-application.js';

/** Returns a logger that never throws; silence, if none is given. */
export function checkLogger(logger: Logger | undefined): Logger {
  if (logger === undefined) {
    return silentLogger;
  }
  for (const level of ['debug', 'info', 'warn', 'error'] as const) {
    if (typeof logger?.[level] !== 'function') {
      throw optionInvalid(`logger has no method "${level}"; it needs debug, info, warn and error`);
    }
  }
  return new GuardedLogger(logger);
}

/** Throws unless it can make tracers. */
export function checkTracerProvider(
  provider: TracerProvider | undefined,
): TracerProvider | undefined {
  if (provider !== undefined && typeof provider?.getTracer !== 'function') {
    throw optionInvalid(
      'tracerProvider has no method "getTracer"; it needs to be a TracerProvider of OpenTelemetry',
    );
  }
  return provider;
}

/** Throws unless it can be subscribed to. */
export function checkRegistrations(source: RegistrationSource | undefined): typeof source {
  if (source !== undefined && typeof source?.subscribe !== 'function') {
    throw optionInvalid(
      `registrations is ${describeValue(source)}, expected a source with a method "subscribe"`,
    );
  }
  return source;
}

/** What calls of the application take over from the request that they are made for. */
export interface RequestContextOptions {
  /** Its ids and its trace. Default true. */
  readonly headers?: boolean;
  /** Its deadline. Default true. */
  readonly deadline?: boolean;
}

/** Returns what is carried over from requests to calls. */
export function checkRequestContext(option: unknown): ContextPolicy {
  if (option === undefined || option === true) {
    return fullContext;
  }
  if (option === false) {
    return { headers: false, deadline: false };
  }
  if (!isJsonObject(option)) {
    throw optionInvalid(
      `requestContext is ${describeValue(option)}, expected true, false, or an object with: headers, deadline`,
    );
  }
  let policy = fullContext;
  for (const [name, value] of entriesOf('requestContext', option)) {
    if (name !== 'headers' && name !== 'deadline') {
      throw unknownOption(name, ['headers', 'deadline'], 'requestContext.');
    }
    if (value !== undefined && typeof value !== 'boolean') {
      throw optionInvalid(
        `requestContext.${name} is ${describeValue(value)}, expected true or false`,
      );
    }
    policy = { ...policy, [name]: value ?? true };
  }
  return policy;
}

/** Returns the filters that the application brings itself, by name. */
export function checkHttpFilters(filters: unknown): ReadonlyMap<string, HttpFilterFactory> {
  const factories = new Map<string, HttpFilterFactory>();
  for (const [name, factory] of entriesOf('httpFilters', filters)) {
    if (Object.hasOwn(httpFilterUnion.variants, name)) {
      throw optionInvalid(
        `httpFilters.${name} has the name of a filter of Envoy's; give it another name`,
      );
    }
    if (typeof factory !== 'function') {
      const found = describeValue(factory);
      throw optionInvalid(
        `httpFilters.${name} is ${found}, expected a function (config, context) => (callbacks) => filter`,
      );
    }
    factories.set(name, factory as HttpFilterFactory);
  }
  return factories;
}

/** Returns the mounted applications by the name of their cluster, which is one of `names`. */
export function checkMounts(
  mount: unknown,
  names: readonly string[],
): ReadonlyMap<string, MountedApplication> {
  const mounts = new Map<string, MountedApplication>();
  for (const [name, application] of entriesOf('mount', mount)) {
    if (!names.includes(name)) {
      throw optionInvalid(
        `mount names the cluster "${name}", but the clusters are: ${listNames(names)}`,
      );
    }
    if (!isApplication(application)) {
      throw optionInvalid(
        `mount.${name} is neither a handler, nor an http.Server, nor an object with a method "fetch"${mountHint(application)}`,
      );
    }
    mounts.set(name, application);
  }
  return mounts;
}

/** What to mount of an application that is none of these, but is known to have one. */
function mountHint(value: unknown): string {
  if (value instanceof Promise) {
    return '; await it first';
  }
  if (typeof value !== 'object' || value === null) {
    return '';
  }
  // Fastify, NestJS, Koa.
  if ('server' in value && value.server instanceof Server) {
    return '; mount its server, after ready()';
  }
  if ('getHttpServer' in value && typeof value.getHttpServer === 'function') {
    return '; mount its getHttpServer(), after init()';
  }
  return 'callback' in value && typeof value.callback === 'function'
    ? '; mount its callback()'
    : '';
}

function isApplication(value: unknown): value is MountedApplication {
  return (
    typeof value === 'function' ||
    value instanceof Server ||
    (typeof value === 'object' &&
      value !== null &&
      'fetch' in value &&
      typeof value.fetch === 'function')
  );
}
