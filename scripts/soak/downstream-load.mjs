/** The clients of the listeners: some wait for each answer, others come at a steady rate. */

import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { cdsCluster, extraCluster, faultyClusters, steadyCluster } from './config.mjs';
import { piece } from './host.mjs';

const loops = 8;
/** Longer than every time-out that there is: a request that takes more hangs. */
const deadlineMs = 20_000;

const kinds = {
  get: 46,
  head: 3,
  post: 14,
  stream: 8,
  big: 7,
  slow: 2,
  abort: 10,
  tunnel: 4,
  steady: 16,
};

export class DownstreamLoad {
  #doors;
  #random;
  #take;
  #pauseMs;
  #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  #isRunning = false;
  #underWay = new Set();
  #loops = [];
  #timer;
  #nextId = 1;

  /**
   * @param doors returns the listeners that there are: `{ name, host, port }`
   * @param take is called with the result of each request
   */
  constructor(doors, random, rate, take) {
    this.#doors = doors;
    this.#random = random;
    this.#take = take;
    this.#pauseMs = 1000 / rate;
  }

  get underWay() {
    return this.#underWay.size;
  }

  start() {
    this.#isRunning = true;
    this.#loops = Array.from({ length: loops }, () => this.#loop());
    this.#arrive();
  }

  /** Resolves when every request has ended. */
  async stop() {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    await Promise.all([...this.#loops, ...this.#underWay]);
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true, maxSockets: 64 });
  }

  /** Sends a request that fails as often as it is sent; returns its id. */
  async fail(door, cluster) {
    const id = `p${this.#nextId}`;
    this.#nextId += 1;
    const result = { id, kind: 'fail', door: door.name, cluster, status: 0, end: 'none' };
    const options = {
      port: door.port,
      host: door.host,
      headers: { host: 'soak.test', 'x-soak-id': id },
      path: `/c/${cluster}/fail`,
      agent: false,
    };
    const timer = setTimeout(() => result.abandon(), deadlineMs);
    await exchange(options, undefined, result, this.#random.fork());
    clearTimeout(timer);
    this.#take(result);
    return id;
  }

  async #loop() {
    while (this.#isRunning) {
      await this.#send();
      await wait(this.#random.fraction() * 40);
    }
  }

  /** Comes whether or not the others have been answered. */
  #arrive() {
    this.#timer = setTimeout(
      () => {
        if (this.#underWay.size < 500) void this.#send();
        this.#arrive();
      },
      this.#random.fraction() * 2 * this.#pauseMs,
    );
  }

  #send() {
    const kind = this.#random.pickWeighted(kinds);
    const job = this.#run(kind).finally(() => this.#underWay.delete(job));
    this.#underWay.add(job);
    return job;
  }

  async #run(kind, isSecond = false) {
    const id = `d${this.#nextId}`;
    this.#nextId += 1;
    const door = this.#random.pick(this.#doors());
    const isOnce = this.#random.chance(0.3);
    const result = { id, kind, door: door.name, isOnce, status: 0, end: 'none', isSent: true };
    result.cluster = this.#chooseCluster(kind);
    const timer = setTimeout(() => {
      result.problem = `no outcome within ${deadlineMs} ms, status ${result.status} so far`;
      result.abandon?.();
    }, deadlineMs);
    if (kind === 'tunnel') await openTunnel(door, result, this.#random);
    else await this.#exchange(door, result);
    clearTimeout(timer);
    delete result.abandon;
    // As every client does: the connection may have been closed while the request was on its way.
    const isStale = result.end === 'broken' && result.status === 0 && result.isReused;
    if (isStale && !isSecond && kind !== 'post' && kind !== 'stream') {
      result.end = 'stale';
      this.#take(result);
      await this.#run(kind, true);
    } else {
      this.#take(result);
    }
  }

  #chooseCluster(kind) {
    if (kind === 'steady') return steadyCluster;
    if (this.#random.chance(0.05)) return this.#random.pick([extraCluster, cdsCluster]);
    return this.#random.pick(faultyClusters);
  }

  #exchange(door, result) {
    const random = this.#random;
    const { kind } = result;
    // Of hosts in good health it is known what becomes of a body, however it ends.
    result.form = kind === 'steady' ? random.pick(['get', 'get', 'get', 'big', 'post']) : kind;
    const { form } = result;
    const options = {
      port: door.port,
      host: door.host,
      method: kind === 'head' ? 'HEAD' : 'GET',
      headers: { host: 'soak.test', 'x-soak-id': result.id },
      path: `/${result.isOnce ? 'once' : 'c'}/${result.cluster}/small`,
      agent: random.chance(0.1) ? false : this.#agent,
    };
    const isUpload =
      form === 'post' || form === 'stream' || (kind === 'abort' && random.chance(0.4));
    let body;
    if (isUpload) {
      body = Buffer.alloc(random.integer(0, 200_000), result.id);
      options.method = 'POST';
      options.path = options.path.replace('small', 'echo');
      if (form === 'post') options.headers['content-length'] = body.length;
      // A connection that has been closed meanwhile would break it, and it is not sent again.
      if (kind === 'steady') options.agent = false;
    } else if (form === 'big' || form === 'slow') {
      result.pieces = random.integer(1, 60);
      options.path = options.path.replace('small', `big?pieces=${result.pieces}`);
    }
    return exchange(options, body, result, random.fork());
  }
}

