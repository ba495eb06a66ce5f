import type { RequestInfo } from '../../http/request-info.js';
import type { AccessLogFile } from './access-log-file.js';
import type { AccessLogFilter } from './access-log-filter.js';
import type { AccessLogFormatter } from './compile-access-log-format.js';

/** One `access_log` entry at work: reference 7.1. Several may share a file. */
export class AccessLog {
  /** Whether a line shows `RequestInfo.details`, which are gathered only then. */
  readonly showsDetails: boolean;
  readonly #file: AccessLogFile;
  readonly #format: AccessLogFormatter;
  readonly #filter: AccessLogFilter | undefined;

  /** Without a filter every request is logged. */
  constructor(
    file: AccessLogFile,
    format: AccessLogFormatter,
    filter?: AccessLogFilter,
    showsDetails = false,
  ) {
    this.showsDetails = showsDetails && !file.isDiscarding;
    this.#file = file;
    this.#format = format;
    this.#filter = filter;
  }

  /** Called once for each request when it is over, complete or not. Never waits, never throws. */
  log(info: RequestInfo): void {
    if (!this.#file.isDiscarding && this.#filter?.(info) !== false) {
      this.#file.write(this.#format(info));
    }
  }
}
