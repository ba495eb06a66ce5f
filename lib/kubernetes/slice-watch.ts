import type http from 'node:http';
import type { Clock, ClockTimer } from '../base/clock.js';
import type { Random } from '../base/random.js';
import { isJsonObject } from '../config/json-members.js';
import type { ApiClient } from './api-client.js';
import { ApiFailure, toApiFailure } from './api-failure.js';
import { readEndpointSlice, type SliceObject } from './endpoint-slice.js';
import { BadLine, JsonLines } from './json-lines.js';
import { listSlices, slicesPath } from './slice-list.js';

/** Bound of the wait after the first failure; it doubles with each further one. */
const firstBackoffMs = 1000;
const maxBackoffMs = 30_000;

/** A watch that has lasted so long has worked. What has failed is well again only then. */
const provenMs = 1000;

/** A server ends a watch after this time, plus up to as much again: so not all end together. */
const watchSeconds = 240;

/** So much longer a watch may last before we end it ourselves. */
const watchGraceMs = 30_000;

/** No object of the API is longer. */
const maxLineBytes = 8 * 1024 * 1024;

/** So many watches in a row may end at once before that is called a failure. */
const maxShortWatches = 3;

/** One change of one slice. */
export interface SliceEvent {
  readonly isDeleted: boolean;
  readonly object: SliceObject;
}

/** Hears what a watch sees. */
export interface SliceWatchObserver {
  /** This is all there is, and what was before does not count any more. It ends no failure. */
  onList(objects: readonly SliceObject[]): void;
  /** These changes have come together. */
  onEvents(events: readonly SliceEvent[]): void;
  /** What has been told last may be out of date. Called for every attempt that fails. */
  onFailure(failure: ApiFailure): void;
  /** After failures: it is up to date again, and a watch has lasted long enough to stay so. */
  onRecovered(): void;
}

/** What a watch needs. */
export interface SliceWatchContext {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly random: Random;
}

/** How a watch has ended. */
interface WatchEnd {
  /** `undefined` if the server has ended it in the usual way. */
  readonly failure: ApiFailure | undefined;
  /** Whether everything has to be listed before the next one. */
  readonly needsList: boolean;
  readonly hasProven: boolean;
}

/**
 * Lists the `EndpointSlice` objects of a namespace, or of all, and then watches them change, until
 * it is closed.
 *
 * A watch that ends, or is cut, goes on from the last version that was seen; if the server has
 * forgotten that (410), everything is listed anew. After failures it waits: with full jitter, as
 * every other client of the server has lost its watch at the same moment.
 */
export class SliceWatch {
  readonly #path: string;
  readonly #context: SliceWatchContext;
  readonly #observer: SliceWatchObserver;
  readonly #abort = new AbortController();
  /** The last version that was seen; `undefined` if everything is to be listed. */
  #version: string | undefined = undefined;
  /** In a row. */
  #failures = 0;
  #isFailing = false;
  #pause: { readonly timer: ClockTimer; readonly end: () => void } | undefined = undefined;

  /** `namespace`: `undefined` for all. */
  constructor(
    namespace: string | undefined,
    context: SliceWatchContext,
    observer: SliceWatchObserver,
  ) {
    this.#path = slicesPath(namespace);
    this.#context = context;
    this.#observer = observer;
  }

  start(): void {
    void this.#run();
  }

  /** The observer hears nothing more. Idempotent. */
  close(): void {
    this.#abort.abort();
    this.#pause?.timer.cancel();
    this.#pause?.end();
  }

