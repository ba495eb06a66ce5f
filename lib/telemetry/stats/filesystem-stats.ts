import {
  type NumberField,
  resetCounterFields,
  type StatField,
  type StatSource,
  type StatVisitor,
  visitFields,
} from './stat-source.js';

/** The statistics `filesystem.` of all access log files together: reference 8.4. */
export class FilesystemStats implements StatSource {
  writeBuffered = 0;
  writeCompleted = 0;
  writeFailed = 0;
  /** Ours: lines that were lost, because a write failed or too much was waiting. */
  writeDropped = 0;
  flushedByTimer = 0;
  reopenFailed = 0;
  /** Bytes waiting now. */
  writeTotalBuffered = 0;

  visitStats(visitor: StatVisitor): void {
    visitFields(this, fields, visitor);
  }

  resetCounters(): void {
    resetCounterFields<NumberField<FilesystemStats>>(this, fields);
  }
}

const fields: readonly StatField<NumberField<FilesystemStats>>[] = [
  ['flushedByTimer', 'flushed_by_timer', 'counter'],
  ['reopenFailed', 'reopen_failed', 'counter'],
  ['writeBuffered', 'write_buffered', 'counter'],
  ['writeCompleted', 'write_completed', 'counter'],
  ['writeDropped', 'write_dropped', 'counter'],
  ['writeFailed', 'write_failed', 'counter'],
  ['writeTotalBuffered', 'write_total_buffered', 'gauge'],
];
