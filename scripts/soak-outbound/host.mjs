/** The hosts: they check every request body, and break off where the plan of the call says so. */

import { createServer } from 'node:http';
import { BodyCheck, bodyOf } from './bodies.mjs';
import { brokenFaults, planOf } from './plan.mjs';

/** The longest wait until an idle connection is broken or closed. */
const maxIdleMs = 3;
/** A longer response may still wait in the kernel to be sent, which a reset throws away. */
const maxResetBytes = 16_000;
/** In how many pieces a slow response comes at most. */
const maxPieces = 8;

/** What the hosts know of all calls, by id. */
export class Ledger {
  problems = [];
  #arrivals;
  #late;
  #served;
  arrivalCount = 0;
  faults = new Map();

  constructor(requests) {
    this.#arrivals = new Uint8Array(requests + 1);
    this.#late = new Uint8Array(requests + 1);
    this.#served = new Uint8Array(requests + 1);
  }

  /** Counts an arrival; returns how many there have been of that call that could be answered. */
  arrive(id, isLate) {
    this.arrivalCount += 1;
    this.#arrivals[id] += 1;
    if (isLate) this.#late[id] += 1;
    return this.#arrivals[id] - this.#late[id];
  }

  /** A whole response to the call is on its way. */
  serve(id) {
    this.#served[id] = 1;
  }

  arrivalsOf(id) {
    return this.#arrivals[id];
  }

  /** How many of them came on a connection that its host had closed already. */
  lateOf(id) {
    return this.#late[id];
  }

  isServed(id) {
    return this.#served[id] === 1;
  }

  report(problem) {
    this.problems.push(problem);
  }
}

export class Host {
  #seed;
  #ledger;
  #sockets = new Set();
  /** Connections with a request under way. */
  #busy = new WeakSet();
  #server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });

  constructor(seed, ledger) {
    this.#seed = seed;
    this.#ledger = ledger;
    this.#server.on('request', (request, response) => this.#onRequest(request, response));
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    this.#server.on('connection', (socket) => {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get url() {
    return `tcp://127.0.0.1:${this.#server.address().port}`;
  }

  listen() {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve);
    });
  }

  close() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #onRequest(request, response) {
    const id = Number(request.headers['x-soak-id']);
    const plan = planOf(this.#seed, id);
    const { socket } = request;
    const isLate = socket.writableEnded || socket.destroyed;
    const isFirst = this.#ledger.arrive(id, isLate) === 1;
    const fault = isLate ? 'late' : isFirst ? plan.fault : 'none';
    this.#ledger.faults.set(fault, (this.#ledger.faults.get(fault) ?? 0) + 1);
    this.#busy.add(socket);
    request.on('error', () => {});
    response.on('error', () => {});
    response.on('finish', () => this.#busy.delete(socket));
    if (isLate) {
      socket.destroy();
      return;
    }
    if (request.method !== plan.method) this.#report(plan, `it has become ${request.method}`);
    const act = () => this.#answer(fault, plan, response, socket);
    const isHasty = fault === 'early' || (plan.isHasty && brokenFaults.has(fault));
    if (isHasty) act();
    this.#readBody(request, plan, isHasty ? () => {} : act);
  }

  #readBody(request, plan, onEnd) {
    const check = new BodyCheck(bodyOf(plan.id, 'request', plan.requestLength));
    request.on('data', (chunk) => check.push(chunk));
    request.on('end', () => {
      const problem = check.findProblem(true);
      if (problem !== undefined) this.#report(plan, `its body ${problem}`);
      onEnd();
    });
  }

  #answer(fault, plan, response, socket) {
    const { id, isReset, responseLength } = plan;
    const body = bodyOf(id, 'response', responseLength);
    const kill = () => (isReset ? socket.resetAndDestroy() : socket.destroy());
    if (fault === 'before') {
      kill();
      return;
    }
    if (fault === 'head') {
      socket.write(cutHead(plan), 'latin1', kill);
      return;
    }
    const framing = plan.isChunked ? {} : { 'content-length': responseLength };
    response.writeHead(fault === 'unavailable' ? 503 : 200, { 'x-soak-id': id, ...framing });
    if (fault === 'end' || fault === 'body') {
      const length = fault === 'end' ? body.length : Math.floor(plan.share * body.length);
      response.flushHeaders();
      if (length > 0) response.write(body.subarray(0, length), kill);
      else kill();
      return;
    }
    this.#ledger.serve(id);
    response.on('finish', () => this.#afterwards(fault, socket, plan));
    if (fault === 'slow') sendPieces(response, body);
    else response.end(body);
  }

  /** What happens to a connection whose response is complete. */
  #afterwards(fault, socket, { share, responseLength }) {
    if (fault === 'after') {
      socket.resetAndDestroy();
    } else if (fault === 'close' || (fault === 'idle' && responseLength < maxResetBytes)) {
      setTimeout(() => {
        if (this.#busy.has(socket)) return;
        if (fault === 'idle') socket.resetAndDestroy();
        else socket.end();
      }, share * maxIdleMs);
    }
  }

  #report({ id, door, route, method, form }, problem) {
    this.#ledger.report(`${method} ${id} by ${door} on ${route}, ${form}, at its host: ${problem}`);
  }
}

/** The beginning of a head, from its first byte to all but its last. */
function cutHead({ id, isChunked, responseLength, share }) {
  const framing = isChunked ? 'transfer-encoding: chunked' : `content-length: ${responseLength}`;
  const head = `HTTP/1.1 200 OK\r\nx-soak-id: ${id}\r\n${framing}\r\n\r\n`;
  return head.slice(0, 1 + Math.floor(share * (head.length - 1)));
}

function sendPieces(response, body) {
  const length = Math.max(1, Math.ceil(body.length / maxPieces));
  const send = (position) => {
    if (response.destroyed) return;
    if (position >= body.length) {
      response.end();
      return;
    }
    response.write(body.subarray(position, position + length));
    setImmediate(send, position + length);
  };
  send(0);
}