function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Sends one request; resolves when all is over, however. */
function exchange(options, body, result, random) {
  return new Promise((resolve) => {
    const sent = request(options);
    const end = (how) => {
      if (result.end === 'none') {
        result.end = how;
        result.isReused = sent.reusedSocket;
        sent.destroy();
      }
    };
    result.abandon = () => end('hung');
    sent.on('error', () => end('broken'));
    sent.on('close', () => {
      end('broken');
      resolve();
    });
    sent.on('response', (response) => receive(response, body, result, random, end));
    if (result.kind === 'abort') setTimeout(() => end('aborted'), random.integer(0, 150));
    if (body === undefined) sent.end();
    else if (result.form === 'post') sent.end(body);
    else void writePieces(sent, body, random);
  });
}

function receive(response, body, result, random, end) {
  result.status = response.statusCode;
  result.revision = response.headers['x-soak-revision'];
  const chunks = [];
  let bytes = 0;
  response.on('data', (chunk) => {
    bytes += chunk.length;
    if (result.pieces === undefined) chunks.push(chunk);
    if (result.kind === 'slow' && random.chance(0.3)) {
      response.pause();
      setTimeout(() => response.resume(), 30);
    }
  });
  response.on('error', () => end('broken'));
  response.on('end', () => {
    if (response.complete && result.end === 'none') {
      result.problem ??= judge(response, Buffer.concat(chunks), bytes, body, result);
      // An early answer may leave a body half sent.
      result.end = 'complete';
    }
  });
}

async function writePieces(sent, body, random) {
  for (let at = 0; at < body.length && !sent.destroyed; ) {
    const end = at + random.integer(1, 30_000);
    sent.write(body.subarray(at, end));
    at = end;
    if (random.chance(0.3)) await wait(random.integer(1, 10));
  }
  sent.end();
}

/** Says what is wrong with a response, if a host in good health has made it. */
function judge({ headers }, text, bytes, body, result) {
  if (headers['x-soak-well'] !== '1') return undefined;
  if (headers['x-soak-id'] !== result.id) return `the response is that to ${headers['x-soak-id']}`;
  if (result.kind === 'head') return undefined;
  if (result.pieces !== undefined) {
    return bytes === result.pieces * piece.length ? undefined : `the body has ${bytes} bytes`;
  }
  if (body !== undefined) {
    return text.equals(body) ? undefined : 'the body is not what was sent';
  }
  return text.toString() === (result.kind === 'fail' ? 'as asked for' : `hello ${result.id}`)
    ? undefined
    : `the body is ${text.subarray(0, 80)}`;
}

/** Opens a WebSocket and sends bytes through it, which have to come back. */
function openTunnel(door, result, random) {
  result.cluster = 'ws';
  const sent = Buffer.alloc(random.integer(1, 50_000), result.id);
  const handshake =
    `GET /ws HTTP/1.1\r\nhost: soak.test\r\nx-soak-id: ${result.id}\r\nconnection: Upgrade\r\n` +
    'upgrade: websocket\r\nsec-websocket-version: 13\r\n' +
    'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  return new Promise((resolve) => {
    const socket = connect(door.port, door.host);
    let read = Buffer.alloc(0);
    const end = (how) => {
      if (result.end === 'none') result.end = how;
      socket.destroy();
    };
    result.abandon = () => end('hung');
    socket.on('connect', () => socket.write(handshake));
    socket.on('error', () => end('broken'));
    socket.on('end', () => end('broken'));
    socket.on('close', () => resolve());
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      const headEnd = read.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      if (result.status === 0) {
        result.status = Number(read.subarray(9, 12).toString());
        if (result.status !== 101) return end('complete');
        socket.write(sent);
      }
      const echo = read.subarray(headEnd + 4);
      if (!sent.subarray(0, echo.length).equals(echo)) {
        result.problem = 'a tunnel brought other bytes than were sent';
        end('broken');
      } else if (echo.length === sent.length) end('complete');
    });
  });
}
