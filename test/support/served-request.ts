import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestContext } from 'node:test';
import type { Sidecar } from '../../lib/sidecar.js';
import { ContextFixture } from './context-fixture.js';
import type { UpstreamHandler } from './fake-upstream.js';
import type { ProxyParts } from './proxy.js';
import { until } from './until.js';

/** What a test says about the calls of an application. */
export interface CallOptions {
  readonly url?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** How a call has ended: its status and body, or the code of its error. */
export type CallResult = string;

/** An application that does with its requests what the test does, on their behalf. */
export class ServedRequests {
  readonly fixture: ContextFixture;
  readonly requests: readonly IncomingMessage[];
  readonly responses: readonly ServerResponse[];
  readonly #calls: readonly ((options: CallOptions) => Promise<CallResult>)[];

  private constructor(
    fixture: ContextFixture,
    requests: readonly IncomingMessage[],
    responses: readonly ServerResponse[],
    calls: readonly ((options: CallOptions) => Promise<CallResult>)[],
  ) {
    this.fixture = fixture;
    this.requests = requests;
    this.responses = responses;
    this.#calls = calls;
  }

  static async start(
    t: TestContext,
    parts: ProxyParts = {},
    ordersHandler?: UpstreamHandler,
  ): Promise<ServedRequests> {
    const requests: IncomingMessage[] = [];
    const responses: ServerResponse[] = [];
    const calls: ((options: CallOptions) => Promise<CallResult>)[] = [];
    const fixture = await ContextFixture.start(
      t,
      (request, response, sidecar) => {
        requests.push(request);
        responses.push(response);
        calls.push(AsyncResource.bind((options: CallOptions) => call(sidecar, options)));
      },
      parts,
      ordersHandler,
    );
    return new ServedRequests(fixture, requests, responses, calls);
  }

  /** Waits until so many requests have come to the application. */
  async until(count: number): Promise<void> {
    await until(() => this.requests.length >= count, `request ${count} is there`);
  }

  /** Makes a call on behalf of the last request, or of an earlier one. */
  call(options: CallOptions = {}, index = -1): Promise<CallResult> {
    const made = this.#calls.at(index);
    if (made === undefined) {
      throw new Error('no request is there');
    }
    return made(options);
  }

  /** Makes a call, and waits until its host has got it; not for its end. */
  async begin(options: CallOptions = {}): Promise<{ readonly ended: Promise<CallResult> }> {
    const { orders } = this.fixture;
    const count = orders.requests.length;
    const ended = this.call(options);
    await until(() => orders.requests.length > count, 'the host has got the call');
    return { ended };
  }

  /** Answers the last request. */
  answer(text = 'done'): void {
    this.responses.at(-1)?.end(text);
  }
}

async function call(sidecar: Sidecar, options: CallOptions): Promise<CallResult> {
  const { url = 'http://orders/', ...rest } = options;
  try {
    const { statusCode, body } = await sidecar.request(url, rest);
    return `${statusCode} ${await body.text()}`;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}
