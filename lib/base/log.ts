/**
 * Where the library says what it does. The shape fits pino, winston and `console`. Only changes
 * are logged, never one line for each request: that is the access log's part.
 */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const ignore = (): void => {};

/** Says nothing: the default of a library. */
export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
