import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type {
  FilterCallbacks,
  FilterStatus,
  HttpFilter,
  ResponseFilterStatus,
} from '../../../lib/http/filter.js';
import { FilterChain, type FilterChainOwner } from '../../../lib/http/filter-chain.js';
import type { HeaderList } from '../../../lib/http/headers.js';
import type { RequestHead, ResponseHead } from '../../../lib/http/message.js';
import { responseFlag } from '../../../lib/http/response-flag.js';

/** Notes what it sees, and answers to a request head as it was told. */
class NotingFilter implements HttpFilter {
  status: FilterStatus = 'continue';
  responseStatus: ResponseFilterStatus = 'continue';
  onHead: () => void = () => {};
  /** What becomes of a piece of a body. */
  change: (text: string) => string | undefined = () => undefined;
  /** What is added in front of trailers. */
  rest: string | undefined = undefined;
  readonly #name: string;
  readonly #log: string[];

  constructor(name: string, log: string[]) {
    this.#name = name;
    this.#log = log;
  }

  decodeHead(_head: RequestHead, endStream: boolean): FilterStatus {
    this.#note('head', endStream);
    this.onHead();
    return this.status;
  }

  decodeData(chunk: Buffer, endStream: boolean): Buffer | undefined {
    this.#note(`data ${chunk}`, endStream);
    return this.#changed(chunk);
  }

  decodeEnd(trailers: HeaderList | undefined): Buffer | undefined {
    this.#note(`end ${trailers?.join('=') ?? 'without trailers'}`, false);
    return this.rest === undefined ? undefined : Buffer.from(this.rest);
  }

  encodeHead(head: ResponseHead, endStream: boolean): ResponseFilterStatus {
    this.#note(`response ${head.status}`, endStream);
    return this.responseStatus;
  }

  encodeData(chunk: Buffer, endStream: boolean): Buffer | undefined {
    this.#note(`answers ${chunk}`, endStream);
    return this.#changed(chunk);
  }

  encodeEnd(trailers: HeaderList | undefined): Buffer | undefined {
    this.#note(`response end ${trailers?.join('=') ?? 'without trailers'}`, false);
    return this.rest === undefined ? undefined : Buffer.from(this.rest);
  }

  onResponsePaused(isPaused: boolean): void {
    this.#note(isPaused ? 'paused' : 'resumed', false);
  }

  onDestroy(): void {
    this.#note('destroy', false);
  }

  #changed(chunk: Buffer): Buffer | undefined {
    const text = this.change(String(chunk));
    return text === undefined ? undefined : Buffer.from(text);
  }

  #note(what: string, endStream: boolean): void {
    this.#log.push(`${this.#name}: ${what}${endStream ? ', last' : ''}`);
  }
}

/** Notes what the filters ask of their request. Only what a chain may call is there. */
function createCallbacks(log: string[], onReply: () => void = () => {}): FilterChainOwner {
  return {
    isInternal: false,
    isHealthCheck: false,
    hasEnvoyHeaders: false,
    nativeExchange: undefined,
    requestHead: { method: 'GET', path: '/', authority: 'foo.com', headers: [] },
    stableRandom: 0,
    clientAddress: '',
    localAddress: '',
    protocol: 'HTTP/1.1',
    route: undefined,
    upstreamHost: undefined,
    upstreamCluster: undefined,
    refreshRoute() {},
    setResponseFlag() {},
    requestBufferLimit: 4,
    responseBufferLimit: 4,
    continueDecoding() {},
    continueEncoding() {},
    onRequestTooLarge: () => void log.push('request too large'),
    onResponseTooLarge: () => void log.push('response too large'),
    sendHead: (head, endStream, moreFollows) =>
      void log.push(`sent ${head.status} ${endStream} ${moreFollows}`),
    sendData: (chunk, endStream) => log.push(`sent ${chunk} ${endStream}`) > 0,
    sendEnd: (trailers) => void log.push(`sent end ${trailers?.join('=')}`),
    sendLocalReply: onReply,
    encodeHead() {},
    encodeData: () => true,
    encodeEnd() {},
    resetStream() {},
    fail() {},
    setRequestPaused: (isPaused) => void log.push(isPaused ? 'request paused' : 'request resumed'),
  };
}

interface Fixture {
  readonly chain: FilterChain;
  readonly a: NotingFilter;
  readonly b: NotingFilter;
  readonly c: NotingFilter;
  /** Returns what has been noted since the last call. */
  take(): string[];
}

