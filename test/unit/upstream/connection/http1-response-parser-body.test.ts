import type { ParserError } from '../../../../lib/upstream/connection/http1-response-parser.js';
import type { RecordedResponse } from '../../../support/response-recorder.js';
import { type ResponseRow, testRows } from '../../../support/response-rows.js';

/** A row whose headers (all lines but the status line) end with an empty line by themselves. */
function reads(
  what: string,
  lines: string,
  rest: string,
  expected: Partial<RecordedResponse>,
): ResponseRow {
  const raw = `HTTP/1.1 200 OK\r\n${lines}\r\n\r\n${rest}`;
  return { name: what, raw, expected: { verdict: 'complete', ...expected } };
}

function refuses(what: string, lines: string, error: ParserError): ResponseRow {
  const raw = `HTTP/1.1 200 OK\r\n${lines}\r▲\n\r\n`;
  return { name: `refuses ${what}`, raw, expected: { verdict: 'refused', error, head: undefined } };
}

// Content-Length.
testRows([
  reads(
    'reads as many bytes as Content-Length says, and leaves the rest',
    'Content-Length: 5',
    'he\r\no▲!',
    {
      body: 'he\r\no',
      hasBody: true,
      keepAlive: true,
    },
  ),
  reads('expects no body of length 0', 'Content-Length: 0', '▲HTTP/1.1 200 OK\r\n\r\n', {
    body: '',
    hasBody: false,
    keepAlive: true,
  }),
  reads('takes leading zeros in a length', 'CONTENT-LENGTH: 0002', 'ab▲c', { body: 'ab' }),
  reads('takes whitespace around a length', 'content-length: \t 2 \t', 'ab▲c', { body: 'ab' }),
  reads('calls a body that ends early cut short', 'Content-Length: 5', 'hell', {
    verdict: 'cut-short',
    body: 'hell',
    keepAlive: false,
  }),
  reads('counts up to 2^53 - 1 bytes', 'Content-Length: 9007199254740991', 'x', {
    verdict: 'cut-short',
  }),
  refuses('a length of 2^53', 'Content-Length: 9007199254740992', 'length-too-large'),
  refuses('a length of a hundred digits', `Content-Length: ${'9'.repeat(100)}`, 'length-too-large'),
  refuses('an endless length', `Content-Length: ${'9'.repeat(1000)}`, 'length-too-large'),
  refuses('an empty length', 'Content-Length: ', 'invalid-content-length'),
  refuses('a length with a sign', 'Content-Length: +5', 'invalid-content-length'),
  refuses('a negative length', 'Content-Length: -5', 'invalid-content-length'),
  refuses('a hexadecimal length', 'Content-Length: 0x5', 'invalid-content-length'),
  refuses('a length with a fraction', 'Content-Length: 5.0', 'invalid-content-length'),
  refuses('a length with an exponent', 'Content-Length: 5e1', 'invalid-content-length'),
  refuses('a length with a separator', 'Content-Length: 5_0', 'invalid-content-length'),
  refuses('a length in words', 'Content-Length: five', 'invalid-content-length'),
  refuses('two numbers in a length', 'Content-Length: 5 5', 'invalid-content-length'),
  refuses('a list of equal lengths', 'Content-Length: 5, 5', 'invalid-content-length'),
  refuses('a digit outside of ASCII', 'Content-Length: 5\xb2', 'invalid-content-length'),
  refuses('two lengths', 'Content-Length: 5\r\nContent-Length: 6', 'conflicting-lengths'),
  refuses('two equal lengths', 'Content-Length: 5\r\nContent-Length: 5', 'conflicting-lengths'),
]);

// Transfer-Encoding.
const chunked = 'Transfer-Encoding: chunked';

testRows([
  reads(
    'ends a body that is not chunked last with the connection',
    'Transfer-Encoding: chunked, gzip',
    'a\r\nb',
    {
      body: 'a\r\nb',
      keepAlive: false,
    },
  ),
  reads('does the same with an unknown coding', 'Transfer-Encoding: chunkedchunked', '0\r\n\r\n', {
    body: '0\r\n\r\n',
  }),
  reads(
    'does the same when a further header adds one',
    `${chunked}\r\nTransfer-Encoding: identity`,
    '0\r\n\r\n',
    {
      body: '0\r\n\r\n',
    },
  ),
  reads('takes chunked in any case', 'transfer-encoding: CHUNKed', '1\r\na\r\n0\r\n\r\n▲x', {
    body: 'a',
  }),
  reads(
    'takes chunked behind another coding',
    'Transfer-Encoding: gzip;x="y",\tchunked \t',
    '1\r\na\r\n0\r\n\r\n▲x',
    {
      body: 'a',
    },
  ),
  reads(
    'takes chunked in a header of its own',
    'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked',
    '0\r\n\r\n▲x',
    {
      body: '',
    },
  ),
  reads(
    'ignores empty elements beside chunked',
    'Transfer-Encoding: , chunked ,',
    '1\r\na\r\n0\r\n\r\n▲x',
    {
      body: 'a',
    },
  ),
  refuses(
    'a length behind a transfer coding',
    `${chunked}\r\nContent-Length: 5`,
    'conflicting-lengths',
  ),
  refuses(
    'a transfer coding behind a length',
    `Content-Length: 5\r\n${chunked}`,
    'conflicting-lengths',
  ),
  refuses('both, even of length 0', `Content-Length: 0\r\n${chunked}`, 'conflicting-lengths'),
  refuses(
    'both, even if not chunked',
    'Transfer-Encoding: gzip\r\nContent-Length: 5',
    'conflicting-lengths',
  ),
  refuses('a transfer coding without a name', 'Transfer-Encoding:', 'invalid-transfer-encoding'),
  refuses(
    'a list of transfer codings without any',
    'Transfer-Encoding: , ,',
    'invalid-transfer-encoding',
  ),
  refuses('chunked twice', 'Transfer-Encoding: chunked, chunked', 'invalid-transfer-encoding'),
  refuses('chunked twice in two headers', `${chunked}\r\n${chunked}`, 'invalid-transfer-encoding'),
  refuses(
    'chunked with a parameter',
    'Transfer-Encoding: chunked;a=b',
    'invalid-transfer-encoding',
  ),
  refuses('chunked in quotes', 'Transfer-Encoding: "chunked"', 'invalid-transfer-encoding'),
  refuses(
    'two words as one coding',
    'Transfer-Encoding: chunked chunked',
    'invalid-transfer-encoding',
  ),
  refuses(
    'a coding that is no token',
    'Transfer-Encoding: \xa0chunked',
    'invalid-transfer-encoding',
  ),
]);

