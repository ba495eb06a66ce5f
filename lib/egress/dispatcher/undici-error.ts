/**
 * The codes of undici that its callers match. What they stand for is the caller's own doing, so they
 * are part of the contract of a dispatcher, unlike what the network does.
 */
export type UndiciErrorCode =
  | 'UND_ERR_ABORTED'
  | 'UND_ERR_CLOSED'
  | 'UND_ERR_DESTROYED'
  | 'UND_ERR_INVALID_ARG';

const names: Readonly<Record<UndiciErrorCode, string>> = {
  UND_ERR_ABORTED: 'AbortError',
  UND_ERR_CLOSED: 'ClientClosedError',
  UND_ERR_DESTROYED: 'ClientDestroyedError',
  UND_ERR_INVALID_ARG: 'InvalidArgumentError',
};

/**
 * An error that callers of undici know: by its `code`, by its name, and by `instanceof`, for which
 * undici goes by registered symbols and not by the class.
 */
export class UndiciError extends Error {
  readonly code: UndiciErrorCode;

  constructor(code: UndiciErrorCode, message: string) {
    super(message);
    this.name = names[code];
    this.code = code;
    for (const brand of ['UND_ERR', code]) {
      Object.defineProperty(this, Symbol.for(`undici.error.${brand}`), { value: true });
    }
  }
}
