/** The parent's end of the process of the sidecar. */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** How long an answer may take. */
const answerMs = 60_000;
/** How long the process may take to end once nothing holds it. */
const endMs = 10_000;

export class SidecarChild {
  /** What the process has said or done that it must not. */
  problems = [];
  onResults = () => {};
  onLog = () => {};
  #child;
  #exit;
  #nextId = 1;
  #waiting = new Map();
  #isLeaving = false;

  /** `script` is told the settings, and answers what is asked. */
  constructor(settings, script = join(import.meta.dirname, 'sidecar-process.mjs')) {
    const flags = ['--expose-gc', '--throw-deprecation', '--trace-warnings'];
    this.#child = spawn(process.execPath, [...flags, script, JSON.stringify(settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => this.#report(`it printed: ${text.trim()}`));
    }
    this.#child.on('message', (message) => this.#onMessage(message));
    this.#exit = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve({ code: null, signal: error.message }));
      this.#child.on('exit', (code, signal) => resolve({ code, signal }));
    }).then((exit) => this.#onExit(exit));
  }

  get pid() {
    return this.#child.pid;
  }

  /** Asks a question of the script, whose answer may take so long. */
  ask(question, input, ms = answerMs) {
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(id, `no answer to "${question}"`), ms);
      this.#waiting.set(id, { resolve, reject, timer });
      if (this.#child.connected) this.#child.send({ id, question, input });
      else this.#fail(id, 'the sidecar process is gone');
    });
  }

  /** Lets the process end by itself, and sees whether it does. */
  async leave() {
    this.#isLeaving = true;
    await this.ask('leave');
    const timer = setTimeout(() => {
      this.#report(`the process did not end by itself within ${endMs} ms`);
      this.kill();
    }, endMs);
    await this.#exit;
    clearTimeout(timer);
  }

  /** For when all is lost. */
  kill() {
    this.#child.kill('SIGKILL');
  }

  #onMessage({ id, answer, failure, results, log, ...trouble }) {
    if (results !== undefined) this.onResults(results);
    if (log !== undefined) this.onLog(log);
    for (const [kind, text] of Object.entries(trouble)) this.#report(`${kind}: ${text}`);
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined && failure !== undefined) {
      this.#fail(id, failure);
    } else if (waiting !== undefined) {
      clearTimeout(waiting.timer);
      this.#waiting.delete(id);
      waiting.resolve(answer);
    }
  }

  #onExit({ code, signal }) {
    if (!this.#isLeaving || code !== 0) {
      this.#report(`the process ended with code ${code}, signal ${signal}`);
    }
    for (const id of [...this.#waiting.keys()]) this.#fail(id, 'the sidecar process has ended');
  }

  #fail(id, message) {
    const waiting = this.#waiting.get(id);
    clearTimeout(waiting?.timer);
    this.#waiting.delete(id);
    waiting?.reject(new Error(message));
  }

  #report(problem) {
    // One that goes on and on says nothing more.
    if (this.problems.length < 50) this.problems.push(problem);
  }
}
