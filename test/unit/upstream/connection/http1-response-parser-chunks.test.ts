import type { ParserError } from '../../../../lib/upstream/connection/http1-response-parser.js';
import type { RecordedResponse } from '../../../support/response-recorder.js';
import { type ResponseRow, testRows } from '../../../support/response-rows.js';

const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

function reads(what: string, wire: string, expected: Partial<RecordedResponse>): ResponseRow {
  return { name: what, raw: head + wire, expected: { verdict: 'complete', ...expected } };
}

function refuses(what: string, wire: string, error: ParserError, body = ''): ResponseRow {
  const expected = { verdict: 'refused' as const, error, body };
  return { name: `refuses ${what}`, raw: head + wire, expected };
}

// Sizes and data.
testRows([
  reads('joins chunks, and leaves what follows the last', '5\r\nhello\r\n1\r\n \r\n0\r\n\r\n▲x', {
    body: 'hello ',
    hasBody: true,
    keepAlive: true,
    trailers: undefined,
  }),
  reads('takes line ends for data inside a chunk', '6\r\n\r\n0\r\n\r\r\n0\r\n\r\n', {
    body: '\r\n0\r\n\r',
  }),
  reads(
    'takes sizes in both cases and with leading zeros',
    '00A\r\n0123456789\r\nb\r\n0123456789a\r\n00\r\n\r\n',
    {
      body: '01234567890123456789a',
    },
  ),
  reads('takes a body without any chunk', '0\r\n\r\n▲0\r\n\r\n', { body: '' }),
  reads('calls a body cut short that lacks its last line end', '1\r\na\r\n0\r\n', {
    verdict: 'cut-short',
    body: 'a',
  }),
  reads('calls a chunk cut short that lacks a byte', '5\r\nhell', {
    verdict: 'cut-short',
    body: 'hell',
  }),
  reads('counts chunks of up to 2^53 - 1 bytes', '1fffffffffffff\r\nx', {
    verdict: 'cut-short',
    body: 'x',
  }),
  refuses('a chunk of 2^53 bytes', '2000000000000▲0\r\nx', 'length-too-large'),
  refuses('an endless size', `1${'0'.repeat(13)}▲${'0'.repeat(500)}\r\nx`, 'length-too-large'),
  refuses('an empty size', '▲\r\nx', 'invalid-chunk-size'),
  refuses('a size with a sign', '▲+1\r\na', 'invalid-chunk-size'),
  refuses('a negative size', '▲-1\r\na', 'invalid-chunk-size'),
  refuses('a size with 0x', '0▲x1\r\na', 'invalid-chunk-size'),
  refuses('a size with a separator', '1▲_0\r\na', 'invalid-chunk-size'),
  refuses('a size with a letter that is no digit', '1▲g\r\na', 'invalid-chunk-size'),
  refuses('a space before a size', '▲ 1\r\na', 'invalid-chunk-size'),
  refuses('a space behind a size', '1▲ \r\na', 'invalid-chunk-size'),
  refuses('a tab behind a size', '1▲\t\r\na', 'invalid-chunk-size'),
  refuses('a size that LF ends', '1▲\na\r\n', 'bare-lf'),
  refuses('a size that CR ends', '1\r▲a\r\n', 'bare-cr'),
  refuses('a chunk with more data than its size', '1\r\na▲b\r\n', 'invalid-chunk-end', 'a'),
  refuses('a chunk that LF ends', '1\r\na▲\n0\r\n\r\n', 'invalid-chunk-end', 'a'),
  refuses('a chunk that CR ends', '1\r\na\r▲0\r\n\r\n', 'invalid-chunk-end', 'a'),
  refuses('a chunk without a line end', '1\r\na▲0\r\n\r\n', 'invalid-chunk-end', 'a'),
]);

