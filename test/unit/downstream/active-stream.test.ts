import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { silentLogger } from '../../../lib/base/log.js';
import { systemRandom } from '../../../lib/base/random.js';
import { defaultRuntime } from '../../../lib/base/runtime.js';
import {
  type ConnectionManagerConfig,
  defaultConnectionManager,
} from '../../../lib/config/connection-manager-config.js';
import type { ActiveStream } from '../../../lib/downstream/active-stream.js';
import { ConnectionManager } from '../../../lib/downstream/connection-manager.js';
import type { FilterCallbacks, HttpFilter } from '../../../lib/http/filter.js';
import { getHeader, type HeaderList } from '../../../lib/http/headers.js';
import type { RequestHead, ResponseHead } from '../../../lib/http/message.js';
import { ServerState } from '../../../lib/http/server-state.js';
import type { ResponseEncoder } from '../../../lib/http/stream.js';
import { ConnectionManagerStats } from '../../../lib/telemetry/stats/connection-manager-stats.js';
import { ListenerHttpStats } from '../../../lib/telemetry/stats/listener-http-stats.js';
import { ManualClock } from '../../support/manual-clock.js';

/** The response half of a codec that writes down what it is given. */
class RecordingEncoder implements ResponseEncoder {
  readonly nativeExchange: undefined = undefined;
  readonly events: string[] = [];
  head: ResponseHead | undefined = undefined;
  /** Thrown by the next calls that would write. */
  failures: Error[] = [];

  encodeHead(head: ResponseHead, endStream: boolean): void {
    this.#fail();
    this.head = head;
    this.events.push(`${head.status}${endStream ? ' end' : ''}`);
  }

  encodeData(chunk: Buffer, endStream: boolean): boolean {
    this.events.push(`${chunk}${endStream ? ' end' : ''}`);
    return true;
  }

  encodeEnd(trailers: HeaderList | undefined): void {
    this.#fail();
    this.events.push(`end ${trailers?.join() ?? ''}`);
  }

  reset(): void {
    this.events.push('reset');
  }

  setRequestPaused(isPaused: boolean): void {
    this.events.push(isPaused ? 'pause' : 'resume');
  }

  #fail(): void {
    const failure = this.failures.shift();
    if (failure !== undefined) {
      throw failure;
    }
  }
}

const config: ConnectionManagerConfig = {
  ...defaultConnectionManager,
  statPrefix: 'test',
  filters: [],
  useRemoteAddress: true,
};

class Fixture {
  readonly encoder: RecordingEncoder = new RecordingEncoder();
  readonly stats: ConnectionManagerStats = new ConnectionManagerStats();
  readonly listenerStats: ListenerHttpStats = new ListenerHttpStats();
  readonly clock: ManualClock = new ManualClock();
  readonly serverState: ServerState = new ServerState(this.clock);
  readonly errors: string[] = [];
  readonly stream: ActiveStream;
  callbacks: FilterCallbacks | undefined = undefined;

  /** A stream with these filters. */
  constructor(filter: HttpFilter, ...others: HttpFilter[]) {
    const manager = new ConnectionManager({
      config,
      routeTable: { match: () => undefined, claims: () => true },
      filterFactories: [
        (callbacks) => {
          this.callbacks = callbacks;
          return filter;
        },
        ...others.map((other) => () => other),
      ],
      bufferLimitBytes: 0,
      accessLogs: [],
      stats: this.stats,
      listenerStats: this.listenerStats,
      serverState: this.serverState,
      clock: this.clock,
      random: systemRandom,
      runtime: defaultRuntime,
      log: { ...silentLogger, error: (message) => this.errors.push(message) },
      serviceCluster: '',
      serviceNode: '',
    });
    const connection = manager.createConnection('127.0.0.1', false);
    this.stream = manager.newStream(this.encoder, connection, 'HTTP/1.1');
  }

  /** Begins a request; without a body if it is said to end with its head. */
  begin(endStream = true): FilterCallbacks {
    const head: RequestHead = { method: 'GET', path: '/', authority: 'a', headers: [] };
    this.stream.decodeHead(head, endStream);
    assert.ok(this.callbacks !== undefined);
    return this.callbacks;
  }
}

