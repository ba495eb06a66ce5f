import { Agent } from 'node:http';
import type { Sidecar } from '../../lib/sidecar.js';
import { send } from './http-client.js';

/** What requests under load came to: how often each outcome was seen. */
export type Outcomes = ReadonlyMap<string, number>;

/**
 * Clients that send one request after the other until they are stopped: some by connections that they
 * keep, some by a new one each time, and some as outbound calls of the application.
 */
export class SteadyLoad {
  readonly #outcomes = new Map<string, number>();
  readonly #agent: Agent = new Agent({ keepAlive: true });
  readonly #clients: Promise<void>[];
  #isStopped = false;

  /** `ports` are asked in turn; the outbound calls are for `http://app.internal/`. */
  constructor(port: () => number, sidecar: Sidecar) {
    const byAgent = (): Promise<string> => this.#send(port(), this.#agent);
    const byNewConnection = (): Promise<string> => this.#send(port());
    const outbound = async (): Promise<string> => {
      const response = await sidecar.request('http://app.internal/');
      return `${response.statusCode} ${await response.body.text()}`;
    };
    const senders = [byAgent, byAgent, byAgent, byNewConnection, outbound, outbound];
    this.#clients = senders.map((sender) => this.#run(sender));
  }

  get count(): number {
    return [...this.#outcomes.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Lets the last requests end; returns what came of all. */
  async stop(): Promise<Outcomes> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
    return this.#outcomes;
  }

  async #run(sender: () => Promise<string>): Promise<void> {
    while (!this.#isStopped) {
      let outcome: string;
      try {
        outcome = await sender();
      } catch (error) {
        outcome = String(error);
      }
      this.#outcomes.set(outcome, (this.#outcomes.get(outcome) ?? 0) + 1);
    }
  }

  async #send(port: number, agent?: Agent): Promise<string> {
    const { status, text } = await send(port, agent === undefined ? {} : { agent });
    return `${status} ${text}`;
  }
}
