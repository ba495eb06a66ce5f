import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import { LoopHold } from '../base/loop-hold.js';
import type { Random } from '../base/random.js';
import { quoteText } from '../config/describe-value.js';
import type { RegistrationLookup } from '../sds-server/registration-lookup.js';
import type { ServiceName } from '../sds-server/service-name.js';
import type { Registration } from '../upstream/discovery/registration-source.js';
import { ApiClient } from './api-client.js';
import { loadKubeConfig } from './kube-config.js';
import { WatchedServices } from './watched-services.js';

/** How long the start waits for Kubernetes. */
const startTimeoutMs = 5000;

/** What `KubernetesLookup.open` needs to know. */
export interface KubernetesLookupOptions {
  /** Those that are watched, each by its own watch; empty for all of them, by one. */
  readonly namespaces: readonly string[];
  /** Path of a kubeconfig file; `undefined` for the usual ones. */
  readonly kubeConfigFile: string | undefined;
  /** Name of a context in it; `undefined` for its current one. */
  readonly context: string | undefined;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Registrations from Kubernetes, for the server of `pillion sds`: from memory, which a watch keeps
 * up to date, rather than by a call for each request.
 */
export class KubernetesLookup implements RegistrationLookup {
  /** By namespace; with the key `undefined` for all of them. */
  readonly #watched: ReadonlyMap<string | undefined, WatchedServices>;

  private constructor(watched: ReadonlyMap<string | undefined, WatchedServices>) {
    this.#watched = watched;
  }

  /**
   * Begins to watch, and resolves when all has been listed, or could not be, or time is up: the
   * server is of use as soon as the first namespace is known. Rejects with `SidecarError` only if
   * there is no way to Kubernetes at all.
   */
  static async open(options: KubernetesLookupOptions): Promise<KubernetesLookup> {
    const { namespaces, kubeConfigFile: file, context, logger: log, clock, random } = options;
    const choice = { file, context, serviceAccountPrefix: undefined };
    // Also read anew later, but not having any now is a mistake of whoever starts this.
    await loadKubeConfig(choice);
    const client = new ApiClient({ clock, loadKubeConfig: () => loadKubeConfig(choice) });
    const hold = new LoopHold();
    hold.hold();
    const scopes = namespaces.length === 0 ? [undefined] : [...new Set(namespaces)];
    const watched = new Map(
      scopes.map((scope) => [scope, new WatchedServices(scope, { client, clock, random, log })]),
    );
    const answers = [...watched.values()].map((services) => services.start());
    await withinStartTimeout(Promise.all(answers), clock);
    hold.close();
    return new KubernetesLookup(watched);
  }

  async hosts(service: ServiceName): Promise<readonly Registration[]> {
    const watched = this.#watched.get(undefined) ?? this.#watched.get(service.namespace);
    if (watched === undefined) {
      throw new Error(`the namespace ${quoteText(service.namespace)} is not watched`);
    }
    return watched.hosts(service);
  }

  async close(): Promise<void> {
    for (const services of this.#watched.values()) {
      services.close();
    }
  }
}

/** Resolves when `work` does, or when the time is up. */
async function withinStartTimeout(work: Promise<unknown>, clock: Clock): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = clock.startTimer(startTimeoutMs, resolve);
    void work.then(() => {
      timer.cancel();
      resolve();
    });
  });
}