function createFixture(): Fixture {
  const log: string[] = [];
  const a = new NotingFilter('a', log);
  const b = new NotingFilter('b', log);
  const c = new NotingFilter('c', log);
  c.status = 'answer';
  const callbacks = createCallbacks(log);
  const chain = new FilterChain([() => a, () => b, () => c], callbacks);
  return { chain, a, b, c, take: () => log.splice(0) };
}

const head = (): RequestHead => ({ method: 'GET', path: '/', authority: 'a', headers: [] });

test('hands a request to every filter in its order', () => {
  const { chain, take } = createFixture();
  chain.decodeHead(head(), false);
  assert.deepEqual(take(), ['a: head', 'b: head', 'c: head']);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeData(Buffer.from('y'), true);
  assert.deepEqual(take(), [
    'a: data x',
    'b: data x',
    'c: data x',
    'a: data y, last',
    'b: data y, last',
    'c: data y, last',
  ]);
});

test('hands trailers to every filter in its order', () => {
  const { chain, take } = createFixture();
  chain.decodeHead(head(), false);
  take();
  chain.decodeEnd(['x-a', 'b']);
  assert.deepEqual(take(), ['a: end x-a=b', 'b: end x-a=b', 'c: end x-a=b']);
});

test('hands a response to the filters in the same order, not reversed', () => {
  const { chain, take } = createFixture();
  chain.response?.head({ status: 200, headers: [] }, true, false);
  assert.deepEqual(take(), [
    'a: response 200, last',
    'b: response 200, last',
    'c: response 200, last',
    'sent 200 true false',
  ]);
});

test('tells every filter of back-pressure', () => {
  const { chain, take } = createFixture();
  chain.onResponsePaused(true);
  chain.onResponsePaused(false);
  assert.deepEqual(take(), [
    'a: paused',
    'b: paused',
    'c: paused',
    'a: resumed',
    'b: resumed',
    'c: resumed',
  ]);
});

test('goes on behind the filter that has stopped', () => {
  const { chain, a, take } = createFixture();
  a.status = 'stop';
  chain.decodeHead(head(), true);
  assert.deepEqual(take(), ['a: head, last']);
  chain.continueDecoding();
  assert.deepEqual(take(), ['b: head, last', 'c: head, last']);
  chain.continueDecoding();
  assert.deepEqual(take(), []);
});

test('hands on the head that the filters have edited', () => {
  const { chain, a } = createFixture();
  const request = head();
  a.onHead = () => {
    request.path = '/edited';
  };
  chain.decodeHead(request, true);
  assert.equal(request.path, '/edited');
});

test('keeps the body back while a filter has stopped, and pauses the client', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  take();
  chain.decodeData(Buffer.from('x'), false);
  assert.deepEqual(take(), ['a: data x', 'request paused']);
  chain.continueDecoding();
  assert.deepEqual(take(), ['request resumed', 'c: head', 'b: data x', 'c: data x']);
});

test('keeps the end of a body back with it', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeData(Buffer.from('y'), true);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), [
    'request resumed',
    'c: head',
    'b: data x',
    'c: data x',
    'b: data y, last',
    'c: data y, last',
  ]);
});

test('keeps trailers back with the body', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeEnd(['x-a', 'b']);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), [
    'request resumed',
    'c: head',
    'b: data x',
    'c: data x',
    'b: end x-a=b',
    'c: end x-a=b',
  ]);
});

test('keeps an end without trailers back, and tells it with the last piece', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeEnd(undefined);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), ['request resumed', 'c: head', 'b: data x, last', 'c: data x, last']);
});

test('tells of the end of an empty body that came while a filter had stopped', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeEnd(undefined);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), ['c: head, last']);
});

test('tells of trailers that came alone while a filter had stopped', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeEnd(['x-a', 'b']);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), ['c: head', 'b: end x-a=b', 'c: end x-a=b']);
});

test('lets one filter stop after another, with the body behind them', () => {
  const { chain, a, b, take } = createFixture();
  a.status = 'stop';
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), true);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), ['request resumed', 'b: head', 'a: data x, last', 'request paused']);
  chain.continueDecoding();
  assert.deepEqual(take(), ['request resumed', 'c: head', 'b: data x, last', 'c: data x, last']);
});

