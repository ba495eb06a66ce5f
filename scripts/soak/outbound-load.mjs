/** The application's own calls: `sidecar.request`, in the process of the sidecar. */

import {
  extraCluster,
  faultyClusters,
  namedCluster,
  outboundHost,
  steadyCluster,
} from './config.mjs';

const loops = 8;
/** Longer than every time-out that there is: a call that takes more hangs. */
const deadlineMs = 20_000;
/** How often results are told. */
const batchMs = 500;

const kinds = {
  get: 50,
  post: 15,
  stream: 8,
  big: 6,
  abort: 12,
  abandon: 5,
  steady: 14,
  named: 10,
};

export class OutboundLoad {
  #sidecar;
  #random;
  #tell;
  #isRunning = false;
  #loops = [];
  #nextId = 1;
  #results = [];
  #pause;

  constructor(sidecar, random, settings, tell) {
    this.#sidecar = sidecar;
    this.#random = random;
    this.#tell = tell;
    this.#pause = (loops * 1000) / settings.rate;
  }

  start() {
    this.#isRunning = true;
    this.#loops = Array.from({ length: loops }, () => this.#run());
  }

  /** Resolves when every call has ended and its result is told. */
  async stop() {
    this.#isRunning = false;
    await Promise.all(this.#loops);
    this.#flush();
  }

  async #run() {
    while (this.#isRunning) {
      await this.#call();
      await new Promise((resolve) =>
        setTimeout(resolve, this.#random.fraction() * 2 * this.#pause),
      );
    }
  }

  async #call() {
    const kind = this.#random.pickWeighted(kinds);
    const id = `o${this.#nextId}`;
    this.#nextId += 1;
    const result = { id, kind, door: 'egress', status: 0, end: 'none' };
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(() => {
        result.problem = `no outcome within ${deadlineMs} ms, status ${result.status} so far`;
        this.#take(result);
        resolve();
      }, deadlineMs);
    });
    const sent = this.#send(kind, id, result).catch((error) => {
      result.problem = `unexpected: ${error.stack ?? error}`;
    });
    // One that hangs must not hold up the end.
    await Promise.race([sent, late]);
    clearTimeout(timer);
    this.#take(result);
  }

  async #send(kind, id, result) {
    const random = this.#random;
    const isOnce = random.chance(0.3);
    result.cluster = this.#chooseCluster(kind);
    result.isOnce = isOnce && kind !== 'named';
    if (kind === 'named') result.door = 'name';
    const base =
      kind === 'named'
        ? `http://${namedCluster}`
        : `http://${outboundHost}/${isOnce ? 'once' : 'c'}/${result.cluster}`;
    const options = { headers: { 'x-soak-id': id } };
    let path = '/small';
    let sent = '';
    // Of hosts in good health it is known what becomes of a body, however it ends.
    const form = kind === 'steady' ? random.pick(['get', 'get', 'big', 'post']) : kind;
    result.form = form;
    if (form === 'post' || form === 'stream') {
      path = '/echo';
      sent = 'x'.repeat(random.integer(0, 100_000));
      options.method = 'POST';
      options.body = form === 'post' ? sent : pieces(sent, random.fork());
    } else if (form === 'big') {
      result.pieces = random.integer(1, 40);
      path = `/big?pieces=${result.pieces}`;
    }
    if (kind === 'abort') {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('given up')), random.integer(0, 100));
      options.signal = controller.signal;
    }
    result.isSent = true;
    await this.#exchange(`${base}${path}`, options, kind, sent, result);
  }

  async #exchange(url, options, kind, sent, result) {
    let response;
    try {
      response = await this.#sidecar.request(url, options);
    } catch (error) {
      result.end = error.message === 'given up' ? 'aborted' : 'refused';
      if (result.end === 'refused') result.problem = `rejected: ${error.stack}`;
      return;
    }
    result.status = response.statusCode;
    result.revision = response.headers['x-soak-revision'];
    try {
      const isKept = kind === 'abandon';
      const body = isKept ? await readOne(response.body) : await response.body.bytes();
      result.end = isKept ? 'aborted' : 'complete';
      if (!isKept) result.problem = judge(response, body, sent, result);
    } catch (error) {
      const isExpected = error.message === 'given up' || error.code === 'SIDECAR_BODY_ABORTED';
      result.end = error.message === 'given up' ? 'aborted' : 'broken';
      if (!isExpected) result.problem = `the body failed: ${error.stack}`;
    }
  }

  #chooseCluster(kind) {
    if (kind === 'steady') return steadyCluster;
    if (kind === 'named') return namedCluster;
    return this.#random.chance(0.05) ? extraCluster : this.#random.pick(faultyClusters);
  }

  #take(result) {
    if (result.isTaken) return;
    result.isTaken = true;
    this.#results.push(result);
    this.#flushTimer ??= setTimeout(() => this.#flush(), batchMs);
  }

  #flushTimer;

  #flush() {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = undefined;
    this.#tell(this.#results);
    this.#results = [];
  }
}

async function* pieces(text, random) {
  for (let at = 0; at < text.length; ) {
    const end = at + random.integer(1, 20_000);
    yield text.slice(at, end);
    at = end;
    if (random.chance(0.3)) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Reads one piece, and then gives the body up. */
async function readOne(body) {
  for await (const piece of body) return piece;
  return undefined;
}

/** Says what is wrong with a response, if a host in good health has made it. */
function judge({ headers }, body, sent, { id, form, pieces: count }) {
  if (headers['x-soak-well'] !== '1') return undefined;
  if (headers['x-soak-id'] !== id) return `the response is that to ${headers['x-soak-id']}`;
  if (form === 'post' || form === 'stream') {
    return body.toString() === sent ? undefined : 'the body is not what was sent';
  }
  if (form === 'big') {
    return body.length === count * 16_384 ? undefined : `the body has ${body.length} bytes`;
  }
  return body.toString() === `hello ${id}` ? undefined : `the body is ${body.subarray(0, 80)}`;
}
