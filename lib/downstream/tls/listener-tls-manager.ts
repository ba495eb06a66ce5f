import type { Clock } from '../../base/clock.js';
import { type ConfigProblem, describeProblem, SidecarError } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { TimerWheel } from '../../base/timer-wheel.js';
import type { ListenerConfig } from '../../config/listener-config.js';
import type { ListenerTlsStats } from '../../telemetry/stats/listener-tls-stats.js';
import { daysWithoutCertificates } from '../../telemetry/stats/server-stats.js';
import { ListenerTls } from './listener-tls.js';
import { type ListenerTlsMaterial, loadListenerTls } from './listener-tls-material.js';

const dayMs = 24 * 60 * 60 * 1000;

/** What the TLS of all listeners has in common. */
export interface ListenerTlsContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
}

/** The TLS of all listeners. */
export class ListenerTlsManager {
  readonly #context: ListenerTlsContext;
  readonly #materials: ReadonlyMap<ListenerConfig, ListenerTlsMaterial>;
  readonly #created: ListenerTls[] = [];

  private constructor(
    context: ListenerTlsContext,
    materials: ReadonlyMap<ListenerConfig, ListenerTlsMaterial>,
  ) {
    this.#context = context;
    this.#materials = materials;
  }

  /**
   * Reads the files of all listeners. Throws `SIDECAR_TLS_FAILED` with every problem that they have;
   * nothing has been opened by then.
   */
  static async load(
    listeners: readonly ListenerConfig[],
    context: ListenerTlsContext,
  ): Promise<ListenerTlsManager> {
    return new ListenerTlsManager(context, await loadAll(listeners, context.clock.wallNow()));
  }

  /** Returns the TLS of a listener, `undefined` if it takes plain text. */
  create(config: ListenerConfig, stats: ListenerTlsStats): ListenerTls | undefined {
    if (config.tls === undefined) {
      return undefined;
    }
    const material = this.#materials.get(config);
    if (material === undefined) {
      // It must never take plain text instead.
      throw new Error(`the TLS files of listener ${config.name} have not been read`);
    }
    const { codecType } = config.connectionManager;
    const parts = { ...this.#context, config: config.tls, codecType, material, stats };
    const tls = new ListenerTls(parts);
    this.#created.push(tls);
    return tls;
  }

  /** Whole days until a certificate that is in use expires; 0 if one has. */
  daysUntilFirstCertExpiring(): number {
    const firstMs = Math.min(...this.#created.map(({ firstExpiryMs }) => firstExpiryMs));
    const days = Math.floor((firstMs - this.#context.clock.wallNow()) / dayMs);
    return Math.min(Math.max(days, 0), daysWithoutCertificates);
  }
}

/** Reads the files of all listeners as starting would, and throws what it would throw. */
export async function checkTlsFiles(
  listeners: readonly ListenerConfig[],
  wallNowMs: number,
): Promise<void> {
  await loadAll(listeners, wallNowMs);
}

/** Reads the files of all listeners as starting would, and returns what is wrong with them. */
export async function findTlsProblems(
  listeners: readonly ListenerConfig[],
  wallNowMs: number,
): Promise<readonly ConfigProblem[]> {
  return (await readAll(listeners, wallNowMs)).problems;
}

async function loadAll(
  listeners: readonly ListenerConfig[],
  wallNowMs: number,
): Promise<ReadonlyMap<ListenerConfig, ListenerTlsMaterial>> {
  const { materials, problems } = await readAll(listeners, wallNowMs);
  if (problems.length > 0) {
    const lines = problems.map((problem) => `\n  ${describeProblem(problem)}`);
    throw new SidecarError('SIDECAR_TLS_FAILED', `TLS files cannot be used:${lines.join('')}`);
  }
  return materials;
}

/** What the files of all listeners hold, and what is wrong with them. */
interface ReadTlsFiles {
  readonly materials: ReadonlyMap<ListenerConfig, ListenerTlsMaterial>;
  readonly problems: readonly ConfigProblem[];
}

async function readAll(
  listeners: readonly ListenerConfig[],
  wallNowMs: number,
): Promise<ReadTlsFiles> {
  const materials = new Map<ListenerConfig, ListenerTlsMaterial>();
  const problems: ConfigProblem[] = [];
  for (const listener of listeners) {
    if (listener.tls !== undefined) {
      const loaded = await loadListenerTls(listener.tls, wallNowMs);
      if (loaded.problems === undefined) {
        materials.set(listener, loaded.material);
      } else {
        problems.push(...loaded.problems);
      }
    }
  }
  return { materials, problems };
}