// Extensions.
testRows([
  reads(
    'skips extensions with and without values',
    '1;a;b=c;d="e; \\"f\\\\ \xe9\t"\r\na\r\n0;x=y\r\n\r\n',
    { body: 'a' },
  ),
  refuses('an empty extension', '1;▲\r\na', 'invalid-chunk-extension'),
  refuses('an empty extension before another', '1;▲;a\r\na', 'invalid-chunk-extension'),
  refuses('an extension without a name', '1;▲=b\r\na', 'invalid-chunk-extension'),
  refuses('an extension with an empty value', '1;a=▲\r\na', 'invalid-chunk-extension'),
  refuses('a space before an extension', '1;▲ a\r\na', 'invalid-chunk-extension'),
  refuses('a space behind an extension', '1;a▲ \r\na', 'invalid-chunk-extension'),
  refuses('a space around the equals sign', '1;a▲ = b\r\na', 'invalid-chunk-extension'),
  refuses('quotes inside a value', '1;a=b▲"c"\r\na', 'invalid-chunk-extension'),
  refuses('text behind a quoted value', '1;a="b"▲c\r\na', 'invalid-chunk-extension'),
  refuses('an open quote', '1;a="b▲\r\na', 'invalid-chunk-extension'),
  refuses('a control character in quotes', '1;a="▲\0"\r\na', 'invalid-chunk-extension'),
  refuses('a control character behind a backslash', '1;a="\\▲\r"\r\na', 'invalid-chunk-extension'),
  refuses('a control character in a name', '1;a▲\0\r\na', 'invalid-chunk-extension'),
  refuses('an extension that LF ends', '1;a▲\na\r\n', 'bare-lf'),
  refuses('an extension that CR ends', '1;a\r▲a\r\n', 'bare-cr'),
  {
    ...reads(
      'takes a size line of exactly the most bytes',
      `1;${'x'.repeat(43)}\r\na\r\n0\r\n\r\n`,
      { body: 'a' },
    ),
    maxHeadBytes: head.length,
  },
  {
    ...refuses(
      'one of a byte more',
      `1;${'x'.repeat(47)}\r▲\na\r\n0\r\n\r\n`,
      'chunk-line-too-large',
    ),
    maxHeadBytes: 50,
  },
  refuses(
    'one above 16 KiB, however large a head may be',
    `1;${'x'.repeat(16 * 1024 - 2)}▲x\r\n`,
    'chunk-line-too-large',
  ),
]);

// Trailers.
testRows([
  reads('hands on trailers with the end', '1\r\na\r\n0\r\nExpires: \t0 \r\nX:\r\n\r\n▲x', {
    body: 'a',
    trailers: ['expires', '0', 'x', ''],
    keepAlive: true,
  }),
  reads('gives up the connection that the trailers close', '0\r\nConnection: close\r\n\r\n', {
    keepAlive: false,
  }),
  reads('calls trailers cut short that lack the empty line', '0\r\nA: b\r\n', {
    verdict: 'cut-short',
  }),
  refuses('a length in trailers', '0\r\nContent-Length: 5\r▲\n\r\n', 'forbidden-trailer'),
  refuses(
    'a transfer coding in trailers',
    '0\r\nTransfer-Encoding: chunked\r▲\n\r\n',
    'forbidden-trailer',
  ),
  refuses('a trailer without a colon', '0\r\nfoo▲\r\n\r\n', 'invalid-header-name'),
  refuses('a space before the colon of a trailer', '0\r\nfoo▲ : b\r\n\r\n', 'invalid-header-name'),
  refuses('a control character in a trailer', '0\r\nA: ▲\0\r\n\r\n', 'invalid-header-value'),
  refuses('a folded trailer', '0\r\nA: b\r\n▲ c\r\n\r\n', 'obsolete-folding'),
  refuses('trailers that LF ends', '0\r\nA: b\r\n▲\n', 'bare-lf'),
  refuses(
    'another status line for trailers',
    '0\r\nHTTP▲/1.1 200 OK\r\n\r\n',
    'invalid-header-name',
  ),
  {
    ...reads('takes trailers of exactly the most bytes', `0\r\nA: ${'x'.repeat(40)}\r\n\r\n`, {}),
    maxHeadBytes: head.length,
  },
  {
    ...refuses(
      'trailers of a byte more',
      `0\r\nA: ${'x'.repeat(44)}\r\n\r▲\n`,
      'trailers-too-large',
    ),
    maxHeadBytes: 50,
  },
]);
