import type { RequestInfo } from '../../http/request-info.js';
import type { AccessLogFile } from './access-log-file.js';
import type { AccessLogFormatter } from './compile-access-log-format.js';

/** One `access_log` entry at work: reference 7.1. Several may share a file. */
export class AccessLog {
  readonly #file: AccessLogFile;
  readonly #format: AccessLogFormatter;

  constructor(file: AccessLogFile, format: AccessLogFormatter) {
    this.#file = file;
    this.#format = format;
  }

  /** Called once for each request when it is over, complete or not. Never waits, never throws. */
  log(info: RequestInfo): void {
    if (!this.#file.isDiscarding) {
      this.#file.write(this.#format(info));
    }
  }
}