function fail(): never {
  throw new Error('a filter of ours is broken');
}

const stop: HttpFilter = { decodeHead: () => 'answer' };

describe('a filter that throws', () => {
  test('on a request head ends the request with 500, and is named once in the log', () => {
    const fixture = new Fixture({ decodeHead: fail });
    fixture.begin();
    assert.deepEqual(fixture.encoder.events, ['500 end']);
    assert.equal(fixture.errors.length, 1);
    assert.match(fixture.errors[0] ?? '', /a filter of ours is broken/);
    assert.equal(fixture.stats.downstreamRq5xx, 1);
    assert.equal(fixture.stats.downstreamRqActive, 0);
  });

  test('on a piece of a request body ends the request with 500', () => {
    const fixture = new Fixture({ ...stop, decodeData: fail });
    fixture.begin(false);
    fixture.stream.decodeData(Buffer.from('x'), false);
    assert.deepEqual(fixture.encoder.events, ['500 end']);
  });

  test('on the end of a request ends it with 500', () => {
    const fixture = new Fixture({ ...stop, decodeEnd: fail });
    fixture.begin(false);
    fixture.stream.decodeEnd(undefined);
    assert.deepEqual(fixture.encoder.events, ['500 end']);
  });

  test('on a response has it replaced by 500, which does not pass the filters again', () => {
    const fixture = new Fixture({ ...stop, encodeHead: fail });
    fixture.begin().encodeHead({ status: 200, headers: [] }, true, false);
    assert.deepEqual(fixture.encoder.events, ['500 end']);
    assert.equal(fixture.stats.downstreamRq2xx, 0);
    assert.equal(fixture.stats.downstreamRqActive, 0);
  });

  test('on a piece of a response resets the stream', () => {
    const fixture = new Fixture({ ...stop, encodeData: fail });
    const callbacks = fixture.begin();
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    assert.equal(callbacks.encodeData(Buffer.from('x'), false), true);
    assert.deepEqual(fixture.encoder.events, ['200', 'reset']);
    assert.equal(fixture.stats.downstreamRqTxReset, 1);
  });

  test('on the end of a response resets the stream', () => {
    const fixture = new Fixture({ ...stop, encodeEnd: fail });
    const callbacks = fixture.begin();
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    callbacks.encodeEnd(undefined);
    assert.deepEqual(fixture.encoder.events, ['200', 'reset']);
  });

  test('behind one that has stopped ends the request with 500', () => {
    const fixture = new Fixture({ decodeHead: () => 'stop' }, { decodeHead: fail });
    fixture.begin().continueDecoding();
    assert.deepEqual(fixture.encoder.events, ['500 end']);
  });

  test('on a response that it has held back resets the stream', () => {
    const fixture = new Fixture({ ...stop, encodeHead: () => 'stop', encodeData: fail });
    const callbacks = fixture.begin();
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    assert.equal(callbacks.encodeData(Buffer.from('x'), false), false);
    callbacks.continueEncoding();
    assert.deepEqual(fixture.encoder.events, ['200', 'reset']);
  });

  test('when the request is over does no harm', () => {
    const fixture = new Fixture({ ...stop, onDestroy: fail });
    fixture.begin().sendLocalReply(200, 'hi');
    assert.deepEqual(fixture.encoder.events, ['200', 'hi end']);
    assert.equal(fixture.stats.downstreamRqActive, 0);
    assert.equal(fixture.errors.length, 1);
  });

  test('when the request is over does not keep others from ending', () => {
    const ended: string[] = [];
    const other = { onDestroy: () => void ended.push('other') };
    const fixture = new Fixture({ decodeHead: () => 'continue', onDestroy: fail }, other, stop);
    fixture.begin().sendLocalReply(200, '');
    assert.deepEqual(ended, ['other']);
  });

  test('when the client reads again has the stream reset, and nothing comes out', () => {
    const fixture = new Fixture({ ...stop, onResponsePaused: fail });
    fixture.begin().encodeHead({ status: 200, headers: [] }, false, false);
    fixture.stream.onResponseWritable();
    assert.deepEqual(fixture.encoder.events, ['200', 'reset']);
  });

  test('in both directions has the request end with 500 all the same', () => {
    const fixture = new Fixture({ decodeHead: fail, encodeHead: fail });
    fixture.begin();
    assert.deepEqual(fixture.encoder.events, ['500 end']);
  });

  test('may say so later', () => {
    const fixture = new Fixture(stop);
    fixture.begin().fail(new Error('a question had no answer'));
    assert.deepEqual(fixture.encoder.events, ['500 end']);
    assert.match(fixture.errors[0] ?? '', /a question had no answer/);
  });

  test('may say so when the response has begun, which resets the stream', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin();
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    callbacks.fail(new Error('broken'));
    callbacks.fail(new Error('broken'));
    assert.deepEqual(fixture.encoder.events, ['200', 'reset']);
  });

  test('is named in the log for the first time only', () => {
    const fixture = new Fixture({ ...stop, decodeData: fail, onDestroy: fail });
    fixture.begin(false);
    fixture.stream.decodeData(Buffer.from('x'), true);
    assert.equal(fixture.errors.length, 1);
  });
});

