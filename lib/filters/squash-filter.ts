import { WheelTimer } from '../base/timer-wheel.js';
import type { SquashFilterConfig } from '../config/http-filter-config.js';
import type { AsyncClient, AsyncRequest, AsyncResult } from '../http/async-client.js';
import type { FilterCallbacks, FilterFactory, FilterStatus, HttpFilter } from '../http/filter.js';
import { hasHeader } from '../http/headers.js';
import type { RequestHead } from '../http/message.js';
import { ClusterAsyncClient } from '../upstream/cluster-async-client.js';
import type { FilterContext } from './filter-context.js';
import { fillTemplate } from './squash/fill-template.js';

const attachmentsPath = '/api/v2/debugattachment/';

/** Makes the filters of one entry `squash` of a chain: reference 6.1.10. */
export function createSquashFilterFactory(
  config: SquashFilterConfig,
  context: FilterContext,
): FilterFactory {
  const { clusterManager, wheel } = context;
  const client = new ClusterAsyncClient(() => clusterManager.get(config.cluster), wheel);
  const template = fillTemplate(config.attachmentTemplate, process.env, (name) => {
    context.log.warn(`the filter squash: there is no environment variable ${name}`);
  });
  const scope = { config, context, client, attachment: Buffer.from(JSON.stringify(template)) };
  return (callbacks) => new SquashFilter(scope, callbacks);
}

/** What all filters of one entry share. */
interface SquashScope {
  readonly config: SquashFilterConfig;
  readonly context: FilterContext;
  readonly client: AsyncClient;
  /** What the server is asked to attach a debugger to. */
  readonly attachment: Buffer;
}

/** Holds a request back while a debugger is attached to the application, if the request asks for it. */
class SquashFilter implements HttpFilter {
  readonly #scope: SquashScope;
  readonly #callbacks: FilterCallbacks;
  #attachment: DebugAttachment | undefined = undefined;

  constructor(scope: SquashScope, callbacks: FilterCallbacks) {
    this.#scope = scope;
    this.#callbacks = callbacks;
  }

  decodeHead({ headers }: RequestHead): FilterStatus {
    if (!hasHeader(headers, 'x-squash-debug')) {
      return 'continue';
    }
    // A server that cannot be asked settles it at once, which the chain understands.
    this.#attachment = new DebugAttachment(this.#scope, () => this.#callbacks.continueDecoding());
    this.#attachment.start();
    return 'stop';
  }

  /** Whoever leaves while the request waits leaves no question behind. */
  onDestroy(): void {
    this.#attachment?.cancel();
  }
}

/**
 * One debugger on its way. The server is asked for it, and then, again and again, whether it is there.
 * However that ends, and at the latest when the time is up, the request goes on: not to be debugged is
 * no reason to fail.
 */
class DebugAttachment {
  readonly #scope: SquashScope;
  readonly #onSettled: () => void;
  readonly #timeout: WheelTimer;
  readonly #pollTimer: WheelTimer;
  /** Where the server tells of this debugger. */
  #path = '';
  /** Gives up the question that is under way. */
  #cancelQuestion: () => void = () => {};

  constructor(scope: SquashScope, onSettled: () => void) {
    this.#scope = scope;
    this.#onSettled = onSettled;
    this.#timeout = new WheelTimer({ onDeadline: () => this.#settle() });
    this.#pollTimer = new WheelTimer({ onDeadline: () => this.#poll() });
  }

  /** Asks for the debugger. */
  start(): void {
    const { config, context, attachment } = this.#scope;
    context.wheel.start(this.#timeout, config.attachmentTimeoutMs);
    this.#ask({ method: 'POST', path: attachmentsPath, body: attachment }, (result) => {
      const name = nameOfCreated(result);
      if (name === undefined) {
        this.#settle();
      } else {
        this.#path = attachmentsPath + name;
        this.#poll();
      }
    });
  }

  /** Nobody waits for the debugger any more. Idempotent. */
  cancel(): void {
    this.#timeout.stop();
    this.#pollTimer.stop();
    this.#cancelQuestion();
  }

  #poll(): void {
    const { config, context } = this.#scope;
    this.#ask({ method: 'GET', path: this.#path }, (result) => {
      if (isDecided(result)) {
        this.#settle();
      } else {
        // A failure too is only a reason to ask again.
        context.wheel.start(this.#pollTimer, config.attachmentPollPeriodMs);
      }
    });
  }

  #ask(
    request: Pick<AsyncRequest, 'method' | 'path' | 'body'>,
    onResult: (result: AsyncResult) => void,
  ): void {
    const { client, config } = this.#scope;
    const headers = request.body === undefined ? [] : ['content-type', 'application/json'];
    let isAnswered = false;
    const cancel = client.send(
      { ...request, authority: 'squash-server', headers },
      config.requestTimeoutMs,
      (result) => {
        isAnswered = true;
        this.#cancelQuestion = () => {};
        onResult(result);
      },
    );
    if (!isAnswered) {
      this.#cancelQuestion = cancel;
    }
  }

  #settle(): void {
    this.cancel();
    this.#onSettled();
  }
}

/** Returns the name of what the server has made, fit for a path, or `undefined` if it has not. */
function nameOfCreated(result: AsyncResult): string | undefined {
  if (result.kind !== 'response' || result.status !== 201) {
    return undefined;
  }
  const name = readText(result.body, 'metadata', 'name');
  try {
    return name === undefined || name === '' ? undefined : encodeURIComponent(name);
  } catch {
    // It is no Unicode.
    return undefined;
  }
}

/** Whether the debugger is there, or never will be. */
function isDecided(result: AsyncResult): boolean {
  const state = result.kind === 'response' ? readText(result.body, 'status', 'state') : undefined;
  return state === 'attached' || state === 'error';
}

/** Returns the text at `outer.inner` of a JSON document, if it has one there. */
function readText(json: Buffer, outer: string, inner: string): string | undefined {
  let document: unknown;
  try {
    document = JSON.parse(json.toString());
  } catch {
    return undefined;
  }
  const text = memberOf(memberOf(document, outer), inner);
  return typeof text === 'string' ? text : undefined;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