test('tells nothing to the filters behind one that has replied and stopped', () => {
  const log: string[] = [];
  let replies = 0;
  const callbacks = createCallbacks(log, () => replies++);
  const replying = new NotingFilter('a', log);
  replying.status = 'stop';
  replying.onHead = () => callbacks.sendLocalReply(403, '');
  const chain = new FilterChain([() => replying, () => new NotingFilter('b', log)], callbacks);
  chain.decodeHead(head(), false);
  chain.response?.head({ status: 403, headers: [] }, true, false);
  chain.destroy();
  assert.equal(replies, 1);
  assert.deepEqual(log, [
    'a: head',
    'a: response 403, last',
    'b: response 403, last',
    'sent 403 true false',
    'a: destroy',
    'b: destroy',
  ]);
});

test('destroys every filter once, and goes on no more', () => {
  const { chain, a, take } = createFixture();
  a.status = 'stop';
  chain.decodeHead(head(), true);
  take();
  chain.destroy();
  chain.destroy();
  assert.deepEqual(take(), ['a: destroy', 'b: destroy', 'c: destroy']);
  chain.continueDecoding();
  assert.deepEqual(take(), []);
});

test('makes an instance of each filter for each request, in their order, with its callbacks', () => {
  const callbacks = createCallbacks([]);
  const made: string[] = [];
  const factory = (name: string) => (given: FilterCallbacks) => {
    assert.equal(given, callbacks);
    made.push(name);
    return {};
  };
  const chain = new FilterChain([factory('a'), factory('b')], callbacks);
  assert.deepEqual(made, ['a', 'b']);
  // A filter need not look at anything.
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeEnd(undefined);
  assert.equal(chain.response, undefined);
  chain.onResponsePaused(true);
  chain.destroy();
});

describe('a request that no filter takes on', () => {
  /** A chain of filters that all say `continue`, and what it asks of the request. */
  function createIdleChain(count: number): {
    chain: FilterChain;
    filters: NotingFilter[];
    log: string[];
  } {
    const log: string[] = [];
    const filters = Array.from({ length: count }, (_, index) => new NotingFilter(`${index}`, log));
    const callbacks: FilterChainOwner = {
      ...createCallbacks(log),
      setResponseFlag: (flag) => void log.push(`flag ${flag}`),
      sendLocalReply: (status, body) => void log.push(`reply ${status} ${JSON.stringify(body)}`),
    };
    const chain = new FilterChain(
      filters.map((filter) => () => filter),
      callbacks,
    );
    return { chain, filters, log };
  }

  const notFound = [`flag ${responseFlag.noRouteFound}`, 'reply 404 ""'];

  test('is answered with 404 and the flag NR', () => {
    const { chain, log } = createIdleChain(2);
    chain.decodeHead(head(), true);
    assert.deepEqual(log, ['0: head, last', '1: head, last', ...notFound]);
  });

  test('is answered so by a chain without filters', () => {
    const { chain, log } = createIdleChain(0);
    chain.decodeHead(head(), false);
    assert.deepEqual(log, notFound);
  });

  test('is answered so by filters that look at no head', () => {
    const log: string[] = [];
    const callbacks = createCallbacks(log, () => log.push('reply'));
    new FilterChain([() => ({})], callbacks).decodeHead(head(), true);
    assert.deepEqual(log, ['reply']);
  });

  test('is answered once, after a filter that had stopped has gone on', () => {
    const { chain, filters, log } = createIdleChain(2);
    const [first] = filters;
    assert.ok(first);
    first.status = 'stop';
    chain.decodeHead(head(), true);
    assert.deepEqual(log.splice(0), ['0: head, last']);
    chain.continueDecoding();
    assert.deepEqual(log, ['1: head, last', ...notFound]);
  });
});

