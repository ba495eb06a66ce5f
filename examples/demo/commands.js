import { sendLoad } from './load.js';
import { get } from './request.js';

const help = `
  scale N        run N replicas; those that go, drain first
  stop N         stop replica N; it drains first
  kill N         kill replica N outright (SIGKILL)
  status         the replicas, and what the edge knows of them
  load [S]       send 200 requests a second for S seconds (5), and count the answers
  help           this
  quit           end everything`;

/** What can be typed while the demo runs. */
export class Commands {
  #replicas;
  #registrations;
  #edge;
  #quit;

  constructor({ replicas, registrations, edge, quit }) {
    this.#replicas = replicas;
    this.#registrations = registrations;
    this.#edge = edge;
    this.#quit = quit;
  }

  get help() {
    return help;
  }

  /** Carries out one line; what there is to say goes to `print`. Never rejects. */
  async run(line, print) {
    const [command = '', argument = '', ...more] = line.trim().split(/\s+/);
    try {
      if (
        command !== '' &&
        !(more.length === 0 && (await this.#dispatch(command, argument, print)))
      ) {
        print(`what is ${JSON.stringify(line.trim())}? Try help`);
      }
    } catch (error) {
      print(error.message);
    }
  }

  /** Resolves to whether that was a command. */
  async #dispatch(command, argument, print) {
    const number = /^\d{1,3}$/.test(argument) ? Number(argument) : undefined;
    const isPlain = argument === '';
    if (command === 'scale' && number !== undefined) {
      await this.#replicas.scale(number, print);
      print(`${this.#replicas.list().length} replicas; the edge follows within 2 s`);
    } else if (command === 'stop' && number !== undefined) {
      await this.#replicas.stop(number, print);
    } else if (command === 'kill' && number !== undefined) {
      await this.#replicas.kill(number, print);
    } else if (command === 'load' && (isPlain || (number ?? 0) > 0)) {
      await this.#load(Math.min(number ?? 5, 60), print);
    } else if (command === 'status' && isPlain) {
      await this.#status(print);
    } else if (command === 'help' && isPlain) {
      print(help);
    } else if (command === 'quit' && isPlain) {
      await this.#quit();
    } else {
      return false;
    }
    return true;
  }

  async #load(seconds, print) {
    print(`sending 200 requests a second through the edge for ${seconds} s ...`);
    const { sent, answered, failed } = await sendLoad(`${this.#edge.url}healthy_check`, seconds);
    for (const [name, count] of [...answered].sort(byReplica)) {
      print(`  ${name}: ${count}`);
    }
    const failures = [...failed].map(([reason, count]) => `${count} x ${reason}`);
    print(`${sent} sent, ${sum(failed)} failed${failures.map((text) => `\n  ${text}`).join('')}`);
  }

  async #status(print) {
    const known = await this.#readEdgeHosts();
    for (const { name, state, mode, ip, port, adminPort, child } of this.#replicas.list()) {
      if (child === undefined) {
        print(`${name.padEnd(13)}  about to start`);
        continue;
      }
      const address = `${ip}:${port}`;
      const requests = known.get(address);
      known.delete(address);
      const columns = [
        name.padEnd(13),
        address.padEnd(17),
        mode.padEnd(6),
        state.padEnd(9),
        this.#registrations.has(name) ? 'registered    ' : 'not registered',
        requests === undefined ? 'not known to the edge' : `requests from the edge: ${requests}`,
        `pid ${child.pid}`,
        `admin http://${ip}:${adminPort}/`,
      ];
      print(columns.join('  '));
    }
    for (const address of known.keys()) {
      print(`${address} is still known to the edge`);
    }
  }

  /** Reads from the edge's admin server which hosts it knows, and how many requests each got. */
  async #readEdgeHosts() {
    const { text } = await get(`${this.#edge.adminUrl}clusters`);
    const lines = text.matchAll(/^flask-app[^:]*::([\d.]+:\d+)::rq_total::(\d+)$/gm);
    return new Map([...lines].map(([, address, requests]) => [address, requests]));
  }
}

/** flask-app-2 before flask-app-10. */
function byReplica([a], [b]) {
  return a.localeCompare(b, 'en', { numeric: true });
}

function sum(counts) {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
