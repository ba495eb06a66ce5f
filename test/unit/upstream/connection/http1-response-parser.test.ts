import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderList } from '../../../../lib/http/headers.js';
import { Http1ResponseParser } from '../../../../lib/upstream/connection/http1-response-parser.js';
import { parseResponse, RecordingSink } from '../../../support/response-recorder.js';

const response = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const chunkedResponse =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\nA: b\r\n\r\n';

function bytesOf(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Starts a parser for the answer to a GET. */
function startedParser(sink = new RecordingSink()): Http1ResponseParser {
  const parser = new Http1ResponseParser(sink);
  parser.start('GET');
  return parser;
}

/** Parses all of `text` and returns how much of it was consumed. */
function execute(parser: Http1ResponseParser, text: string): number {
  return parser.execute(bytesOf(text), 0, text.length);
}

/** Writes down its calls, and calls back in each. */
class CallingSink extends RecordingSink {
  readonly calls: string[] = [];
  onCall: (call: string) => void = () => undefined;

  override onInformational(status: number, headers: HeaderList): void {
    super.onInformational(status, headers);
    this.#called('onInformational');
  }

  override onHead(status: number, headers: HeaderList, hasBody: boolean): void {
    super.onHead(status, headers, hasBody);
    this.#called('onHead');
  }

  override onData(chunk: Buffer, start: number, end: number): void {
    super.onData(chunk, start, end);
    this.#called('onData');
  }

  override onEnd(trailers: HeaderList | undefined): void {
    super.onEnd(trailers);
    this.#called('onEnd');
  }

  #called(call: string): void {
    this.calls.push(call);
    this.onCall(call);
  }
}

test('hands on a response piece by piece, in the order of the contract', () => {
  const sink = new CallingSink();
  const parser = startedParser(sink);
  const text = `HTTP/1.1 100 Continue\r\n\r\n${chunkedResponse}`;
  assert.equal(execute(parser, text), text.length);
  assert.deepEqual(sink.calls, ['onInformational', 'onHead', 'onData', 'onData', 'onEnd']);
  assert.deepEqual(sink.trailers, ['a', 'b']);
});

test('reads from start to end of a chunk, and lends the chunk itself', () => {
  const chunk = bytesOf(`garbage${response}garbage`);
  const lent: [Buffer, number, number][] = [];
  const parser = new Http1ResponseParser({
    onInformational: () => undefined,
    onHead: () => undefined,
    onData: (...piece) => lent.push(piece),
    onEnd: () => undefined,
  });
  parser.start('GET');
  const end = 7 + response.length;
  assert.equal(parser.execute(chunk, 7, end - 1), response.length - 1);
  assert.equal(parser.isComplete, false);
  assert.equal(parser.execute(chunk, end - 1, end), 1);
  assert.equal(parser.isComplete, true);
  assert.deepEqual(lent, [
    [chunk, end - 2, end - 1],
    [chunk, end - 1, end],
  ]);
});

test('consumes nothing before start and nothing after the end of the message', () => {
  const sink = new CallingSink();
  const parser = new Http1ResponseParser(sink);
  assert.equal(execute(parser, response), 0);
  assert.equal(parser.isComplete, false);
  parser.start('GET');
  assert.equal(execute(parser, response), response.length);
  assert.equal(execute(parser, response), 0);
  assert.equal(parser.finish(), true);
  assert.deepEqual(sink.calls, ['onHead', 'onData', 'onEnd']);
});

test('serves one message after the other', () => {
  const lists: HeaderList[] = [];
  const parser = new Http1ResponseParser({
    onInformational: () => undefined,
    onHead: (_status, headers) => lists.push(headers),
    onData: () => undefined,
    onEnd: (trailers) => lists.push(trailers ?? []),
  });
  for (const text of [chunkedResponse, response, chunkedResponse]) {
    parser.start('GET');
    assert.equal(parser.isComplete, false);
    assert.equal(parser.keepAlive, false);
    assert.equal(execute(parser, text), text.length);
    assert.equal(parser.isComplete, true);
    assert.equal(parser.keepAlive, true);
  }
  const withCoding = ['transfer-encoding', 'chunked'];
  const withLength = ['content-length', '2'];
  const trailers = ['a', 'b'];
  assert.deepEqual(lists, [withCoding, trailers, withLength, [], withCoding, trailers]);
  assert.equal(new Set(lists).size, lists.length, 'the sink owns every list');
});

test('counts informational responses anew with every message', () => {
  const parser = new Http1ResponseParser({
    onInformational: () => undefined,
    onHead: () => undefined,
    onData: () => undefined,
    onEnd: () => undefined,
  });
  for (let i = 0; i < 3; i++) {
    parser.start('GET');
    execute(parser, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(99) + response);
    assert.equal(parser.isComplete, true);
  }
});

