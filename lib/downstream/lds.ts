import { createHash } from 'node:crypto';
import { ConfigError, describeProblem } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { type AnswerContext, parseLdsAnswer } from '../config/discovery-answers.js';
import type { ListenerConfig } from '../config/listener-config.js';
import type { DiscoveryStats } from '../telemetry/stats/discovery-stats.js';
import type { Discovery } from '../upstream/discovery/discovery.js';
import { RestPoll, type RestPollContext } from '../upstream/discovery/rest-poll.js';

/** What listeners are discovered with. */
export interface LdsContext {
  readonly poll: RestPollContext;
  readonly log: Logger;
  readonly stats: DiscoveryStats;
  readonly serviceCluster: string;
  readonly serviceNode: string;
  /** What an answer is checked against now. */
  answerContext(): Omit<AnswerContext, 'source'>;
  /**
   * Puts all listeners that the service knows into force. Resolves when that is done; never rejects:
   * a listener that cannot be made is left out until the next answer.
   */
  apply(listeners: readonly ListenerConfig[]): Promise<void>;
}

/**
 * Asks a discovery service which listeners there are: reference 1.3 and 4.9. An answer that cannot be
 * read is refused as a whole. What is in it is compared with every answer with what is there, so that
 * a listener whose port was in use comes as soon as it is free.
 */
export class LdsDiscovery implements Discovery {
  readonly #context: LdsContext;
  readonly #poll: RestPoll;
  #digest = '';
  #isClosed = false;
  #applying: Promise<void> | undefined = undefined;
  /** What came while the answer before it was being applied. Older ones are of no use any more. */
  #next: readonly ListenerConfig[] | undefined = undefined;

  constructor(context: LdsContext) {
    this.#context = context;
    const { serviceCluster, serviceNode, stats } = context;
    const subject = {
      path: `/v1/listeners/${serviceCluster}/${serviceNode}`,
      name: 'lds',
      noun: 'listeners',
      stats,
      take: (value: unknown, body: Buffer): string | undefined => this.#take(value, body),
    };
    this.#poll = new RestPoll(subject, context.poll);
  }

  start(onInitialized: () => void): void {
    this.#poll.start(() => {
      void Promise.resolve(this.#applying).then(onInitialized);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#next = undefined;
    this.#poll.close();
  }

  /** Returns what is wrong with the answer. */
  #take(value: unknown, body: Buffer): string | undefined {
    const { stats, log, poll } = this.#context;
    let listeners: readonly ListenerConfig[];
    try {
      const source = `the answer of the cluster ${poll.clusterName}`;
      const { config, warnings } = parseLdsAnswer(value, {
        ...this.#context.answerContext(),
        source,
      });
      listeners = config;
      const hash = createHash('sha256').update(body).digest();
      const digest = hash.toString('latin1');
      if (digest !== this.#digest) {
        this.#digest = digest;
        stats.configReload++;
        // Exact as a number; the service may show the same.
        stats.version = hash.readUIntBE(0, 6);
        for (const warning of warnings) {
          log.warn(`lds: ${describeProblem(warning)}`);
        }
      }
    } catch (error) {
      if (error instanceof ConfigError) {
        return error.message;
      }
      throw error;
    }
    this.#next = listeners;
    this.#applying ??= this.#applyAll();
    return undefined;
  }

  async #applyAll(): Promise<void> {
    for (let next = this.#next; next !== undefined && !this.#isClosed; next = this.#next) {
      this.#next = undefined;
      await this.#context.apply(next);
    }
    this.#applying = undefined;
  }
}
