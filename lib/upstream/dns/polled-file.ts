import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../base/clock.js';

/** Within this time a file counts as unchanged: look-ups come by the thousand. */
const freshMs = 1000;

/** What is bigger is not read: it would be parsed in one go. */
const maxBytes = 4 * 1024 * 1024;

/**
 * A file of the system that is read when it is asked for, and again when it has changed. Nothing
 * watches it in between, so there is nothing to close.
 *
 * What was read last stays in use while the file cannot be read; only if it is not there at all,
 * there is no content.
 */
export class PolledFile<T> {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #parse: (text: string) => T;
  #content: T | undefined = undefined;
  #stamp = '';
  #checkedMs = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined = undefined;

  constructor(path: string, clock: Clock, parse: (text: string) => T) {
    this.#path = path;
    this.#clock = clock;
    this.#parse = parse;
  }

  /** Returns the content, or `undefined` if there is no such file. Never rejects. */
  async read(): Promise<T | undefined> {
    if (this.#clock.now() - this.#checkedMs >= freshMs) {
      this.#checking ??= this.#check().finally(() => {
        this.#checkedMs = this.#clock.now();
        this.#checking = undefined;
      });
    }
    await this.#checking;
    return this.#content;
  }

  async #check(): Promise<void> {
    try {
      const { dev, ino, size, mtimeNs } = await stat(this.#path, { bigint: true });
      const stamp = `${dev}:${ino}:${size}:${mtimeNs}`;
      if (stamp !== this.#stamp && size <= maxBytes) {
        this.#content = this.#parse(await readFile(this.#path, 'utf8'));
        this.#stamp = stamp;
      }
    } catch (error) {
      // `stat` and `readFile` reject with nothing else.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        this.#content = undefined;
        this.#stamp = '';
      }
    }
  }
}