// Bodies that the status or the method rules out, and those that last until the close.
testRows([
  {
    ...reads('expects no body in answer to HEAD', 'Content-Length: 5', '▲x', {
      hasBody: false,
      keepAlive: true,
    }),
    method: 'HEAD',
  },
  {
    ...reads('nor one in chunks', chunked, '▲x', { hasBody: false, keepAlive: true }),
    method: 'HEAD',
  },
  {
    ...reads('nor one until the close', 'A: b', '▲x', { hasBody: false, keepAlive: true }),
    method: 'HEAD',
  },
  {
    ...reads('ends a 2xx answer to CONNECT with its head', chunked, '▲x', {
      hasBody: false,
      keepAlive: false,
    }),
    method: 'CONNECT',
  },
  {
    name: 'reads the body of another answer to CONNECT',
    raw: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno▲x',
    method: 'CONNECT',
    expected: { verdict: 'complete', body: 'no', keepAlive: true },
  },
  {
    name: 'expects no body of a 204, and no further use of a connection on which it names one',
    raw: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n▲hello',
    expected: { verdict: 'complete', hasBody: false, keepAlive: false },
  },
  {
    name: 'takes a 204 that says so itself',
    raw: 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n▲x',
    expected: { verdict: 'complete', hasBody: false, keepAlive: true },
  },
  {
    name: 'expects no body of a 304, whose length is that of another response',
    raw: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n▲x',
    expected: { verdict: 'complete', hasBody: false, keepAlive: true },
  },
  {
    name: 'checks the length of a response without a body nevertheless',
    raw: 'HTTP/1.1 304 Not Modified\r\nContent-Length: x\r▲\n\r\n',
    expected: { verdict: 'refused', error: 'invalid-content-length' },
  },
  reads('reads a body without any length until the close', 'A: b', 'HTTP/1.1 200 OK\r\n\r\n', {
    body: 'HTTP/1.1 200 OK\r\n\r\n',
    hasBody: true,
    keepAlive: false,
    trailers: undefined,
  }),
  reads('takes an empty one', 'A: b', '', { body: '', hasBody: true, keepAlive: false }),
]);

// Heads that are cut short.
testRows(
  [
    '',
    '\r',
    'HTTP/1.',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK\r',
    'HTTP/1.1 200 OK\r\nA',
    'HTTP/1.1 200 OK\r\nA: b\r\n\r',
  ].map((raw) => ({
    name: `calls a head cut short that ends with ${JSON.stringify(raw.slice(-4))}`,
    raw,
    expected: { verdict: 'cut-short', error: undefined, head: undefined },
  })),
);

// Whether the connection may serve again (RFC 9112, 9.3).
function persists(what: string, version: string, lines: string, keepAlive: boolean): ResponseRow {
  return {
    name: `${keepAlive ? 'keeps' : 'gives up'} the connection after ${what}`,
    raw: `${version} 200 OK\r\n${lines}\r\n\r\n`,
    method: 'HEAD',
    expected: { verdict: 'complete', keepAlive },
  };
}

testRows([
  persists('HTTP/1.1', 'HTTP/1.1', 'A: b', true),
  persists('HTTP/1.1 with close', 'HTTP/1.1', 'Connection: close', false),
  persists('close in any case among others', 'HTTP/1.1', 'Connection: foo ,\tCLOSE, bar', false),
  persists(
    'close in a second header',
    'HTTP/1.1',
    'Connection: keep-alive\r\nConnection: close',
    false,
  ),
  persists('close and keep-alive', 'HTTP/1.1', 'Connection: close, keep-alive', false),
  persists('close of old proxies', 'HTTP/1.1', 'Proxy-Connection: close', false),
  persists(
    'an option that only contains close',
    'HTTP/1.1',
    'Connection: closed, x-close, close x',
    true,
  ),
  persists('HTTP/1.0', 'HTTP/1.0', 'A: b', false),
  persists('HTTP/1.0 with keep-alive', 'HTTP/1.0', 'Connection: Keep-Alive', true),
  persists(
    'HTTP/1.0 with close and keep-alive',
    'HTTP/1.0',
    'Connection: keep-alive, close',
    false,
  ),
  persists(
    'HTTP/1.0 with keep-alive of old proxies',
    'HTTP/1.0',
    'Proxy-Connection: keep-alive',
    false,
  ),
  persists(
    'HTTP/1.0 with a transfer coding',
    'HTTP/1.0',
    `Connection: keep-alive\r\n${chunked}`,
    false,
  ),
]);
