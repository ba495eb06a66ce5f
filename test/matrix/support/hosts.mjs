/** The hosts, seen from the process of the tests. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** So often the answer must be the same before it counts as final. */
const steadyCount = 50;

export class Hosts {
  #child;
  #ports;
  #nextId = 0;
  #waiters = new Map();

  /** `args`: `--sockets` for hosts that speak WebSocket. */
  static async start(args = []) {
    const hosts = new Hosts();
    const script = join(import.meta.dirname, 'hosts-process.mjs');
    hosts.#child = fork(script, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const [{ ports }] = await once(hosts.#child, 'message');
    hosts.#ports = ports;
    hosts.#child.on('message', ({ id, state }) => {
      hosts.#waiters.get(id)?.(state);
      hosts.#waiters.delete(id);
    });
    return hosts;
  }

  /** Where a host is, such as `tcp://127.0.0.1:4711`. */
  urlOf(name) {
    return `tcp://127.0.0.1:${this.#ports[name]}`;
  }

  /** What the hosts have seen so far; see hosts-process.mjs. */
  state(message = {}) {
    return new Promise((resolve) => {
      const id = this.#nextId++;
      this.#waiters.set(id, resolve);
      this.#child.send({ ...message, id });
    });
  }

  /** Lets the host read the upload that it has been sent the head of. */
  async readUpload() {
    await this.state({ readUpload: true });
  }

  /** Resolves with the first state for which `isReached` is true. */
  async until(isReached) {
    for (;;) {
      const state = await this.state();
      if (isReached(state)) return state;
    }
  }

  /** Resolves with what `read` returns, once it has returned the same for many turns. */
  async steady(read) {
    let last;
    for (let count = 0; count < steadyCount; ) {
      const value = read(await this.state());
      count = value === last ? count + 1 : 0;
      last = value;
    }
    return last;
  }

  async close() {
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }
}