test('drops what it has of a message when the next is started', () => {
  const sink = new RecordingSink();
  const parser = startedParser(sink);
  execute(parser, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransf');
  parser.start('GET');
  assert.equal(execute(parser, response), response.length);
  assert.deepEqual(sink.head, { status: 200, headers: ['content-length', '2'] });
  assert.equal(sink.body, 'ok');
});

test('leaves the next message alone that a sink starts in onEnd', () => {
  for (const text of [
    response,
    chunkedResponse,
    'HTTP/1.1 204 No Content\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
  ]) {
    const sink = new CallingSink();
    const parser = startedParser(sink);
    sink.onCall = (call) => {
      if (call === 'onEnd') {
        assert.equal(parser.isComplete, true);
        parser.start('HEAD');
      }
    };
    assert.equal(execute(parser, text + response), text.length);
    assert.equal(parser.isComplete, false);
    assert.equal(parser.isUntouched, true);
  }
});

test('calls nothing more and reads nothing more once a sink has stopped it', () => {
  const text = `HTTP/1.1 103 Early Hints\r\n\r\n${chunkedResponse}`;
  const firstData = text.indexOf('\r\na\r\n') + 3;
  const headEnd = text.indexOf('1\r\na');
  const stops: [call: string, consumed: number][] = [
    ['onInformational', text.indexOf('\r\n\r\n') + 4],
    ['onHead', headEnd],
    ['onData', firstData],
  ];
  for (const [stoppedIn, consumed] of stops) {
    const sink = new CallingSink();
    const parser = startedParser(sink);
    sink.onCall = (call) => {
      if (call === stoppedIn) {
        parser.stop();
      }
    };
    assert.equal(execute(parser, text), consumed, stoppedIn);
    assert.equal(sink.calls.at(-1), stoppedIn);
    assert.equal(execute(parser, text), 0);
    assert.equal(parser.finish(), false);
    assert.equal(parser.error, undefined);
    assert.equal(parser.isComplete, false);
    assert.equal(sink.calls.at(-1), stoppedIn);
  }
});

test('does not end a response without a body that is stopped at its head', () => {
  for (const text of ['HTTP/1.1 204 No Content\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n']) {
    const sink = new CallingSink();
    const parser = startedParser(sink);
    sink.onCall = () => parser.stop();
    assert.equal(execute(parser, text), text.length);
    assert.equal(parser.finish(), false);
    assert.deepEqual(sink.calls, ['onHead']);
  }
});

test('is complete even if it is stopped at the end', () => {
  const sink = new CallingSink();
  const parser = startedParser(sink);
  sink.onCall = (call) => {
    if (call === 'onEnd') {
      parser.stop();
    }
  };
  execute(parser, response);
  assert.equal(parser.isComplete, true);
  assert.equal(parser.keepAlive, true);
});

test('may be started again after it was stopped', () => {
  const sink = new CallingSink();
  const parser = startedParser(sink);
  execute(parser, 'HTTP/1.1 200 OK\r\n');
  parser.stop();
  parser.start('GET');
  assert.equal(execute(parser, response), response.length);
  assert.equal(parser.isComplete, true);
});

test('keeps its first error for good', () => {
  const sink = new CallingSink();
  const parser = startedParser(sink);
  assert.equal(execute(parser, 'HTTP/1.1 200 OK\nA: b\r\n\r\n'), 15);
  assert.equal(parser.error, 'bare-lf');
  parser.stop();
  parser.start('GET');
  assert.equal(execute(parser, response), 0);
  assert.equal(parser.finish(), false);
  assert.equal(parser.error, 'bare-lf');
  assert.equal(parser.isComplete, false);
  assert.deepEqual(sink.calls, []);
});

test('ends a body that lasts until the close when the peer closes', () => {
  const sink = new CallingSink();
  const parser = startedParser(sink);
  execute(parser, 'HTTP/1.1 200 OK\r\n\r\nhel');
  execute(parser, 'lo');
  assert.deepEqual(sink.calls, ['onHead', 'onData', 'onData']);
  assert.equal(parser.isComplete, false);
  assert.equal(parser.finish(), true);
  assert.equal(parser.finish(), true);
  assert.deepEqual(sink.calls, ['onHead', 'onData', 'onData', 'onEnd']);
  assert.equal(sink.body, 'hello');
  assert.equal(parser.keepAlive, false);
});

test('calls any other message cut short when the peer closes, without an error', () => {
  for (let length = 0; length < chunkedResponse.length; length++) {
    const outcome = parseResponse(chunkedResponse.slice(0, length));
    assert.equal(outcome.verdict, 'cut-short', `${length}`);
    assert.equal(outcome.error, undefined);
    assert.equal(outcome.keepAlive, false);
  }
});

test('tells whether any byte has come since the start', () => {
  const parser = startedParser();
  assert.equal(parser.isUntouched, true);
  parser.execute(bytesOf(response), 3, 3);
  assert.equal(parser.isUntouched, true);
  assert.equal(parser.finish(), false);
  assert.equal(parser.isUntouched, true);
  execute(parser, '\r');
  assert.equal(parser.isUntouched, false);
  parser.stop();
  assert.equal(parser.isUntouched, false);
  parser.start('GET');
  assert.equal(parser.isUntouched, true);
  execute(parser, 'x');
  assert.equal(parser.error, 'invalid-status-line');
  assert.equal(parser.isUntouched, false);
});

test('reads a large head that comes byte by byte at the cost of its size', () => {
  // Were what has come read again with every byte, this would take minutes.
  const values = Array.from({ length: 3 }, (_, i) => String(i).repeat(19_000));
  const lines = values.map((value, i) => `x-${i}: ${value} \r\n`).join('');
  const chunk = bytesOf(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`);
  const sink = new RecordingSink();
  const parser = startedParser(sink);
  for (let i = 0; i < chunk.length; i++) {
    assert.equal(parser.execute(chunk, i, i + 1), 1);
  }
  assert.equal(parser.isComplete, true);
  assert.deepEqual(sink.head?.headers.slice(0, 2), ['x-0', values[0]]);
});

test('knows names however they are spelled and however many there are', () => {
  const names = Array.from({ length: 5000 }, (_, i) => `X-Name-${i.toString(36)}`);
  const lines = names.map((name, i) => `${name}: ${i}\r\n`).join('');
  for (let round = 0; round < 2; round++) {
    const raw = `HTTP/1.1 200 OK\r\n${lines}\r\n`;
    assert.deepEqual(
      parseResponse(raw, { method: 'HEAD', maxHeadBytes: raw.length }).head?.headers,
      names.flatMap((name, i) => [name.toLowerCase(), String(i)]),
    );
  }
});
