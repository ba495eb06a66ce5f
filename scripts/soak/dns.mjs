/** A DNS server that lies, on UDP and TCP. */

import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { decode, encode, streamEncode, TRUNCATED_RESPONSE } from 'dns-packet';

const responseFlags = 0x8180;

/** Ways to answer that are no use to anybody. `send` sends bytes. */
const badAnswers = {
  silence: () => {},
  serverFailure: (answer, send) => send({ ...answer, answers: [], flags: responseFlags | 2 }),
  wrongId: (answer, send) => send({ ...answer, id: (answer.id + 1) & 0xffff }),
  otherQuestion: (answer, send) =>
    send({ ...answer, questions: [{ type: 'A', class: 'IN', name: 'other.test' }] }),
  otherName: (answer, send) =>
    send({ ...answer, answers: answer.answers.map((each) => ({ ...each, name: 'other.test' })) }),
  loop: (answer, send) => {
    const { name } = answer.questions[0];
    const alias = (from, to) => ({ type: 'CNAME', class: 'IN', ttl: 1, name: from, data: to });
    send({ ...answer, answers: [alias(name, 'b.test'), alias('b.test', name)] });
  },
  garbage: (_answer, _send, sendBytes) => sendBytes(Buffer.from('no DNS at all, but many bytes')),
  short: (answer, _send, sendBytes) => sendBytes(encode(answer).subarray(0, 15)),
  late: (answer, send, _sendBytes, random) =>
    setTimeout(() => send(answer), random.integer(500, 6000)).unref(),
};

/** Odd ways that are answers all the same. */
const oddAnswers = {
  truncated: (answer, send, _sendBytes, _random, isTcp) =>
    isTcp
      ? send(answer)
      : send({ ...answer, answers: [], flags: responseFlags | TRUNCATED_RESPONSE }),
  twice: (answer, send) => {
    send(answer);
    send(answer);
  },
  duplicates: (answer, send) =>
    send({ ...answer, answers: [...answer.answers, ...answer.answers] }),
  alias: (answer, send) => {
    const [{ name }] = answer.questions;
    const alias = { type: 'CNAME', class: 'IN', ttl: 1, name, data: 'alias.test' };
    const answers = answer.answers.map((each) => ({ ...each, name: 'alias.test' }));
    send({ ...answer, answers: [alias, ...answers] });
  },
};

export const dnsFaults = [...Object.keys(badAnswers), ...Object.keys(oddAnswers)];

export class DnsServer {
  /** What every name resolves to. */
  addresses = [];
  /** How many answers of each kind have been given. */
  answers = new Map();
  #fault;
  #random;
  #udp = createSocket('udp4');
  #tcp = createServer((socket) => this.#onTcp(socket));
  #sockets = new Set();
  #isClosed = false;

  constructor(random) {
    this.#random = random;
  }

  get port() {
    return this.#udp.address().port;
  }

  async start() {
    this.#udp.on('message', (message, peer) => {
      const sendBytes = (bytes) => {
        if (!this.#isClosed) this.#udp.send(bytes, peer.port, peer.address, () => {});
      };
      this.#answer(message, (packet) => sendBytes(encode(packet)), sendBytes, false);
    });
    this.#udp.on('error', () => {});
    for (let attempt = 1; ; attempt += 1) {
      await new Promise((resolve) => this.#tcp.listen(0, '127.0.0.1', resolve));
      if (await this.#bind(this.#tcp.address().port)) return;
      if (attempt === 20) throw new Error('there is no port that is free for UDP and TCP');
      await new Promise((resolve) => this.#tcp.close(resolve));
    }
  }

  /** Resolves to `false` if somebody else has the port of UDP. */
  #bind(port) {
    return new Promise((resolve) => {
      const onError = () => resolve(false);
      this.#udp.once('error', onError);
      this.#udp.bind(port, '127.0.0.1', () => {
        this.#udp.off('error', onError);
        resolve(true);
      });
    });
  }

  close() {
    this.#isClosed = true;
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Goes wrong in this way until it is told otherwise; `undefined` for not at all. */
  misbehave(kind) {
    this.#fault = kind;
  }

  #onTcp(socket) {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    let read = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      if (read.length < 2 || read.length < 2 + read.readUInt16BE(0)) return;
      const message = read.subarray(2, 2 + read.readUInt16BE(0));
      read = Buffer.alloc(0);
      const send = (packet) => socket.write(streamEncode(packet));
      this.#answer(message, send, (bytes) => socket.write(bytes), true);
    });
  }

  #answer(message, send, sendBytes, isTcp) {
    const { id, questions } = decode(message);
    const [{ type, name }] = questions;
    const answers = this.addresses
      .filter(() => type === 'A')
      .map((data) => ({ type: 'A', class: 'IN', ttl: 0, name, data }));
    const answer = { type: 'response', id, flags: responseFlags, questions, answers };
    const kind = this.#fault ?? 'well';
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
    const act = badAnswers[kind] ?? oddAnswers[kind];
    if (act === undefined) send(answer);
    else act(answer, send, sendBytes, this.#random, isTcp);
  }
}
