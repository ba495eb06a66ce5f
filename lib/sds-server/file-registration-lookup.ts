import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../base/clock.js';
import { ConfigError, SidecarError } from '../base/errors.js';
import type { Logger } from '../base/log.js';
import { readJsonSource } from '../config/json-source.js';
import { formatSourceProblem } from '../config/source-document.js';
import type { Registration } from '../upstream/discovery/registration-source.js';
import type { RegistrationLookup } from './registration-lookup.js';
import { parseRegistrations, type Registrations } from './registrations-file.js';
import type { ServiceName } from './service-name.js';

export interface FileRegistrationLookupOptions {
  readonly file: string;
  readonly clusterDomain: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A file as it was when it was read. */
interface Snapshot {
  readonly bytes: Buffer;
  /** What tells this version of the file from another without reading it. */
  readonly version: string;
  /** Whether another version would show; else the file must be read once more to be sure. */
  readonly settled: boolean;
}

/**
 * How old a file must be when it is read for its version to be trusted. File systems stamp in
 * steps: a second edit within the step of the first looks the same from outside.
 */
const settleMs = 2000;

/**
 * Registrations from a file, which may be edited in place or replaced while it is in use.
 *
 * The file is looked at when somebody asks, rather than watched: that holds for every file system,
 * for symbolic links that are switched, and costs one `stat` a question. An edit that is broken
 * leaves the registrations as they are and is logged once.
 */
export class FileRegistrationLookup implements RegistrationLookup {
  readonly #options: FileRegistrationLookupOptions;
  #snapshot: Snapshot;
  #registrations: Registrations;
  /** The complaint that was logged last, so that it is not logged again. */
  #fault: string | undefined = undefined;
  #refreshing: Promise<void> | undefined = undefined;

  private constructor(
    options: FileRegistrationLookupOptions,
    snapshot: Snapshot,
    registrations: Registrations,
  ) {
    this.#options = options;
    this.#snapshot = snapshot;
    this.#registrations = registrations;
  }

  /** Reads the file. Rejects with `SidecarError` if it is missing, unreadable or wrong. */
  static async open(options: FileRegistrationLookupOptions): Promise<FileRegistrationLookup> {
    const snapshot = await readSnapshot(options, undefined);
    const registrations = parse(snapshot.bytes, options);
    options.logger.info(`${options.file} was read: ${registrations.summarize()}`);
    return new FileRegistrationLookup(options, snapshot, registrations);
  }

  async hosts(service: ServiceName): Promise<readonly Registration[]> {
    // Those who ask at the same time share one look.
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    await this.#refreshing;
    return this.#registrations.hosts(service);
  }

  async close(): Promise<void> {
    await this.#refreshing;
  }

  /** Never rejects. */
  async #refresh(): Promise<void> {
    const { file, logger } = this.#options;
    const last = this.#snapshot;
    try {
      const snapshot = await readSnapshot(this.#options, last);
      this.#snapshot = snapshot;
      if (!snapshot.bytes.equals(last.bytes)) {
        this.#registrations = parse(snapshot.bytes, this.#options);
        logger.info(`${file} has changed: ${this.#registrations.summarize()}`);
      } else if (this.#fault !== undefined) {
        // Back after it was gone, unless it is still the broken one.
        parse(snapshot.bytes, this.#options);
        logger.info(`${file} can be read again: ${this.#registrations.summarize()}`);
      }
      this.#fault = undefined;
    } catch (error) {
      this.#onFault(error instanceof Error ? error.message : String(error));
    }
  }

  #onFault(fault: string): void {
    if (fault !== this.#fault) {
      this.#fault = fault;
      this.#options.logger.error(`${fault}\nThe last good registrations stay in force.`);
    }
  }
}

/** Reads the file; returns `known` without reading if the file is surely still that version. */
async function readSnapshot(
  { file, clock }: FileRegistrationLookupOptions,
  known: Snapshot | undefined,
): Promise<Snapshot> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const stats = await handle.stat({ bigint: true });
    const version = `${stats.dev} ${stats.ino} ${stats.size} ${stats.mtimeNs}`;
    if (known?.settled === true && version === known.version) {
      return known;
    }
    const settled = clock.wallNow() - Number(stats.mtimeMs) > settleMs;
    return { bytes: await handle.readFile(), version, settled };
  } catch (cause) {
    throw new SidecarError(
      'SIDECAR_CONFIG_UNREADABLE',
      `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  } finally {
    await handle?.close();
  }
}

function parse(bytes: Uint8Array, options: FileRegistrationLookupOptions): Registrations {
  const source = readJsonSource(bytes);
  if (source.document === undefined) {
    throw new ConfigError([{ path: '', message: formatSourceProblem(source) }], options.file);
  }
  const result = parseRegistrations(source.document, options.clusterDomain);
  if ('problems' in result) {
    throw new ConfigError(result.problems, options.file);
  }
  return result.registrations;
}
