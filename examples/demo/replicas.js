import { Child } from './child.js';
import { findFreePort } from './ports.js';
import { answersOk } from './request.js';

const script = new URL('../flask-equivalent/server.js', import.meta.url);

/** As many as the demo starts at most: each is a process of its own. */
const maxReplicas = 20;

/**
 * How long a replica goes on serving after it has left the registrations. The edge asks for them
 * every 1 to 2 s and waits up to 1 s for the answer, so after 3 s it sends nothing more.
 */
const drainDelayMs = 3500;

/** How long a replica may take to end once it has been told to. */
const stopTimeoutMs = 15_000;

/** The replicas of the service, in the part of a Kubernetes deployment. */
export class Replicas {
  /** By number, from 1. A replica stays in the list until its process has ended. */
  #replicas = new Map();
  #registrations;
  #directory;
  #anyPorts;
  #print;

  constructor({ registrations, directory, anyPorts, print }) {
    this.#registrations = registrations;
    this.#directory = directory;
    this.#anyPorts = anyPorts;
    this.#print = print;
  }

  list() {
    return [...this.#replicas.values()].sort((a, b) => a.number - b.number);
  }

  /**
   * Starts or stops replicas until there are `count`. One that does not start is told of, and does
   * not keep the others from starting.
   */
  async scale(count, print = this.#print) {
    if (count > maxReplicas) {
      throw new Error(`${maxReplicas} replicas are the most`);
    }
    const staying = this.list().filter(({ state }) => state !== 'leaving');
    const stops = staying.slice(count).map((replica) => this.#stop(replica, print));
    const missing = Math.max(0, count - staying.length);
    const starts = Array.from({ length: missing }, () => this.#add().started);
    const results = await Promise.allSettled([...stops, ...starts]);
    for (const { status, value, reason } of results) {
      if (status === 'rejected') {
        print(reason.message);
      } else if (value !== undefined) {
        print(describe(value));
      }
    }
  }

  /** Stops one replica: it drains first, and nothing is lost. */
  async stop(number, print = this.#print) {
    const replica = this.#find(number, print);
    if (replica !== undefined) {
      await this.#stop(replica, print);
    }
  }

  /** Kills one replica outright. */
  async kill(number, print = this.#print) {
    const replica = this.#find(number, print);
    if (replica !== undefined) {
      await replica.started;
      print(`${replica.name}: killed. Until the edge notices, within 2 s, its turns are 503`);
      replica.child.kill('SIGKILL');
      await replica.gone;
    }
  }

  /** Every process there is, to end them with the demo. */
  get children() {
    return this.list().flatMap(({ child }) => child ?? []);
  }

  #find(number, print) {
    const replica = this.#replicas.get(number);
    if (replica === undefined) {
      print(`there is no replica ${number}`);
    }
    return replica;
  }

  /** Takes a number at once, so that no other replica gets the same one, and starts. */
  #add() {
    const number = this.#freeNumber();
    // One by proxy, one by mount: whoever calls them cannot tell them apart.
    const mode = number % 2 === 1 ? 'proxy' : 'mount';
    const replica = { number, mode, name: `flask-app-${number}`, state: 'starting' };
    this.#replicas.set(number, replica);
    replica.started = this.#start(replica).catch((error) => {
      this.#replicas.delete(number);
      replica.child?.kill('SIGKILL');
      throw error;
    });
    return replica;
  }

  /**
   * Resolves to the replica when it serves and is registered. A port that was free may be taken
   * before the replica binds it; then it tries others.
   */
  async #start(replica, attempts = 3) {
    Object.assign(replica, await this.#chooseAddress(replica));
    replica.child = new Child(replica.name, script, formatArguments(replica), this.#directory);
    replica.gone = this.#watch(replica);
    const url = `http://${replica.ip}:${replica.port}/healthy_check`;
    try {
      await replica.child.waitUntil(() => answersOk(url, { headers: { host: 'foo.com' } }));
    } catch (error) {
      if (attempts === 1 || !error.message.includes('EADDRINUSE')) {
        throw error;
      }
      await replica.gone;
      this.#replicas.set(replica.number, replica);
      return this.#start(replica, attempts - 1);
    }
    replica.state = 'serving';
    await this.#registrations.add(replica.name, replica.ip, replica.port);
    if (replica.child.hasExited) {
      // It died just now, and perhaps was deregistered before it was registered.
      await this.#registrations.remove(replica.name);
    }
    return replica;
  }

  #freeNumber() {
    let number = 1;
    while (this.#replicas.has(number)) {
      number++;
    }
    return number;
  }

  /** An address for each, with the same ports on all of them, as pods have it. */
  async #chooseAddress({ name, number }) {
    const preferred = this.#anyPorts ? [0, 0, 0] : [8080, 5000, 8001];
    // All of 127.0.0.0/8 is this machine on Linux. Elsewhere it may be 127.0.0.1 alone, with
    // other ports.
    for (const ip of [`127.0.0.${10 + number}`, '127.0.0.1']) {
      const ports = [];
      for (const port of preferred) {
        ports.push(await findFreePort(ip, port));
      }
      const [port, appPort, adminPort] = ports;
      if (port !== undefined && appPort !== undefined && adminPort !== undefined) {
        if (!this.#anyPorts && ports.some((found, index) => found !== preferred[index])) {
          this.#print(`   (${name} takes other ports than ${preferred.join(', ')}: in use)`);
        }
        return { ip, port, appPort, adminPort };
      }
    }
    throw new Error('no loopback address can be bound');
  }

  async #stop(replica, print) {
    await replica.started;
    if (replica.state === 'leaving') {
      await replica.gone;
      return;
    }
    replica.state = 'leaving';
    print(`${replica.name}: out of the registrations, serves on for ${drainDelayMs / 1000} s`);
    await this.#registrations.remove(replica.name);
    replica.child.kill('SIGTERM');
    if (!(await replica.child.hasEndedWithin(stopTimeoutMs))) {
      print(`${replica.name}: still runs after ${stopTimeoutMs / 1000} s, killed`);
      replica.child.kill('SIGKILL');
    }
    await replica.gone;
  }

  /** Waits for the end of a replica's process, expected or not. */
  async #watch(replica) {
    const status = await replica.child.exited;
    if (this.#replicas.get(replica.number) === replica) {
      this.#replicas.delete(replica.number);
    }
    await this.#registrations.remove(replica.name);
    this.#print(
      status === 0 ? `${replica.name}: ended` : `${replica.name}: died (${status}), deregistered`,
    );
  }
}

function formatArguments({ name, mode, ip, port, appPort, adminPort }) {
  return [
    ...['--name', name, '--ip', ip, '--port', `${port}`],
    ...['--app-port', `${appPort}`, '--admin-port', `${adminPort}`],
    ...['--drain-delay-ms', `${drainDelayMs}`],
    ...(mode === 'mount' ? ['--mount'] : []),
  ];
}

function describe({ name, mode, ip, port, appPort, adminPort, child }) {
  const columns = [
    name.padEnd(12),
    `${ip}:${port}`.padEnd(16),
    (mode === 'mount' ? 'mount, one socket' : `proxy to port ${appPort}`).padEnd(19),
    `admin http://${ip}:${adminPort}/`,
    `pid ${child.pid}`,
  ];
  return columns.join('  ');
}
