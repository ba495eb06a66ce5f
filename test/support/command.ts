import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** Longer than anything takes on a machine under load; only a failing test waits that long. */
const patienceMs = 30_000;

/** How a process has ended: exactly one of the two is set. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A Node.js program in a process of its own, with everything that it prints. */
export class Command {
  stdout: string = '';
  stderr: string = '';
  readonly #process: ChildProcess;
  readonly #exited: Promise<ExitStatus>;
  readonly #observers = new Set<() => void>();

  private constructor(args: readonly string[]) {
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#notify();
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#notify();
    });
    // `close` rather than `exit`: then everything that was printed has been read.
    this.#exited = once(this.#process, 'close').then(([code, signal]) => {
      this.#notify();
      return { code, signal };
    });
  }

  /**
   * Runs `node` with these arguments. If it still runs at the end of the test, it gets `endSignal`:
   * SIGKILL, unless it must tidy up.
   */
  static start(
    t: TestContext,
    args: readonly string[],
    endSignal: NodeJS.Signals = 'SIGKILL',
  ): Command {
    const command = new Command(args);
    t.after(async () => {
      command.kill(endSignal);
      await command.exited;
    });
    return command;
  }

  get pid(): number {
    return this.#process.pid ?? Number.NaN;
  }

  get exited(): Promise<ExitStatus> {
    return this.#exited;
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Writes a line to its standard input. */
  type(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Ends its standard input. */
  endInput(): void {
    this.#process.stdin?.end();
  }

  /**
   * Resolves to the first match in what it prints, from the beginning. Rejects with all of that if
   * it ends before.
   */
  waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const give = (reason: string): void => {
        finish();
        reject(new Error(`${reason} before ${pattern}:\n${this.stdout}\n${this.stderr}`));
      };
      const look = (): void => {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (match !== null) {
          finish();
          resolve(match);
        } else if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
          void this.#exited.then(() => give('the process ended'));
        }
      };
      const timer = setTimeout(() => give('time ran out'), patienceMs);
      const finish = (): void => {
        clearTimeout(timer);
        this.#observers.delete(look);
      };
      this.#observers.add(look);
      look();
    });
  }

  #notify(): void {
    for (const look of this.#observers) {
      look();
    }
  }
}