describe('a filter that changes bodies', () => {
  test('hands on its own pieces, and holds back by an empty one', () => {
    const { chain, a, take } = createFixture();
    chain.decodeHead(head(), false);
    take();
    a.change = (text) => text.toUpperCase();
    chain.decodeData(Buffer.from('x'), false);
    assert.deepEqual(take(), ['a: data x', 'b: data X', 'c: data X']);
    a.change = () => '';
    chain.decodeData(Buffer.from('y'), false);
    assert.deepEqual(take(), ['a: data y']);
    chain.decodeData(Buffer.from('z'), true);
    assert.deepEqual(take(), ['a: data z, last', 'b: data , last', 'c: data , last']);
  });

  test('may add to a body in front of its trailers', () => {
    const { chain, b, take } = createFixture();
    chain.decodeHead(head(), false);
    take();
    b.rest = 'rest';
    chain.decodeEnd(['x-a', 'b']);
    assert.deepEqual(take(), ['a: end x-a=b', 'b: end x-a=b', 'c: data rest', 'c: end x-a=b']);
  });

  test('does the same with responses', () => {
    const { chain, a, b, take } = createFixture();
    a.change = (text) => text.toUpperCase();
    b.rest = 'rest';
    chain.response?.head({ status: 200, headers: [] }, false, true);
    // The head must not wait for a piece that a filter may hold back.
    assert.equal(take().at(-1), 'sent 200 false false');
    assert.equal(chain.response?.data(Buffer.from('x'), false), true);
    assert.deepEqual(take(), ['a: answers x', 'b: answers X', 'c: answers X', 'sent X false']);
    const trailers = ['x-a', 'b'];
    chain.response?.end(trailers);
    assert.deepEqual(take(), [
      'a: response end x-a=b',
      'b: response end x-a=b',
      'c: answers rest',
      'sent rest false',
      'c: response end x-a=b',
      'sent end x-a=b',
    ]);
  });

  test('ends a response by its end if the last piece has gone', () => {
    const { chain, a, take } = createFixture();
    a.change = () => '';
    chain.response?.head({ status: 200, headers: [] }, false, false);
    take();
    chain.response?.data(Buffer.from('x'), true);
    assert.equal(take().at(-1), 'sent end undefined');
  });
});

describe('a filter that buffers', () => {
  test('sees the body as it comes, and lets it go on as a whole', () => {
    const { chain, b, take } = createFixture();
    b.status = 'buffer';
    chain.decodeHead(head(), false);
    take();
    chain.decodeData(Buffer.from('x'), false);
    chain.decodeData(Buffer.from('y'), true);
    assert.deepEqual(take(), ['a: data x', 'b: data x', 'a: data y, last', 'b: data y, last']);
    chain.continueDecoding();
    assert.deepEqual(take(), ['c: head', 'c: data x', 'c: data y, last']);
  });

  test('may put a body of its own in its place, whose length it has then', () => {
    const { chain, b, take } = createFixture();
    b.status = 'buffer';
    const request = { ...head(), headers: ['content-length', '2'] };
    chain.decodeHead(request, false);
    chain.decodeData(Buffer.from('xy'), true);
    take();
    chain.continueDecoding(Buffer.from('abc'));
    assert.deepEqual(take(), ['c: head', 'c: data abc, last']);
    assert.deepEqual(request.headers, ['content-length', '3']);
  });

  test('may take the body away', () => {
    const { chain, b, take } = createFixture();
    b.status = 'buffer';
    chain.decodeHead(head(), false);
    chain.decodeData(Buffer.from('xy'), true);
    take();
    chain.continueDecoding(Buffer.alloc(0));
    assert.deepEqual(take(), ['c: head, last']);
  });

  test('buffers up to the limit of requests, and of responses', () => {
    const { chain, a, take } = createFixture();
    a.status = 'buffer';
    a.responseStatus = 'buffer';
    chain.decodeHead(head(), false);
    chain.decodeData(Buffer.from('1234'), false);
    assert.ok(!take().includes('request too large'));
    chain.decodeData(Buffer.from('5'), false);
    assert.deepEqual(take(), ['request too large']);
    chain.response?.head({ status: 200, headers: [] }, false, false);
    chain.response?.data(Buffer.from('1234'), false);
    assert.ok(!take().includes('response too large'));
    chain.response?.data(Buffer.from('5'), false);
    assert.deepEqual(take(), ['response too large']);
  });

  test('may say so to a response as well', () => {
    const { chain, b, take } = createFixture();
    b.responseStatus = 'buffer';
    chain.response?.head({ status: 200, headers: [] }, false, true);
    assert.deepEqual(take(), ['a: response 200', 'b: response 200']);
    assert.equal(chain.response?.data(Buffer.from('x'), false), true);
    chain.response?.end(['x-a', 'b']);
    take();
    chain.response?.continue();
    assert.deepEqual(take(), [
      'c: response 200',
      'sent 200 false false',
      'c: answers x',
      'sent x false',
      'c: response end x-a=b',
      'sent end x-a=b',
    ]);
  });

  test('gives a response without a body one', () => {
    const { chain, b, take } = createFixture();
    b.responseStatus = 'buffer';
    const response = { status: 200, headers: [] };
    chain.response?.head(response, true, false);
    take();
    chain.response?.continue(Buffer.from('hi'));
    assert.deepEqual(take(), [
      'c: response 200',
      'sent 200 false false',
      'c: answers hi, last',
      'sent hi true',
    ]);
    assert.deepEqual(response.headers, ['content-length', '2']);
  });
});

