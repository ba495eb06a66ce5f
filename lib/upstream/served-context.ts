import type { IncomingMessage } from 'node:http';
import { bindEvents } from '../base/bound-events.js';
import type { Clock } from '../base/clock.js';
import { type ContextPolicy, fullContext, isContextWanted } from '../http/context-policy.js';
import { type HeaderList, lowerCaseName } from '../http/headers.js';
import {
  areContextsShared,
  RequestContext,
  runInContext,
  type ServedRequest,
} from '../http/request-context.js';
import { ServedDeadline } from './served-deadline.js';

/** What mounted applications are called in. */
export interface ServedContextParts {
  readonly clock: Clock;
  readonly policy?: ContextPolicy | undefined;
  /** Whether there is any other cluster that the application could call. */
  readonly hasOtherClusters: () => boolean;
}

/** Calls a mounted application on behalf of the requests that it serves. */
export class ServedContext {
  readonly #parts: ServedContextParts;
  readonly #policy: ContextPolicy;

  constructor(parts: ServedContextParts) {
    this.#parts = parts;
    this.#policy = parts.policy ?? fullContext;
  }

  /**
   * Whether a call could take over anything. If there is nobody whom the application could call, a
   * context is not worth its price, which on Node.js 22 and below every promise of the process pays.
   */
  get isWanted(): boolean {
    return isContextWanted(this.#policy) && (areContextsShared() || this.#parts.hasOtherClusters());
  }

  /** Returns the deadline for the calls that are made for a request, if they are to have one. */
  deadlineOf(request: ServedRequest, headers: HeaderList): ServedDeadline | undefined {
    return this.#policy.deadline && this.isWanted
      ? new ServedDeadline(request, headers, this.#parts.clock)
      : undefined;
  }

  /**
   * Calls the application with `message`, which has these headers. A span of the request is the
   * active one meanwhile, whoever the application may call.
   */
  run(
    request: ServedRequest,
    message: IncomingMessage,
    headers: HeaderList,
    deadline: ServedDeadline | undefined,
    call: () => void,
  ): void {
    const { traceScope } = request;
    const bound = (): void => {
      bindEvents(message);
      call();
    };
    const traced = traceScope === undefined ? bound : () => traceScope.run(bound);
    if (this.isWanted) {
      runInContext(new RequestContext(headers, deadline, message), traced);
    } else if (traceScope === undefined) {
      call();
    } else {
      traced();
    }
  }

  /** The same for what comes without more being known of it than its message. No time limits it. */
  runAlone(message: IncomingMessage, call: () => void): void {
    if (this.isWanted) {
      const headers = message.rawHeaders.map((text, i) =>
        i % 2 === 0 ? lowerCaseName(text) : text,
      );
      runInContext(new RequestContext(headers, undefined, message), call);
    } else {
      call();
    }
  }
}
