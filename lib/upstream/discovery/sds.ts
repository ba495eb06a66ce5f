import type { Clock, ClockTimer } from '../../base/clock.js';
import type { Logger } from '../../base/log.js';
import type { Random } from '../../base/random.js';
import { formatHostPort, type TcpAddress } from '../../config/address.js';
import { parseSdsResponse, type SdsHostConfig } from '../../config/sds-response.js';
import type { AsyncClient, AsyncResult } from '../../http/async-client.js';
import type { Cluster } from '../cluster.js';
import { Host } from '../host.js';
import type { Discovery } from './discovery.js';

/** Discovery answers of v1 must come within this time: reference 4.9. */
const requestTimeoutMs = 1000;

/** What service discovery needs from the sidecar. */
export interface SdsContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Sends to the cluster of `cluster_manager.sds`. */
  readonly client: AsyncClient;
  /** That cluster's name, which is the `Host` of the requests. */
  readonly clusterName: string;
  readonly refreshDelayMs: number;
}

/**
 * Asks the discovery service for the hosts of one cluster: reference 4.9 and 4.10.
 *
 * Only status 200 with a body that parses counts as an answer. Anything else is counted, logged
 * once until it is over, and changes nothing. The next request follows after the refresh delay plus
 * up to as much again, counted from the end of the last one, whatever came of it.
 */
export class SdsDiscovery implements Discovery {
  readonly #cluster: Cluster;
  readonly #serviceName: string;
  readonly #context: SdsContext;
  #timer: ClockTimer | undefined = undefined;
  #cancelRequest: () => void = () => {};
  #isFailing = false;
  #isClosed = false;

  constructor(cluster: Cluster, serviceName: string, context: SdsContext) {
    this.#cluster = cluster;
    this.#serviceName = serviceName;
    this.#context = context;
  }

  start(onInitialized: () => void): void {
    this.#fetch(onInitialized);
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#cancelRequest();
  }

  #fetch(onInitialized: () => void): void {
    const { client, clusterName } = this.#context;
    this.#cluster.stats.updateAttempt++;
    const request = {
      method: 'GET',
      path: `/v1/registration/${this.#serviceName}`,
      authority: clusterName,
    } as const;
    this.#cancelRequest = client.send(request, requestTimeoutMs, (result) => {
      if (this.#isClosed) {
        return;
      }
      this.#onResult(result);
      onInitialized();
      this.#scheduleNext();
    });
  }

  #scheduleNext(): void {
    const { clock, random, refreshDelayMs } = this.#context;
    const delayMs = refreshDelayMs + (random.uint32() % refreshDelayMs);
    this.#timer = clock.startTimer(delayMs, () => this.#fetch(() => {}));
  }

  #onResult(result: AsyncResult): void {
    const answer = readAnswer(result);
    const { stats, name } = this.#cluster;
    if (typeof answer === 'string') {
      stats.updateFailure++;
      if (!this.#isFailing) {
        this.#isFailing = true;
        this.#context.log.warn(`cluster ${name}: no hosts from ${this.#source()}: ${answer}`);
      }
      return;
    }
    stats.updateSuccess++;
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#context.log.info(`cluster ${name}: ${this.#source()} answers again`);
    }
    this.#updateHosts(answer);
  }

  /** Matches by address; of a known host only the weight is updated: reference 4.10. */
  #updateHosts(found: readonly SdsHostConfig[]): void {
    const cluster = this.#cluster;
    const known = new Map(cluster.hostSet.hosts.map((host) => [host.address, host]));
    const hosts = found.map((entry) => {
      const target: TcpAddress = { kind: 'tcp', host: entry.address, port: entry.port };
      const host = known.get(formatHostPort(target));
      if (host === undefined) {
        const metadata = { zone: entry.zone, isCanary: entry.canary, weight: entry.weight };
        return new Host(cluster.hostContext, target, metadata);
      }
      host.weight = entry.weight;
      return host;
    });
    cluster.updateHosts(hosts);
  }

  #source(): string {
    return `the discovery service ${this.#context.clusterName}`;
  }
}

/** Returns the hosts, or what is wrong with the answer. */
function readAnswer(result: AsyncResult): readonly SdsHostConfig[] | string {
  if (result.kind === 'failure') {
    return result.reason;
  }
  if (result.status !== 200) {
    return `status ${result.status} instead of 200`;
  }
  let value: unknown;
  try {
    value = JSON.parse(result.body.toString('utf8'));
  } catch {
    return 'the body is not JSON';
  }
  const parsed = parseSdsResponse(value);
  return 'hosts' in parsed ? parsed.hosts : parsed.problem;
}
