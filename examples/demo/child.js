import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const endWithParent = new URL('./end-with-parent.js', import.meta.url).href;

/** How many lines of its log are shown when a process ends unexpectedly. */
const shownLogLines = 10;

/** One process that the demo has started. What it prints goes to a file. */
export class Child {
  /** Resolves to what ended the process: its exit code or the signal. */
  exited;
  hasExited = false;
  logFile;
  #process;

  /** Runs `script` with Node.js; `directory` is where its log is written. */
  constructor(name, script, args, directory) {
    this.name = name;
    this.logFile = join(directory, `${name}.log`);
    const log = openSync(this.logFile, 'a');
    const command = ['--import', endWithParent, fileURLToPath(script), ...args];
    this.#process = spawn(process.execPath, command, {
      stdio: ['ignore', log, log, 'ipc'],
      // In a process group of its own, so that Ctrl-C reaches the demo alone.
      detached: true,
    });
    closeSync(log);
    this.exited = once(this.#process, 'exit').then(([code, signal]) => {
      this.hasExited = true;
      return signal ?? code;
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** Sends a signal; does nothing if the process has ended. */
  kill(signal) {
    this.#process.kill(signal);
  }

  /** Ends the process at once and gives it the chance to say nothing more: see end-with-parent.js. */
  letGo() {
    if (this.#process.connected) {
      this.#process.disconnect();
    }
  }

  /** Resolves to whether the process has ended within this time. */
  async hasEndedWithin(timeoutMs) {
    const timer = new AbortController();
    const waited = delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.exited, waited]);
    timer.abort();
    return this.hasExited;
  }

  /** Waits until `isReady` resolves to true. Rejects if the process ends before, or in 15 s. */
  async waitUntil(isReady) {
    const deadline = Date.now() + 15_000;
    while (!(await isReady())) {
      if (this.hasExited || Date.now() > deadline) {
        const what = this.hasExited ? `ended (${await this.exited})` : 'did not get ready';
        throw new Error(`${this.name} ${what}. The end of its log:\n${this.readLogEnd()}`);
      }
      await this.hasEndedWithin(20);
    }
  }

  readLogEnd() {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    return lines
      .slice(-shownLogLines)
      .map((line) => `  ${line}`)
      .join('\n');
  }
}