describe('a codec that throws', () => {
  const failure = new Error('this cannot be written');

  test('on a head has it replaced by 500, and nothing comes out of the callback', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin();
    fixture.encoder.failures = [failure];
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    assert.equal(callbacks.encodeData(Buffer.from('x'), true), true);
    assert.deepEqual(fixture.encoder.events, ['500 end']);
    assert.match(fixture.errors[0] ?? '', /this cannot be written/);
    assert.equal(fixture.stats.downstreamRq2xx, 0);
    assert.equal(fixture.stats.downstreamRq5xx, 1);
  });

  test('on every head has the stream reset', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin();
    fixture.encoder.failures = [failure, failure, failure];
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    assert.deepEqual(fixture.encoder.events, ['reset']);
    assert.equal(fixture.stats.downstreamRqActive, 0);
  });

  test('on trailers has the stream reset', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin();
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    fixture.encoder.failures = [failure];
    callbacks.encodeEnd(['x', '1']);
    assert.deepEqual(fixture.encoder.events, ['200', 'reset']);
    assert.equal(fixture.stats.downstreamRqActive, 0);
  });
});

describe('a local reply', () => {
  test('comes after no other response', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin();
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    callbacks.sendLocalReply(503, 'too late');
    assert.deepEqual(fixture.encoder.events, ['200']);
  });

  test('passes the filters as every response does', () => {
    const seen: number[] = [];
    const fixture = new Fixture({ ...stop, encodeHead: (head) => void seen.push(head.status) });
    fixture.begin().sendLocalReply(429, '');
    assert.deepEqual(seen, [429]);
  });

  test('that a filter holds back is the only answer, whoever else has one', () => {
    const asked: string[] = [];
    const fixture = new Fixture(
      { decodeHead: () => 'stop', encodeHead: () => 'buffer' },
      {
        decodeHead: () => void asked.push('head'),
        decodeData: () => void asked.push('data'),
      },
    );
    const callbacks = fixture.begin(false);
    callbacks.sendLocalReply(429, 'slow down');
    callbacks.continueDecoding();
    fixture.stream.decodeData(Buffer.from('x'), true);
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    callbacks.encodeData(Buffer.from('late'), true);
    callbacks.encodeEnd(undefined);
    assert.deepEqual(fixture.encoder.events, []);
    callbacks.continueEncoding();
    assert.deepEqual(fixture.encoder.events, ['429', 'slow down end']);
    assert.deepEqual(asked, []);
  });

  test('carries the headers that it is given', () => {
    const fixture = new Fixture(stop);
    fixture.begin().sendLocalReply(503, '', ['x-envoy-overloaded', 'true']);
    assert.equal(getHeader(fixture.encoder.head?.headers ?? [], 'x-envoy-overloaded'), 'true');
  });
});

