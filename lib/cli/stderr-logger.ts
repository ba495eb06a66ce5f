import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/log.js';
import type { CommandIo } from './command-io.js';

/** Envoy's log levels, from the most to the least. */
export const logLevels = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'] as const;

export type LogLevel = (typeof logLevels)[number];

/**
 * Writes one line for each message that is at least as grave as `level`.
 *
 * The library knows four levels. `trace` shows as much as `debug`; `critical` as little as `off`,
 * for what is critical is not logged but ends the command with a message.
 */
export function createStderrLogger(level: LogLevel, io: CommandIo, clock: Clock): Logger {
  const threshold = logLevels.indexOf(level);
  const writer = (messageLevel: LogLevel): ((message: string) => void) => {
    if (logLevels.indexOf(messageLevel) < threshold) {
      return () => {};
    }
    return (message) => {
      const time = new Date(clock.wallNow()).toISOString();
      io.stderr(`[${time}] [${messageLevel}] ${message}\n`);
    };
  };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warning'),
    error: writer('error'),
  };
}
