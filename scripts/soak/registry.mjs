/** The discovery services of a soak: SDS, CDS, RDS and LDS on one port, each of which may go wrong. */

import { createServer } from 'node:http';

/** Ways to answer that are no use to anybody. Each gets the answer as it should be. */
export const badAnswers = {
  silence: () => {},
  late: (response, body, random) => {
    const timer = setTimeout(() => sendJson(response, body), random.integer(900, 2500));
    response.on('close', () => clearTimeout(timer));
  },
  status500: (response, body) => send(response, 500, body),
  status204: (response) => send(response, 204, ''),
  redirect: (response) => {
    response.setHeader('location', '/elsewhere');
    send(response, 302, '');
  },
  noJson: (response) => send(response, 200, '<html>welcome</html>'),
  empty: (response) => send(response, 200, ''),
  halfJson: (response, body) => send(response, 200, body.slice(0, body.length / 2)),
  wrongTypes: (response, _body, random) => {
    const texts = ['null', '[]', '7', '"hosts"', '{}', '{"hosts":{}}', '{"hosts":[1]}'];
    send(response, 200, random.pick([...texts, '{"clusters":7}', '{"listeners":null}']));
  },
  names: (response) => sendHosts(response, [{ ip_address: 'app.example.com', port: 80 }]),
  portZero: (response) => sendHosts(response, [{ ip_address: '127.0.0.1', port: 0 }]),
  wrongWeight: (response) =>
    sendHosts(response, [
      { ip_address: '127.0.0.1', port: 80, tags: { load_balancing_weight: 1000 } },
    ]),
  /** 10 MB of hosts, of which the last is wrong. */
  huge: (response) => {
    const host = '{"ip_address":"127.0.0.1","port":80,"tags":{"load_balancing_weight":1}},';
    const count = Math.ceil(10_000_000 / host.length);
    send(response, 200, `{"hosts":[${host.repeat(count)}{"ip_address":"","port":80}]}`);
  },
  deep: (response) => send(response, 200, `{"hosts":${'['.repeat(50_000)}${']'.repeat(50_000)}}`),
  reset: (response) => response.socket?.resetAndDestroy(),
  brokenOff: (response, body) => {
    response.writeHead(200, { 'content-length': body.length + 100 });
    response.write(body);
    setTimeout(() => response.socket?.destroy(), 5);
  },
};

/** Odd ways to answer that are answers all the same. */
export const oddAnswers = {
  pieces: (response, body) => {
    let sent = 0;
    const timer = setInterval(() => {
      response.write(body.slice(sent, sent + 7));
      sent += 7;
      if (sent >= body.length) {
        clearInterval(timer);
        response.end();
      }
    }, 1);
    response.on('close', () => clearInterval(timer));
  },
  wrongContentType: (response, body) => {
    response.setHeader('content-type', 'image/png');
    send(response, 200, body);
  },
  duplicates: (response, body) => {
    const { hosts, ...rest } = JSON.parse(body);
    sendJson(response, JSON.stringify(hosts ? { ...rest, hosts: [...hosts, ...hosts] } : rest));
  },
  blanks: (response, body) => sendJson(response, `${' '.repeat(1_000_000)}${body}`),
};

function send(response, status, body) {
  response.statusCode = status;
  response.end(body);
}

function sendJson(response, body) {
  response.setHeader('content-type', 'application/json');
  response.end(body);
}

function sendHosts(response, hosts) {
  sendJson(response, JSON.stringify({ hosts }));
}

export class Registry {
  /** Registered name to a list of hosts, as SDS tells of them. */
  hosts = new Map();
  /** Path without its query to the answer, an object: routes, clusters, listeners. */
  documents = new Map();
  /** How many answers of each kind have been given. */
  answers = new Map();
  #fault;
  #nextHugeMs = 0;
  #random;
  #server;
  #sockets = new Set();

  constructor(random) {
    this.#random = random;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get port() {
    return this.#server.address().port;
  }

  start() {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  close() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Goes wrong in this way until it is told otherwise; `undefined` for not at all. */
  misbehave(kind) {
    this.#fault = kind;
  }

  #answer(request, response) {
    response.on('error', () => {});
    const body = this.#bodyFor(request.url);
    const kind = body === undefined ? 'unknown' : this.#kindOfAnswer();
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
    if (body === undefined) return send(response, 404, '');
    const act = badAnswers[kind] ?? oddAnswers[kind] ?? sendJson;
    act(response, body, this.#random);
  }

  #kindOfAnswer() {
    const kind = this.#fault ?? 'well';
    if (kind !== 'huge') return kind;
    // One at a time: those who ask are many, and to read it keeps a process busy for a while.
    if (performance.now() < this.#nextHugeMs) return 'status500';
    this.#nextHugeMs = performance.now() + 1000;
    return kind;
  }

  #bodyFor(path) {
    const service = /^\/v1\/registration\/(.+)$/.exec(path)?.[1];
    const hosts = service && this.hosts.get(service);
    const document = hosts === undefined ? this.documents.get(path) : { hosts };
    return document && JSON.stringify(document);
  }
}
