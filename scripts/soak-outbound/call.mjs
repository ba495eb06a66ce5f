/** One call: what was planned, and what its caller has heard. It ends once, and nothing comes after. */

import { Readable } from 'node:stream';
import { BodyCheck, bodyOf } from './bodies.mjs';
import { describePlan } from './plan.mjs';

/** How a call may end, as numbers that fit into a byte; 0 is that it has not. */
export const ends = ['none', 'complete', 'broken', 'aborted', 'failed', 'hanging'];

/** The calls whose uploads have been begun, and neither ended nor been given up. */
const openUploads = new Set();

/** Says of which calls the upload has not been released. */
export function listOpenUploads() {
  return [...openUploads].map(String);
}

export class Call {
  plan;
  status = 0;
  /** Whether a host has made the response; the sidecar makes some itself. */
  isOfHost = false;
  end = 'none';
  problem;
  isGivenUp = false;
  startMs = performance.now();
  #check;
  #onEnd;
  #timer;

  /** `onEnd` is called once. */
  constructor(plan, onEnd) {
    this.plan = plan;
    this.#onEnd = onEnd;
  }

  get headers() {
    const { id, form, requestLength } = this.plan;
    const headers = { 'x-soak-id': String(id) };
    // For clients that leave it to their caller whether the length is known.
    if (form === 'whole') headers['content-length'] = String(requestLength);
    return headers;
  }

  get path() {
    return `/${this.plan.route}/${this.plan.id}`;
  }

  /** The request body, in whatever form it is sent. */
  get bytes() {
    const { id, requestLength } = this.plan;
    return bodyOf(id, 'request', requestLength);
  }

  /** The request body, in whatever form is planned. */
  createBody() {
    const { form } = this.plan;
    if (form === 'none') return undefined;
    if (form === 'whole') return this.bytes;
    return form === 'stream'
      ? Readable.from(this.#pieces(), { objectMode: false })
      : this.#pieces();
  }

  /** Gives up when that is planned. */
  abortWith(abort) {
    const { abortAfterMs } = this.plan;
    if (abortAfterMs === undefined) return;
    this.#timer = setTimeout(() => {
      this.isGivenUp = true;
      abort();
    }, abortAfterMs);
  }

  onHead(status, ownId) {
    if (this.end !== 'none') this.fail(`a head after its end (${this.end})`);
    if (this.status !== 0) this.fail(`a second head, ${status} after ${this.status}`);
    this.status = status;
    this.isOfHost = ownId !== undefined && ownId !== null;
    if (this.isOfHost && Number(ownId) !== this.plan.id) this.fail(`the response to ${ownId}`);
    if (this.isOfHost) {
      this.#check = new BodyCheck(bodyOf(this.plan.id, 'response', this.plan.responseLength));
    }
  }

  onData(chunk) {
    if (this.end !== 'none') this.fail(`a piece of a body after its end (${this.end})`);
    if (this.status === 0) this.fail('a piece of a body before its head');
    this.#check?.push(chunk);
  }

  onComplete() {
    this.#finish('complete');
  }

  /** The response breaks off, or there is none. */
  onError(error) {
    if (this.isGivenUp) this.#finish('aborted');
    else this.#finish(this.status === 0 ? 'failed' : 'broken', error);
  }

  /** Nothing has been heard for far too long. */
  onHanging() {
    this.fail(`no end within ${Math.round(performance.now() - this.startMs)} ms`);
    this.#finish('hanging');
  }

  fail(what) {
    this.problem ??= `${this}: ${what}`;
  }

  toString() {
    return describePlan(this.plan);
  }

  #finish(end, error) {
    if (this.end !== 'none') {
      // Whoever gives up as the end comes may hear of both.
      if (!this.isGivenUp) this.fail(`${end} after it was ${this.end}`);
      return;
    }
    clearTimeout(this.#timer);
    this.end = end;
    const wrong = this.#check?.findProblem(end === 'complete');
    if (wrong !== undefined) this.fail(`the body ${wrong}`);
    if (end === 'failed') this.fail(`there was no response: ${describe(error)}`);
    this.#onEnd(this);
  }

  async *#pieces() {
    const { id, share, door } = this.plan;
    const body = this.bytes;
    const length = 1 + Math.floor(share * 20_000);
    // The fetch of Node.js 20 itself forgets some.
    if (door !== 'fetch') openUploads.add(this);
    try {
      for (let at = 0; at < body.length; at += length) {
        yield body.subarray(at, at + length);
        if (id % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    } finally {
      openUploads.delete(this);
    }
  }
}

function describe(error) {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
