/** Where a command writes, so that it can be run without a process of its own. */
export interface CommandIo {
  /** What was asked for. */
  stdout(text: string): void;
  /** Everything else: the log, complaints. */
  stderr(text: string): void;
}