describe('once a request is over', () => {
  test('nothing of its response is written any more', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin();
    fixture.stream.onDownstreamReset();
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    assert.equal(callbacks.encodeData(Buffer.from('x'), false), true);
    callbacks.encodeEnd(undefined);
    callbacks.sendLocalReply(503, 'x');
    callbacks.resetStream();
    callbacks.setRequestPaused(true);
    callbacks.continueDecoding();
    assert.deepEqual(fixture.encoder.events, []);
    assert.equal(fixture.stats.downstreamRqRxReset, 1);
    assert.equal(fixture.stats.downstreamRqTxReset, 0);
    assert.equal(fixture.stats.downstreamRqActive, 0);
  });

  test('no filter sees what comes of its body', () => {
    let pieces = 0;
    const fixture = new Fixture({
      ...stop,
      decodeData: () => void pieces++,
      decodeEnd: () => void pieces++,
    });
    fixture.begin(false).sendLocalReply(200, '');
    fixture.stream.decodeData(Buffer.from('x'), false);
    fixture.stream.decodeEnd(undefined);
    assert.equal(pieces, 0);
  });

  test('its client cannot give it up', () => {
    const fixture = new Fixture(stop);
    fixture.begin().sendLocalReply(200, '');
    fixture.stream.onDownstreamReset();
    assert.equal(fixture.stats.downstreamRqRxReset, 0);
    assert.equal(fixture.stats.downstreamRqActive, 0);
  });
});

describe('pausing a request', () => {
  test('reaches the codec once, and is counted so', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin(false);
    for (const isPaused of [false, true, true, false, false, true]) {
      callbacks.setRequestPaused(isPaused);
    }
    assert.deepEqual(fixture.encoder.events, ['pause', 'resume', 'pause']);
    assert.equal(fixture.stats.downstreamFlowControlPausedReadingTotal, 2);
    assert.equal(fixture.stats.downstreamFlowControlResumedReadingTotal, 1);
  });

  test('has no effect when there is nothing more to come', () => {
    const fixture = new Fixture(stop);
    fixture.begin(true).setRequestPaused(true);
    assert.deepEqual(fixture.encoder.events, []);
    assert.equal(fixture.stats.downstreamFlowControlPausedReadingTotal, 0);
  });
});

describe('an early response', () => {
  test('closes if it is complete, or known to be: its own replies are', () => {
    for (const body of ['', 'x']) {
      const fixture = new Fixture(stop);
      fixture.begin(false).sendLocalReply(404, body);
      assert.deepEqual(fixture.encoder.head?.headers.slice(-2), ['connection', 'close']);
      assert.equal(fixture.stats.downstreamRqResponseBeforeRqComplete, 1);
    }
  });

  test('does not close as long as the request may still end first', () => {
    const fixture = new Fixture(stop);
    const callbacks = fixture.begin(false);
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    fixture.stream.decodeData(Buffer.from('x'), true);
    callbacks.encodeData(Buffer.from('y'), true);
    assert.equal(getHeader(fixture.encoder.head?.headers ?? [], 'connection'), undefined);
    assert.equal(fixture.stats.downstreamRqResponseBeforeRqComplete, 0);
  });
});

describe('a buffer that is too small', () => {
  test('for a request has it answered with 413', () => {
    const fixture = new Fixture({ decodeHead: () => 'buffer' });
    const callbacks = fixture.begin(false);
    callbacks.requestBufferLimit = 4;
    fixture.stream.decodeData(Buffer.from('1234'), false);
    assert.deepEqual(fixture.encoder.events, []);
    fixture.stream.decodeData(Buffer.from('5'), false);
    assert.deepEqual(fixture.encoder.events, ['413', 'Payload Too Large end']);
    assert.equal(fixture.stats.downstreamRqTooLarge, 1);
  });

  test('for a response has it replaced by 500', () => {
    const fixture = new Fixture({ ...stop, encodeHead: () => 'buffer' });
    const callbacks = fixture.begin();
    callbacks.responseBufferLimit = 4;
    callbacks.encodeHead({ status: 200, headers: [] }, false, false);
    callbacks.encodeData(Buffer.from('1234'), false);
    assert.deepEqual(fixture.encoder.events, []);
    callbacks.encodeData(Buffer.from('5'), false);
    assert.deepEqual(fixture.encoder.events, ['500', 'Internal Server Error end']);
    assert.equal(fixture.stats.rsTooLarge, 1);
    assert.equal(fixture.stats.downstreamRq2xx, 0);
  });
});
