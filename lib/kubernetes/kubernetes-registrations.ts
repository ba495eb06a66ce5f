import { checkLogger } from '../application-options.js';
import { type Clock, systemClock } from '../base/clock.js';
import { GuardedLogger } from '../base/guarded-logger.js';
import type { Logger } from '../base/log.js';
import { type Random, systemRandom } from '../base/random.js';
import { describeValue } from '../config/describe-value.js';
import { isJsonObject } from '../config/json-members.js';
import { checkOptionNames, optionInvalid } from '../config/option-check.js';
import {
  defaultClusterDomain,
  parseServiceName,
  type ServiceName,
} from '../sds-server/service-name.js';
import type {
  RegistrationSource,
  RegistrationSubscriber,
  RegistrationSubscription,
} from '../upstream/discovery/registration-source.js';
import { ApiClient } from './api-client.js';
import { type KubeConfigAccess, loadKubeConfig, requireKubernetesClient } from './kube-config.js';
import { WatchedServices, type WatchedServicesContext } from './watched-services.js';

/** Options of `kubernetesRegistrations`. */
export interface KubernetesRegistrationsOptions {
  /**
   * What is watched: `all` namespaces by one watch, or these and no others, each by its own. Default:
   * every namespace of which a service is asked for, so that rights are needed for those alone.
   */
  readonly namespaces?: 'all' | readonly string[];
  /** What follows `<service>.<namespace>` in a name. Default `svc.cluster.local`. */
  readonly clusterDomain?: string;
  /** A `KubeConfig` of `@kubernetes/client-node` that the application has filled itself. */
  readonly kubeConfig?: KubeConfigAccess;
  /**
   * Path of a kubeconfig file. Default: `KUBECONFIG`, else the service account of the pod, else
   * `~/.kube/config`.
   */
  readonly kubeConfigFile?: string;
  /** Name of a context in the kubeconfig. Default: its current one. */
  readonly context?: string;
  /** Default: silence. The sidecar logs what concerns its clusters in any case. */
  readonly logger?: Logger;
}

/** What the outside gives; tests drive it. */
export interface KubernetesEnvironment {
  readonly clock: Clock;
  readonly random: Random;
  /** Stands in front of the usual path of the service account's files. */
  readonly serviceAccountPrefix: string | undefined;
}

const realEnvironment: KubernetesEnvironment = {
  clock: systemClock,
  random: systemRandom,
  serviceAccountPrefix: undefined,
};

/**
 * Returns a source of registrations for `createSidecar` that knows the ready pods of Kubernetes
 * services, from a watch of their `EndpointSlice` objects. Services are called
 * `<service>.<namespace>.svc.cluster.local`, with `_<port>._tcp.` in front for another port than
 * the first.
 *
 * It watches while somebody subscribes, keeps no process alive, and never gives up: what was known
 * last stays in force while Kubernetes cannot be asked.
 *
 * Throws `SIDECAR_OPTION_INVALID`, or `SIDECAR_PACKAGE_MISSING` if `@kubernetes/client-node` is not
 * installed.
 */
export function kubernetesRegistrations(
  options: KubernetesRegistrationsOptions = {},
): RegistrationSource {
  return createKubernetesRegistrations(options, realEnvironment);
}

/** `kubernetesRegistrations` with its clock and randomness passed in. */
export function createKubernetesRegistrations(
  options: KubernetesRegistrationsOptions,
  environment: KubernetesEnvironment,
): KubernetesRegistrations {
  checkOptions(options);
  if (options.kubeConfig === undefined) {
    requireKubernetesClient();
  }
  return new KubernetesRegistrations(options, environment);
}

/** The services of Kubernetes as a source of registrations. */
export class KubernetesRegistrations implements RegistrationSource {
  readonly #clusterDomain: string;
  readonly #namespaces: 'all' | readonly string[] | undefined;
  readonly #context: WatchedServicesContext;
  /** By namespace; with the key `undefined` for all of them. */
  readonly #watched = new Map<string | undefined, WatchedServices>();

