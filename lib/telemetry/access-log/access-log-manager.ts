import { dirname, resolve } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { defaultRuntime, type Runtime } from '../../base/runtime.js';
import type { AccessLogFilterConfig } from '../../config/access-log-config.js';
import { FilesystemStats } from '../stats/filesystem-stats.js';
import { AccessLog } from './access-log.js';
import { AccessLogFile } from './access-log-file.js';
import { compileAccessLogFilter } from './access-log-filter.js';
import {
  compileAccessLogFormat,
  defaultAccessLogFormat,
  showsDetails,
} from './compile-access-log-format.js';
import { errorCode, openLogDescriptor } from './log-descriptor.js';

/** What an `AccessLogManager` needs. */
export interface AccessLogManagerOptions {
  readonly clock: Clock;
  /** `--file-flush-interval-msec`. Default 10000. */
  readonly flushIntervalMs?: number;
  /** What filters draw their runtime keys from. By default every key has its default. */
  readonly runtime?: Runtime;
}

interface SharedFile {
  readonly key: string;
  readonly opening: Promise<AccessLogFile | Error>;
  /** How many logs write to it. */
  users: number;
}

/**
 * Owns the files behind all access logs: one for each path, however many logs write to it.
 */
export class AccessLogManager {
  /** To be registered as `filesystem`. */
  readonly stats: FilesystemStats = new FilesystemStats();
  readonly #clock: Clock;
  readonly #flushIntervalMs: number;
  readonly #runtime: Runtime;
  /** By absolute path. */
  readonly #files = new Map<string, SharedFile>();
  /** The ends of files that nobody writes to any more. */
  readonly #closing = new Set<Promise<void>>();
  readonly #fileOf = new WeakMap<AccessLog, SharedFile>();

  constructor(options: AccessLogManagerOptions) {
    this.#clock = options.clock;
    this.#flushIntervalMs = options.flushIntervalMs ?? 10_000;
    this.#runtime = options.runtime ?? defaultRuntime;
  }

  /**
   * Makes the log of one `access_log` entry, with its own format and filter; entries with the same
   * path share the file. Without a filter every request is logged. An `Error` says, as one sentence
   * for whoever wrote the configuration, why the file cannot be written and how to mend it. Throws a `ConfigError` for a format that is wrong.
   */
  async createAccessLog(
    path: string,
    format: string = defaultAccessLogFormat,
    filter?: AccessLogFilterConfig,
  ): Promise<AccessLog | Error> {
    const formatter = compileAccessLogFormat(format);
    const passes = filter && compileAccessLogFilter(filter, this.#runtime);
    const shared = this.#shareFile(path, 'access log');
    const file = await shared.opening;
    if (file instanceof Error) {
      // The next one may find that it has been mended.
      this.#forget(shared);
      return file;
    }
    const accessLog = new AccessLog(file, formatter, passes, showsDetails(format));
    this.#fileOf.set(accessLog, shared);
    return accessLog;
  }

  /**
   * Opens a file that is written as access logs are, for lines of another kind; it stays open until
   * `close`. `noun`: what it is, for the sentence that says why it cannot be written, as above.
   */
  async openFile(path: string, noun: string): Promise<AccessLogFile | Error> {
    const shared = this.#shareFile(path, noun);
    const file = await shared.opening;
    if (file instanceof Error) {
      this.#forget(shared);
    }
    return file;
  }

  /** Gives a log back, to which nothing is written any more; the last one closes the file. */
  async release(accessLog: AccessLog): Promise<void> {
    const shared = this.#fileOf.get(accessLog);
    if (shared === undefined || !this.#fileOf.delete(accessLog)) {
      return;
    }
    shared.users--;
    if (shared.users === 0) {
      this.#forget(shared);
      const closing = shared.opening.then(closeFile);
      this.#closing.add(closing);
      await closing;
      this.#closing.delete(closing);
    }
  }

  /** Opens all paths anew, for after log files have been moved away. */
  async reopen(): Promise<void> {
    await this.#forEachFile((file) => file.reopen());
  }

  /** Writes what waits; resolves when that is done, or after a second. */
  async flush(): Promise<void> {
    await this.#forEachFile((file) => file.flush());
  }

  /** Flushes and closes all files. Safe to call again. */
  async close(): Promise<void> {
    await this.#forEachFile((file) => file.close());
    await Promise.all(this.#closing);
  }

  #forget(shared: SharedFile): void {
    if (this.#files.get(shared.key) === shared) {
      this.#files.delete(shared.key);
    }
  }

  #shareFile(path: string, noun: string): SharedFile {
    const key = resolve(path);
    let file = this.#files.get(key);
    if (file === undefined) {
      file = { key, opening: this.#openFile(path, noun), users: 0 };
      this.#files.set(key, file);
    }
    file.users++;
    return file;
  }

  async #openFile(path: string, noun: string): Promise<AccessLogFile | Error> {
    const options = {
      clock: this.#clock,
      flushIntervalMs: this.#flushIntervalMs,
      stats: this.stats,
    };
    if (path === '/dev/null') {
      return new AccessLogFile(path, undefined, options);
    }
    const fd = await openLogDescriptor(path);
    if (typeof fd === 'number') {
      return new AccessLogFile(path, fd, options);
    }
    // A pipe that nobody reads yet is no mistake: the reader may come later.
    return errorCode(fd) === 'ENXIO'
      ? new AccessLogFile(path, undefined, options)
      : new Error(describeOpenError(path, noun, fd), { cause: fd });
  }

  async #forEachFile(action: (file: AccessLogFile) => Promise<void>): Promise<void> {
    const files = await Promise.all([...this.#files.values()].map(({ opening }) => opening));
    await Promise.all(files.map((file) => (file instanceof Error ? undefined : action(file))));
  }
}

async function closeFile(file: AccessLogFile | Error): Promise<void> {
  if (!(file instanceof Error)) {
    await file.close();
  }
}

function describeOpenError(path: string, noun: string, error: Error): string {
  const start = `The ${noun} ${path} cannot be opened:`;
  const folder = dirname(path);
  switch (errorCode(error)) {
    case 'ENOENT':
      return `${start} there is no folder ${folder}. Create it, or write the log to /dev/stdout.`;
    case 'ENOTDIR':
      return `${start} ${folder} is not a folder. Name a file in a folder, or /dev/stdout.`;
    case 'EISDIR':
      return `${start} it is a folder. Name a file in it, or /dev/stdout.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${start} this process may not write to it. Let its user write there, or write the log to /dev/stdout.`;
    default:
      return `${start} ${error.message}.`;
  }
}
