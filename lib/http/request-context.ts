import { AsyncLocalStorage } from 'node:async_hooks';
import { readDecimal } from '../base/decimal.js';
import { getHeader, type HeaderList } from './headers.js';
import type { TraceScope } from './request-trace.js';
import { b3Headers, w3cHeaders } from './trace-headers.js';

/** Until when whoever has sent a request waits for its response. */
export interface RequestDeadline {
  /** Milliseconds; 0 or less if it is over, `undefined` if nobody waits or nothing limits the wait. */
  remainingMs(): number | undefined;
}

/** What there is to know of a request while an application in this process serves it. */
export interface ServedRequest {
  /**
   * When the time began that the host has been told it has; `undefined` as long as the request has
   * not been received completely. By the clock of the sidecar.
   */
  readonly startMs: number | undefined;
  /** When the time of the route is up, for all attempts together; `undefined` if it has no end. */
  readonly deadlineMs: number | undefined;
  /** Set if the request has a span. */
  readonly traceScope: TraceScope | undefined;
}

/** Tells how long the host may take, or the attempt at it: reference 3.2. */
export const expectedTimeoutName = 'x-envoy-expected-rq-timeout-ms';

/** Names of a request as such: each call made for it is one of its own. */
const idNames: ReadonlySet<string> = new Set(['x-request-id', 'x-client-trace-id']);

/**
 * Say which span is the parent, in one way or another: reference 5.9. They go together or not at
 * all, as those of two callers would contradict each other.
 */
const traceNames: ReadonlySet<string> = new Set([...w3cHeaders, ...b3Headers, 'x-ot-span-context']);

/** Whether calls take over a header of this name, in lower case. */
export function isInheritedHeader(name: string): boolean {
  return idNames.has(name) || traceNames.has(name);
}

/** Returns how many milliseconds whoever has sent a request waits; 0 if that is not said. */
export function readExpectedMs(headers: HeaderList): number {
  return readDecimal(getHeader(headers, expectedTimeoutName) ?? '') ?? 0;
}

/** What calls of the application take over from the request that they are made for. */
export class RequestContext {
  readonly deadline: RequestDeadline | undefined;
  /** What the application has been given as the request; `undefined` if that is not known. */
  readonly request: object | undefined;
  /** Of the request as the application sees it. Only looked at when there is a call. */
  readonly #headers: HeaderList;
  #ids: HeaderList | undefined = undefined;
  #trace: HeaderList = [];

  constructor(headers: HeaderList, deadline: RequestDeadline | undefined, request?: object) {
    this.#headers = headers;
    this.deadline = deadline;
    this.request = request;
  }

  /**
   * Adds the ids of the request to the headers of a call, except those that it has got already.
   * Returns the headers of its trace, unless the call has some of its own.
   */
  addIdsTo(headers: HeaderList): HeaderList | undefined {
    const ids = this.#read();
    let added = ids;
    let isTraced = false;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (traceNames.has(name)) {
        isTraced = true;
      } else if (idNames.has(name)) {
        added = added.filter((_, at) => added[at - (at % 2)] !== name);
      }
    }
    headers.push(...added);
    return isTraced || this.#trace.length === 0 ? undefined : this.#trace;
  }

  #read(): HeaderList {
    let ids = this.#ids;
    if (ids === undefined) {
      ids = this.#ids = [];
      const headers = this.#headers;
      for (let i = 0; i < headers.length; i += 2) {
        const name = headers[i] as string;
        if (idNames.has(name)) {
          ids.push(name, headers[i + 1] as string);
        } else if (traceNames.has(name)) {
          this.#trace.push(name, headers[i + 1] as string);
        }
      }
    }
    return ids;
  }
}

/** How many sidecars of the process send calls of the application. */
let readerCount = 0;

/** Notes that a sidecar looks at contexts. Returns what takes that back. */
export function readContexts(): () => void {
  let change = 1;
  readerCount++;
  return () => {
    readerCount -= change;
    change = 0;
  };
}

/** Whether contexts are looked at by more than the one sidecar that any of them comes from. */
export function areContextsShared(): boolean {
  return readerCount > 1;
}

/** One for all sidecars of the process. Made when it is needed: to have one costs on Node.js 22 and below. */
let storage: AsyncLocalStorage<RequestContext | undefined> | undefined;

/** Returns the context that the code at hand runs in, if there is one. */
export function currentContext(): RequestContext | undefined {
  return storage?.getStore();
}

/**
 * Calls `run` in a context, or with `undefined` in none, also for what `run` leaves to be done later.
 * Returns what it returns, and throws what it throws.
 */
export function runInContext<T>(context: RequestContext | undefined, run: () => T): T {
  if (storage === undefined) {
    if (context === undefined) {
      return run();
    }
    storage = new AsyncLocalStorage();
  }
  return storage.run(context, run);
}
