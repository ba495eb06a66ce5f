/** Starts the processes of the bench, asks them, and sees to it that none outlives it. */

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long a process may take to become ready, or to end. */
const startMs = 15_000;
const endMs = 2000;

/** How long an answer may take beyond the time that the question itself asks for. */
const answerMs = 5000;

const running = new Set();

/** One process of the bench. It answers one question at a time. */
export class BenchProcess {
  #script;
  #child;
  #ended;
  #lastWords = '';

  /** Starts a script of this folder, on the given CPUs if any; resolves when it is ready. */
  static async start(script, settings, cpus) {
    const started = new BenchProcess(script, settings, cpus);
    try {
      started.ready = await started.#next(startMs);
    } catch (error) {
      await started.end();
      throw error;
    }
    return started;
  }

  constructor(script, settings, cpus) {
    this.#script = script;
    const file = fileURLToPath(new URL(script, import.meta.url));
    const command = [process.execPath, file, JSON.stringify(settings)];
    if (cpus !== undefined) command.unshift(findCommand('taskset'), '-c', cpus);
    this.#child = spawn(command[0], command.slice(1), {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#lastWords = (this.#lastWords + text).slice(-4000);
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', resolve);
      this.#child.once('close', resolve);
    }).then(() => running.delete(this));
    running.add(this);
  }

  /** Asks a question that takes about `ms` to answer. */
  ask(question, input, ms = 0) {
    const answer = this.#next(ms + answerMs);
    if (this.#child.connected) this.#child.send({ question, input });
    return answer;
  }

  /** Ends the process: kindly, and after a while not. */
  async end() {
    // Not disconnect(): after it, Node.js emits no `close` here.
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), endMs);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Says why something failed: if this process has just ended, then that is why. */
  async explain(error) {
    const hasEnded = await Promise.race([this.#ended.then(() => true), wait(200, false)]);
    return hasEnded ? this.#cause() : error.message;
  }

  async #next(ms) {
    let timer;
    let onMessage;
    const message = new Promise((resolve) => {
      onMessage = resolve;
      this.#child.once('message', onMessage);
    });
    const gone = this.#ended.then(() => ({ failure: this.#cause() }));
    const late = new Promise((resolve) => {
      timer = setTimeout(() => resolve({ failure: `no answer within ${ms} ms` }), ms);
    });
    const { value, failure } = await Promise.race([message, gone, late]);
    clearTimeout(timer);
    this.#child.off('message', onMessage);
    if (failure !== undefined) throw new Error(failure);
    return value;
  }

  /** What the process said of its end: the first error line, else the last line, else nothing. */
  #cause() {
    const lines = this.#lastWords.split('\n').filter((line) => line.trim() !== '');
    const line = lines.find((each) => /^\w*Error\b/.test(each)) ?? lines.at(-1);
    return `${this.#script} ended${line === undefined ? '' : `: ${line.trim()}`}`;
  }
}

/** Ends every process that is still there. */
export async function endAll() {
  await Promise.all([...running].map((each) => each.end()));
}

/** Returns the path of a command, or `undefined` if it is not installed. */
export function findCommand(name) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  // Where servers are put, often missing in the PATH of a user.
  folders.push('/usr/local/sbin', '/usr/sbin');
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/**
 * Divides the CPUs that this process may use: the last for the contender, the others for load and
 * upstream. Returns nothing where processes cannot be pinned, or there is only one CPU.
 */
export function divideCpus() {
  if (process.platform !== 'linux' || findCommand('taskset') === undefined) return {};
  const status = readFileSync('/proc/self/status', 'latin1');
  const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(status)?.[1] ?? '';
  const cpus = list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  if (cpus.length < 2) return {};
  return { contender: String(cpus.at(-1)), others: cpus.slice(0, -1).join(',') };
}
