import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../lib/http/filter.js';
import { FilterChain } from '../../../lib/http/filter-chain.js';
import type { HeaderList } from '../../../lib/http/headers.js';
import type { RequestHead, ResponseHead } from '../../../lib/http/message.js';
import { responseFlag } from '../../../lib/http/response-flag.js';

/** Notes what it sees, and answers to a request head as it was told. */
class NotingFilter implements HttpFilter {
  status: FilterStatus = 'continue';
  onHead: () => void = () => {};
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

  decodeData(chunk: Buffer, endStream: boolean): void {
    this.#note(`data ${chunk}`, endStream);
  }

  decodeEnd(trailers: HeaderList | undefined): void {
    this.#note(`end ${trailers?.join('=') ?? 'without trailers'}`, false);
  }

  encodeHead(head: ResponseHead, endStream: boolean): void {
    this.#note(`response ${head.status}`, endStream);
  }

  onResponsePaused(isPaused: boolean): void {
    this.#note(isPaused ? 'paused' : 'resumed', false);
  }

  onDestroy(): void {
    this.#note('destroy', false);
  }

  #note(what: string, endStream: boolean): void {
    this.#log.push(`${this.#name}: ${what}${endStream ? ', last' : ''}`);
  }
}

/** Notes what the filters ask of their request. Only what a chain may call is there. */
function createCallbacks(log: string[], onReply: () => void = () => {}): FilterCallbacks {
  return {
    isInternal: false,
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
    setResponseFlag() {},
    continueDecoding() {},
    sendLocalReply: onReply,
    encodeHead() {},
    encodeData: () => true,
    encodeEnd() {},
    resetStream() {},
    setRequestPaused: (isPaused) => log.push(isPaused ? 'request paused' : 'request resumed'),
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
  // As the router does: what comes is sent on by itself.
  c.status = 'stop';
  const callbacks = createCallbacks(log);
  const chain = new FilterChain([() => a, () => b, () => c], callbacks);
  return { chain, a, b, c, take: () => log.splice(0) };
}

/** What the three filters note of something that each of them sees. */
function all(what: string): string[] {
  return ['a', 'b', 'c'].map((name) => `${name}: ${what}`);
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
  chain.encodeHead({ status: 200, headers: [] }, true);
  assert.deepEqual(take(), [
    'a: response 200, last',
    'b: response 200, last',
    'c: response 200, last',
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
  assert.deepEqual(take(), ['request paused']);
  chain.continueDecoding();
  const entries = take();
  assert.ok(entries.includes('request resumed'));
  // Each filter sees each piece once, those too that had gone on before.
  assert.deepEqual(
    entries.filter((entry) => entry !== 'request resumed'),
    ['c: head', ...all('data x')],
  );
});

test('keeps the end of a body back with it', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeData(Buffer.from('y'), true);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), ['c: head', ...all('data x'), ...all('data y, last')]);
});

test('keeps trailers back with the body', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeEnd(['x-a', 'b']);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), ['c: head', ...all('data x'), ...all('end x-a=b')]);
});

test('keeps an end without trailers back, and tells it with the last piece', () => {
  const { chain, b, take } = createFixture();
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), false);
  chain.decodeEnd(undefined);
  take();
  chain.continueDecoding();
  assert.deepEqual(take(), ['c: head', ...all('data x, last')]);
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
  assert.deepEqual(take(), ['c: head', ...all('end x-a=b')]);
});

test('lets one filter stop after another, with the body behind them', () => {
  const { chain, a, b, take } = createFixture();
  a.status = 'stop';
  b.status = 'stop';
  chain.decodeHead(head(), false);
  chain.decodeData(Buffer.from('x'), true);
  take();
  chain.continueDecoding();
  assert.deepEqual(
    take().filter((entry) => !entry.startsWith('request')),
    ['b: head'],
  );
  chain.continueDecoding();
  assert.deepEqual(take(), ['c: head', ...all('data x, last')]);
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
  chain.encodeHead({ status: 403, headers: [] }, true);
  chain.destroy();
  assert.equal(replies, 1);
  assert.deepEqual(log, [
    'a: head',
    'a: response 403, last',
    'b: response 403, last',
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
  chain.encodeHead({ status: 200, headers: [] }, false);
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
    const callbacks: FilterCallbacks = {
      ...createCallbacks(log),
      setResponseFlag: (flag) => log.push(`flag ${flag}`),
      sendLocalReply: (status, body) => log.push(`reply ${status} ${JSON.stringify(body)}`),
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