  get #isClosed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        this.#version ??= await this.#list();
        const end = await this.#watch(this.#version);
        if (!this.#isClosed) {
          await this.#onWatchEnd(end);
        }
      } catch (error) {
        if (!this.#isClosed) {
          await this.#onFailure(toApiFailure(error));
        }
      }
    }
  }

  async #list(): Promise<string> {
    const { client } = this.#context;
    const { objects, resourceVersion } = await listSlices(client, this.#path, this.#abort.signal);
    if (!this.#isClosed) {
      this.#observer.onList(objects);
    }
    return resourceVersion;
  }

  /** Resolves when the watch is over. Rejects if it cannot begin. */
  async #watch(version: string): Promise<WatchEnd> {
    const { client, clock, random } = this.#context;
    const timeoutSeconds = watchSeconds + Math.floor(random.fraction() * watchSeconds);
    const query = new URLSearchParams({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      timeoutSeconds: String(timeoutSeconds),
    });
    let response: http.IncomingMessage;
    try {
      response = await client.open(`${this.#path}?${query}`, this.#abort.signal);
    } catch (error) {
      const failure = toApiFailure(error);
      if (failure.isGone) {
        return { failure, needsList: true, hasProven: false };
      }
      throw failure;
    }
    const startMs = clock.now();
    const timer = clock.startTimer(timeoutSeconds * 1000 + watchGraceMs, () => response.destroy());
    // Not at once: a server that begins every watch and ends it would fail and recover in turns.
    const proof = this.#isFailing
      ? clock.startTimer(provenMs, () => this.#onRecovered())
      : undefined;
    try {
      const failure = await this.#read(response);
      const hasProven = clock.now() - startMs >= provenMs;
      return { failure, needsList: isFault(failure), hasProven };
    } finally {
      timer.cancel();
      proof?.cancel();
      response.destroy();
    }
  }

  /** Resolves when there is nothing more to read, to what has gone wrong, if anything has. */
  async #read(response: http.IncomingMessage): Promise<ApiFailure | undefined> {
    const lines = new JsonLines(maxLineBytes);
    try {
      for await (const piece of response) {
        if (this.#isClosed) {
          return undefined;
        }
        // Without an encoding the pieces are buffers.
        const failure = this.#onLines(lines.push(piece as Buffer));
        if (failure !== undefined) {
          return failure;
        }
      }
      return undefined;
    } catch (error) {
      return toApiFailure(error);
    }
  }

  /** Takes what has come together, as far as it is good. */
  #onLines(lines: readonly unknown[]): ApiFailure | undefined {
    const events: SliceEvent[] = [];
    let failure: ApiFailure | undefined;
    for (const line of lines) {
      const type = isJsonObject(line) ? line['type'] : undefined;
      const value = isJsonObject(line) ? line['object'] : undefined;
      if (type === 'ERROR') {
        failure = readErrorEvent(value);
        break;
      }
      this.#version = readVersion(value) ?? this.#version;
      const object = type === 'BOOKMARK' ? undefined : readEndpointSlice(value);
      if (object !== undefined) {
        events.push({ isDeleted: type === 'DELETED', object });
      }
    }
    if (events.length > 0) {
      this.#observer.onEvents(events);
    }
    return failure;
  }

  async #onWatchEnd({ failure, needsList, hasProven }: WatchEnd): Promise<void> {
    if (needsList) {
      this.#version = undefined;
    }
    if (hasProven) {
      this.#failures = 0;
      if (failure === undefined || failure.isGone) {
        return;
      }
    }
    this.#failures++;
    const isServerError = failure !== undefined && failure.status !== 0 && !failure.isGone;
    if (isServerError || this.#failures > maxShortWatches) {
      this.#isFailing = true;
      this.#observer.onFailure(failure ?? new ApiFailure('every watch is ended at once'));
    }
    await this.#wait(0);
  }

  async #onFailure(failure: ApiFailure): Promise<void> {
    this.#failures++;
    this.#isFailing = true;
    this.#observer.onFailure(failure);
    await this.#wait(failure.retryAfterMs);
  }

  #onRecovered(): void {
    if (!this.#isClosed) {
      this.#isFailing = false;
      this.#observer.onRecovered();
    }
  }

  async #wait(leastMs: number): Promise<void> {
    const { clock, random } = this.#context;
    const boundMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (this.#failures - 1));
    const delayMs = leastMs + Math.floor(random.fraction() * boundMs);
    if (this.#isClosed) {
      return;
    }
    await new Promise<void>((resolve) => {
      this.#pause = { timer: clock.startTimer(delayMs, resolve), end: resolve };
    });
    this.#pause = undefined;
  }
}

/**
 * Whether a watch was ended by what the server has sent, not by the network: from the same version
 * on it would send the same again.
 */
function isFault(failure: ApiFailure | undefined): boolean {
  return failure !== undefined && (failure.status !== 0 || failure.cause instanceof BadLine);
}

function readVersion(object: unknown): string | undefined {
  const metadata = isJsonObject(object) ? object['metadata'] : undefined;
  const version = isJsonObject(metadata) ? metadata['resourceVersion'] : undefined;
  return typeof version === 'string' && version !== '' ? version : undefined;
}

/** The object of an `ERROR` event is a `Status`. */
function readErrorEvent(value: unknown): ApiFailure {
  const { code, message } = isJsonObject(value) ? value : {};
  const status = typeof code === 'number' && code > 0 ? code : 500;
  const text = typeof message === 'string' ? message : 'no reason given';
  return new ApiFailure(`status ${status}: ${text}`, status);
}
