import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { until } from './until.js';

/** Listens with the shortest queue there is and then never accepts, until it is woken. */
const program = `
const { parentPort, workerData } = require('node:worker_threads');
const server = require('node:net').createServer((socket) => socket.destroy());
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setImmediate(() => {
    Atomics.wait(workerData, 0, 0);
    server.close();
  });
});`;

/** More than this the queue of pending connections never holds. */
const maxFillers = 16;

/** A host on loopback to which nobody can connect, and which refuses nobody either. */
export class HangingHost {
  readonly port: number;
  readonly #gate: Int32Array;
  readonly #worker: Worker;
  readonly #fillers: Socket[] = [];

  private constructor(port: number, gate: Int32Array, worker: Worker) {
    this.port = port;
    this.#gate = gate;
    this.#worker = worker;
  }

  static async start(): Promise<HangingHost> {
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(program, { eval: true, workerData: gate });
    const [port] = (await once(worker, 'message')) as [number];
    const host = new HangingHost(port, gate, worker);
    await host.#fill();
    return host;
  }

  get url(): string {
    return `tcp://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    for (const filler of this.#fillers) {
      filler.destroy();
    }
    Atomics.store(this.#gate, 0, 1);
    Atomics.notify(this.#gate, 0);
    await once(this.#worker, 'exit');
  }

  /** Connects until the queue is full: the first connection that hangs says so. */
  async #fill(): Promise<void> {
    for (let i = 0; i < maxFillers; i++) {
      const filler = connect(this.port, '127.0.0.1');
      filler.on('error', () => {});
      this.#fillers.push(filler);
      const isConnected = await Promise.race([
        once(filler, 'connect').then(() => true),
        // On loopback, a connection that is accepted is so within a few turns.
        turns(200).then(() => false),
      ]);
      if (!isConnected) {
        return;
      }
    }
  }
}

async function turns(count: number): Promise<void> {
  let left = count;
  await until(() => left-- === 0, 'some turns of the event loop have passed');
}
