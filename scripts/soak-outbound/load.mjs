/** Makes the calls, so many at once, and keeps how each has ended. */

import { Call, ends, listOpenUploads } from './call.mjs';
import { openDoors } from './doors.mjs';
import { planOf } from './plan.mjs';

/** Longer than every time-out that there is: a call that takes more hangs. */
const hangingMs = 60_000;
/** More are of no use to anybody. */
const maxProblems = 100;
/** Added to how a call has ended, if a host has made its response. */
export const ofHost = 16;

export class Load {
  #doors;
  #seed;
  #concurrency;
  #outcomes;
  #statuses;
  #active = new Set();
  problems = [];

  constructor(sidecar, { seed, concurrency, requests }) {
    this.#doors = openDoors(sidecar);
    this.#seed = seed;
    this.#concurrency = concurrency;
    this.#outcomes = new Uint8Array(requests + 1);
    this.#statuses = new Uint16Array(requests + 1);
  }

  /** Makes the calls with these ids; resolves when all have ended. */
  async run(from, to) {
    const watch = setInterval(() => this.#endHanging(), 5000);
    let next = from;
    const loop = async () => {
      while (next <= to) {
        next += 1;
        await this.#call(next - 1);
      }
    };
    await Promise.all(Array.from({ length: this.#concurrency }, loop));
    clearInterval(watch);
  }

  /** How each call has ended and with what status, by id, as they fit into a message. */
  get results() {
    const encode = ({ buffer }) => Buffer.from(buffer).toString('base64');
    return { outcomes: encode(this.#outcomes), statuses: encode(this.#statuses) };
  }

  get openUploads() {
    return listOpenUploads();
  }

  #call(id) {
    return new Promise((resolve) => {
      const plan = planOf(this.#seed, id);
      const call = new Call(plan, () => {
        this.#active.delete(call);
        this.#outcomes[id] = ends.indexOf(call.end) + (call.isOfHost ? ofHost : 0);
        this.#statuses[id] = call.status;
        if (call.problem !== undefined) this.#report(call.problem);
        // What comes behind the end is seen a turn later.
        setImmediate(() => this.#look(call, call.problem));
        resolve();
      });
      this.#active.add(call);
      try {
        this.#doors[plan.door](call);
      } catch (error) {
        call.fail(`it threw: ${error.stack}`);
        call.onError(error);
      }
    });
  }

  #look(call, before) {
    if (call.problem !== before) this.#report(call.problem);
  }

  #endHanging() {
    const now = performance.now();
    for (const call of [...this.#active]) {
      if (now - call.startMs > hangingMs) call.onHanging();
    }
  }

  #report(problem) {
    if (this.problems.length < maxProblems) this.problems.push(problem);
  }
}