  constructor(options: KubernetesRegistrationsOptions, environment: KubernetesEnvironment) {
    this.#clusterDomain = options.clusterDomain ?? defaultClusterDomain;
    this.#namespaces = options.namespaces;
    const { clock, random, serviceAccountPrefix } = environment;
    const { kubeConfig, kubeConfigFile: file, context, logger: log } = options;
    const loadAccess = async (): Promise<KubeConfigAccess> =>
      kubeConfig ?? (await loadKubeConfig({ file, context, serviceAccountPrefix }));
    this.#context = {
      client: new ApiClient({ clock, loadKubeConfig: loadAccess }),
      clock,
      random,
      // It is called in the middle of the watch, which what it throws must not end.
      log: log && new GuardedLogger(log),
    };
  }

  subscribe(serviceName: string, subscriber: RegistrationSubscriber): RegistrationSubscription {
    // Not only sidecars subscribe: sources of an application may ask others.
    if (typeof subscriber?.onHosts !== 'function' || typeof subscriber.onFailure !== 'function') {
      throw optionInvalid('the subscriber needs the methods "onHosts" and "onFailure"');
    }
    const service =
      typeof serviceName === 'string'
        ? parseServiceName(serviceName, this.#clusterDomain)
        : undefined;
    if (service === undefined) {
      const expected = `<service>.<namespace>.${this.#clusterDomain}`;
      subscriber.onFailure(
        new Error(`${describeValue(serviceName)} is no name of the form ${expected}`),
      );
      return nothing;
    }
    if (Array.isArray(this.#namespaces) && !this.#namespaces.includes(service.namespace)) {
      subscriber.onFailure(new Error(`the namespace ${service.namespace} is not watched`));
      return nothing;
    }
    return this.#listen(service, subscriber);
  }

  #listen(service: ServiceName, subscriber: RegistrationSubscriber): RegistrationSubscription {
    const scope = this.#namespaces === 'all' ? undefined : service.namespace;
    let watched = this.#watched.get(scope);
    if (watched === undefined) {
      watched = new WatchedServices(scope, this.#context);
      this.#watched.set(scope, watched);
      void watched.start();
    }
    const owner = watched;
    const leave = owner.listen(service, subscriber);
    return {
      close: () => {
        leave();
        if (owner.isIdle && this.#watched.get(scope) === owner) {
          this.#watched.delete(scope);
          owner.close();
        }
      },
    };
  }
}

const nothing: RegistrationSubscription = { close() {} };

const knownOptions: readonly (keyof KubernetesRegistrationsOptions)[] = [
  'namespaces',
  'clusterDomain',
  'kubeConfig',
  'kubeConfigFile',
  'context',
  'logger',
];

function checkOptions(options: KubernetesRegistrationsOptions): void {
  const given: unknown = options;
  if (!isJsonObject(given)) {
    throw optionInvalid('kubernetesRegistrations takes an object of options, or nothing');
  }
  checkOptionNames(given, knownOptions);
  checkNamespaces(options.namespaces);
  for (const name of ['clusterDomain', 'kubeConfigFile', 'context'] as const) {
    const value: unknown = given[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw optionInvalid(`${name} is ${describeValue(value)}, expected a string`);
    }
  }
  checkKubeConfig(options);
  checkLogger(options.logger);
}

function checkNamespaces(namespaces: unknown): void {
  const areNames =
    Array.isArray(namespaces) &&
    namespaces.length > 0 &&
    namespaces.every((name) => typeof name === 'string' && name !== '');
  if (namespaces !== undefined && namespaces !== 'all' && !areNames) {
    throw optionInvalid(
      `namespaces is ${describeValue(namespaces)}, expected "all" or an array of names`,
    );
  }
}

function checkKubeConfig(options: KubernetesRegistrationsOptions): void {
  const { kubeConfig, kubeConfigFile, context } = options;
  if (kubeConfig === undefined) {
    return;
  }
  if (typeof kubeConfig?.applyToHTTPSOptions !== 'function') {
    throw optionInvalid(
      'kubeConfig has no method "applyToHTTPSOptions"; it needs to be a KubeConfig of ' +
        '@kubernetes/client-node',
    );
  }
  if (kubeConfigFile !== undefined || context !== undefined) {
    throw optionInvalid('kubeConfig goes without kubeConfigFile and context; set them in it');
  }
}