test('a filter that stops a response makes whoever brings it wait', () => {
  const { chain, a, take } = createFixture();
  a.responseStatus = 'stop';
  chain.response?.head({ status: 200, headers: [] }, false, false);
  take();
  assert.equal(chain.response?.data(Buffer.from('x'), false), false);
  assert.deepEqual(take(), ['a: paused', 'b: paused', 'c: paused']);
  chain.response?.continue();
  assert.deepEqual(take().slice(0, 5), [
    'a: resumed',
    'b: resumed',
    'c: resumed',
    'b: response 200',
    'c: response 200',
  ]);
});

test('a filter that goes on before it has answered has not stopped', () => {
  const { chain, a, take } = createFixture();
  a.status = 'stop';
  a.onHead = () => chain.continueDecoding();
  chain.decodeHead(head(), true);
  assert.deepEqual(take(), ['a: head, last', 'b: head, last', 'c: head, last']);
});

test('filters behind the one that answers have no part in the request', () => {
  const { chain, b, take } = createFixture();
  b.status = 'answer';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), true);
  assert.deepEqual(take(), ['a: head', 'b: head', 'a: data x, last', 'b: data x, last']);
});

test('what is sent as soon as it is welcome follows what has waited', () => {
  const { chain, a, c, take } = createFixture();
  a.responseStatus = 'stop';
  chain.response?.head({ status: 200, headers: [] }, false, false);
  chain.response?.data(Buffer.from('x'), false);
  const pieces = ['y', 'z'];
  c.onResponsePaused = (isPaused) => {
    const piece = isPaused ? undefined : pieces.shift();
    if (piece !== undefined) {
      chain.response?.data(Buffer.from(piece), pieces.length === 0);
    }
  };
  take();
  chain.response?.continue();
  const sent = take().filter((line) => line.startsWith('sent'));
  assert.deepEqual(sent, ['sent 200 false false', 'sent x false', 'sent y false', 'sent z true']);
});

test('a piece follows what a filter lets go on while it sees that piece', () => {
  const { chain, a, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  take();
  a.change = (text) => {
    chain.continueDecoding();
    return text;
  };
  chain.decodeData(Buffer.from('y'), true);
  assert.deepEqual(take(), [
    'a: data y, last',
    'request resumed',
    'c: head',
    'b: data x',
    'c: data x',
    'b: data y, last',
    'c: data y, last',
  ]);
});

describe('a body that a filter brings', () => {
  test('before it has answered is the body that goes on', () => {
    const { chain, b, take } = createFixture();
    b.status = 'buffer';
    b.onHead = () => chain.continueDecoding(Buffer.from('abc'));
    const request = head();
    chain.decodeHead(request, true);
    assert.deepEqual(take(), ['a: head, last', 'b: head, last', 'c: head', 'c: data abc, last']);
    assert.deepEqual(request.headers, ['content-length', '3']);
  });

  test('before all of the other has come has no length that can be told', () => {
    const { chain, b, take } = createFixture();
    b.status = 'buffer';
    const request = { ...head(), headers: ['content-length', '2'] };
    chain.decodeHead(request, false);
    chain.decodeData(Buffer.from('x'), false);
    take();
    chain.continueDecoding(Buffer.from('abc'));
    chain.decodeData(Buffer.from('y'), true);
    assert.deepEqual(take(), [
      'c: head',
      'c: data abc',
      'a: data y, last',
      'b: data y, last',
      'c: data y, last',
    ]);
    assert.deepEqual(request.headers, []);
  });
});

test('a request that is answered goes no further, and what still comes of it is dropped', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  take();
  chain.endRequest();
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeEnd(undefined);
  chain.continueDecoding();
  assert.deepEqual(take(), []);
});

describe('a filter that fails', () => {
  const fail = (): never => {
    throw new Error('broken');
  };

  test('at the end does not keep the others from ending', () => {
    const { chain, b, take } = createFixture();
    b.onDestroy = fail;
    assert.throws(() => chain.destroy(), /broken/);
    assert.deepEqual(take(), ['a: destroy', 'c: destroy']);
    chain.destroy();
    assert.deepEqual(take(), []);
  });

  test('to be made has those in front of it end', () => {
    const log: string[] = [];
    const factories = [() => new NotingFilter('a', log), fail, () => new NotingFilter('c', log)];
    assert.throws(() => new FilterChain(factories, createCallbacks(log)), /broken/);
    assert.deepEqual(log, ['a: destroy']);
  });
});
