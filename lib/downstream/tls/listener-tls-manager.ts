import type { Clock } from '../../base/clock.js';
import { type ConfigProblem, describeProblem, SidecarError } from '../../base/errors.js';
import type { Logger } from '../../base/log.js';
import type { TimerWheel } from '../../base/timer-wheel.js';
import type { LoadedCertificate } from '../../base/tls/loaded-certificate.js';
import type { ListenerConfig } from '../../config/listener-config.js';
import type { TlsStats } from '../../telemetry/stats/tls-stats.js';
import { ListenerTls } from './listener-tls.js';
import { type ListenerTlsMaterial, loadListenerTls } from './listener-tls-material.js';

/** What the TLS of all listeners has in common. */
export interface ListenerTlsContext {
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
}

/** What the TLS files of listeners hold. */
export type ListenerTlsMaterials = ReadonlyMap<ListenerConfig, ListenerTlsMaterial>;

/** The TLS of all listeners. */
export class ListenerTlsManager {
  readonly #context: ListenerTlsContext;
  readonly #created = new Set<ListenerTls>();

  constructor(context: ListenerTlsContext) {
    this.#context = context;
  }

  /**
   * Returns the TLS of a listener, `undefined` if it takes plain text. `materials` are what
   * `loadTlsMaterials` has read for it.
   */
  create(
    config: ListenerConfig,
    materials: ListenerTlsMaterials,
    stats: TlsStats,
  ): ListenerTls | undefined {
    if (config.tls === undefined) {
      return undefined;
    }
    const material = materials.get(config);
    if (material === undefined) {
      // It must never take plain text instead.
      throw new Error(`the TLS files of listener ${config.name} have not been read`);
    }
    const { codecType } = config.connectionManager;
    const parts = { ...this.#context, config: config.tls, codecType, material, stats };
    const tls = new ListenerTls(parts);
    this.#created.add(tls);
    return tls;
  }

  /** Forgets the TLS of a listener that is gone. */
  remove(tls: ListenerTls): void {
    tls.close();
    this.#created.delete(tls);
  }

  /** The certificates that are in use. */
  *certificates(): Generator<LoadedCertificate> {
    for (const { certificates } of this.#created) {
      yield* certificates;
    }
  }
}

/** Reads the files of all listeners as starting would, and throws what it would throw. */
export async function checkTlsFiles(
  listeners: readonly ListenerConfig[],
  wallNowMs: number,
): Promise<void> {
  await loadTlsMaterials(listeners, wallNowMs);
}

/** Reads the files of all listeners as starting would, and returns what is wrong with them. */
export async function findTlsProblems(
  listeners: readonly ListenerConfig[],
  wallNowMs: number,
): Promise<readonly ConfigProblem[]> {
  return (await readAll(listeners, wallNowMs)).problems;
}

/**
 * Reads the files of these listeners. Throws `SIDECAR_TLS_FAILED` with every problem that they have;
 * nothing has been opened by then.
 */
export async function loadTlsMaterials(
  listeners: readonly ListenerConfig[],
  wallNowMs: number,
): Promise<ListenerTlsMaterials> {
  const { materials, problems } = await readAll(listeners, wallNowMs);
  if (problems.length > 0) {
    const lines = problems.map((problem) => `\n  ${describeProblem(problem)}`);
    throw new SidecarError('SIDECAR_TLS_FAILED', `TLS files cannot be used:${lines.join('')}`);
  }
  return materials;
}

/** What the files of all listeners hold, and what is wrong with them. */
interface ReadTlsFiles {
  readonly materials: ListenerTlsMaterials;
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
