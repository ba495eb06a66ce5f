import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { TestProxy } from './proxy.js';
import { type RecordedRequest, RecordingUpstream } from './recording-upstream.js';

/** What became of bytes that were sent to a proxy. */
export interface RawExchange {
  /** The statuses of all responses, in their order; informational ones are left out. */
  readonly statuses: readonly number[];
  /** Whether the proxy has closed the connection. */
  readonly isClosed: boolean;
  /** What the host got. */
  readonly requests: readonly RecordedRequest[];
  /** What the host got and could not read as exactly one request after another. */
  readonly errors: readonly unknown[];
}

/** More rounds through the event loop than it takes to answer whatever can be answered. */
const maxRounds = 50;
const minRounds = 5;

/** Sends bytes through a proxy of their own to a host that records all that it gets. */
export async function exchangeRaw(t: TestContext, text: string): Promise<RawExchange> {
  const upstream = await RecordingUpstream.start();
  // With these bytes a connection becomes one of HTTP/2, and what follows is nothing for a host.
  const codec = text.startsWith('PRI * HTTP/2.0') ? 'http1' : 'auto';
  const manager = { codec_type: codec };
  const proxy = await TestProxy.start(t, { upstream: upstream.raw, manager });
  const client = await proxy.connect();
  let isClosed = false;
  for (const event of ['end', 'close']) {
    client.socket.on(event, () => {
      isClosed = true;
    });
  }
  client.write(text);
  const isSettled = async (): Promise<boolean> => {
    const isActive = (await proxy.stat('downstream_rq_active')) !== 0;
    const answered = statusesOf(client.received).filter((status) => status === 200).length;
    return isClosed || (!isActive && answered === upstream.requests.length);
  };
  // Some of what is sent is incomplete, and nothing tells that no more comes of it.
  for (let round = 0; round < maxRounds; round++) {
    if ((await isSettled()) && round >= minRounds) {
      break;
    }
  }
  const { requests, errors } = upstream;
  return { statuses: statusesOf(client.received), isClosed, requests, errors };
}

/**
 * Fails unless each request that was answered is one that the host got, and the host got nothing
 * that could be read in two ways. A request whose connection was cut may have gone unanswered.
 */
export function assertUnambiguous(exchange: RawExchange): void {
  const { statuses, requests, errors, isClosed } = exchange;
  assert.deepEqual(errors, []);
  const answered = statuses.filter((status) => status === 200).length;
  if (isClosed) {
    assert.ok(answered <= requests.length, `${answered} answers to ${requests.length} requests`);
  } else {
    assert.equal(answered, requests.length);
  }
  for (const status of statuses) {
    assert.ok(status === 200 || (status >= 400 && status < 500), String(status));
  }
}

/** Splits what a client has read into responses; each of them has a length. */
function statusesOf(received: string): number[] {
  const statuses: number[] = [];
  let at = 0;
  for (let end = received.indexOf('\r\n\r\n'); end !== -1; end = received.indexOf('\r\n\r\n', at)) {
    const head = received.slice(at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    const length = status < 200 ? 0 : Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1]);
    assert.ok(length >= 0, `not a response with a length: ${JSON.stringify(received.slice(at))}`);
    at = end + 4 + length;
    if (status >= 200) {
      statuses.push(status);
    }
  }
  assert.equal(received.slice(at), '', 'a response is incomplete');
  return statuses;
}
