import type { ParserError } from '../../../../lib/upstream/connection/http1-response-parser.js';
import { type ResponseRow, testRows } from '../../../support/response-rows.js';

function accepts(what: string, raw: string, status: number, headers: string[] = []): ResponseRow {
  const expected = { verdict: 'complete' as const, head: { status, headers } };
  return { name: `accepts ${what}`, raw, method: 'HEAD', expected };
}

function refuses(what: string, raw: string, error: ParserError): ResponseRow {
  return { name: `refuses ${what}`, raw, expected: { verdict: 'refused', error } };
}

function acceptsLine(what: string, line: string, ...header: string[]): ResponseRow {
  return accepts(what, `HTTP/1.1 200 OK\r\n${line}\r\n\r\n`, 200, header);
}

function refusesLine(what: string, line: string, error: ParserError): ResponseRow {
  return refuses(what, `HTTP/1.1 200 OK\r\nA: b\r\n${line}\r\n\r\n`, error);
}

// The status line.
testRows([
  accepts('HTTP/1.1', 'HTTP/1.1 200 OK\r\n\r\n', 200),
  accepts('HTTP/1.0', 'HTTP/1.0 404 Not Found\r\n\r\n', 404),
  accepts('a status line without a reason phrase', 'HTTP/1.1 200 \r\n\r\n', 200),
  accepts('a status line without the space before it either', 'HTTP/1.1 200\r\n\r\n', 200),
  accepts('tabs, spaces and latin1 in a reason phrase', 'HTTP/1.1 500 \t D\xe9j\xe0 \r\n\r\n', 500),
  accepts('a status above 599, as a private one', 'HTTP/1.1 999 Go Away\r\n\r\n', 999),
  accepts('one empty line before the status line', '\r\nHTTP/1.1 200 OK\r\n\r\n', 200),
  refuses('two empty lines before it', '\r\n▲\r\nHTTP/1.1 200 OK\r\n\r\n', 'invalid-status-line'),
  refuses('a bare LF before it', '▲\nHTTP/1.1 200 OK\r\n\r\n', 'bare-lf'),
  refuses('a bare CR before it', '\r▲HTTP/1.1 200 OK\r\n\r\n', 'bare-cr'),
  refuses(
    'another protocol at its first byte',
    '▲220 smtp.example ESMTP\r\n',
    'invalid-status-line',
  ),
  refuses('another protocol that starts alike', 'HTTP▲S/1.1 200 OK\r\n\r\n', 'invalid-status-line'),
  refuses('a protocol in lower case', '▲http/1.1 200 OK\r\n\r\n', 'invalid-status-line'),
  refuses('RTSP', '▲RTSP/1.0 200 OK\r\n\r\n', 'invalid-status-line'),
  refuses('a request', '▲GET / HTTP/1.1\r\n\r\n', 'invalid-status-line'),
  refuses('HTTP/0.9', 'HTTP/▲0.9 200 OK\r\n\r\n', 'unsupported-version'),
  refuses('HTTP/1.2', 'HTTP/1.▲2 200 OK\r\n\r\n', 'unsupported-version'),
  refuses('HTTP/2', 'HTTP/▲2 200\r\n\r\n', 'unsupported-version'),
  refuses('a version with a leading zero', 'HTTP/▲01.1 200 OK\r\n\r\n', 'unsupported-version'),
  refuses('a version of three digits', 'HTTP/1.1▲1 200 OK\r\n\r\n', 'invalid-status-line'),
  refuses('a version without a digit', 'HTTP/1.▲x 200 OK\r\n\r\n', 'invalid-status-line'),
  refuses('two spaces before the status', 'HTTP/1.1 ▲ 200 OK\r\n\r\n', 'invalid-status'),
  refuses('a tab before the status', 'HTTP/1.1▲\t200 OK\r\n\r\n', 'invalid-status-line'),
  refuses('a status of two digits', 'HTTP/1.1 20▲ OK\r\n\r\n', 'invalid-status'),
  refuses('a status of four digits', 'HTTP/1.1 200▲0 OK\r\n\r\n', 'invalid-status'),
  refuses('a status with a sign', 'HTTP/1.1 ▲+20 OK\r\n\r\n', 'invalid-status'),
  refuses('a status below 100', 'HTTP/1.1 ▲099 OK\r\n\r\n', 'invalid-status'),
  refuses('a status line without a status', 'HTTP/1.1 ▲OK\r\n\r\n', 'invalid-status'),
  refuses('NUL in a reason phrase', 'HTTP/1.1 200 O▲\0K\r\n\r\n', 'invalid-status-line'),
  refuses('DEL in a reason phrase', 'HTTP/1.1 200 O▲\x7fK\r\n\r\n', 'invalid-status-line'),
  refuses('a status line that LF ends', 'HTTP/1.1 200 OK▲\nA: b\r\n\r\n', 'bare-lf'),
  refuses('a status that LF ends', 'HTTP/1.1 200▲\nA: b\r\n\r\n', 'bare-lf'),
  refuses('a status line that CR ends', 'HTTP/1.1 200 OK\r▲A: b\r\n\r\n', 'bare-cr'),
  refuses('a second CR behind the status line', 'HTTP/1.1 200 OK\r▲\r\n\r\n', 'bare-cr'),
]);

// Header lines.
testRows([
  acceptsLine('a header', 'Server: x/1', 'server', 'x/1'),
  acceptsLine(
    'every character of a token in a name',
    "!#$%&'*+-.^_`|~0aZ: b",
    "!#$%&'*+-.^_`|~0az",
    'b',
  ),
  acceptsLine('no whitespace behind the colon', 'A:b', 'a', 'b'),
  acceptsLine('whitespace around a value, which it drops', 'A: \t b c\td \t', 'a', 'b c\td'),
  acceptsLine('an empty value', 'A:', 'a', ''),
  acceptsLine('a value of whitespace, as empty', 'A: \t ', 'a', ''),
  acceptsLine('colons in a value', 'A:: b:', 'a', ': b:'),
  acceptsLine('bytes above 127 in a value, as latin1', 'A: \x80\xe9\xff', 'a', '\x80\xe9\xff'),
  acceptsLine(
    'a name again, in its order',
    'A: 1\r\na: 2\r\nB: 3\r\nA: 4',
    'a',
    '1',
    'a',
    '2',
    'b',
    '3',
    'a',
    '4',
  ),
  acceptsLine(
    'names that start as those of framing do',
    'Content-Length-X: y',
    'content-length-x',
    'y',
  ),
  acceptsLine('a name too long to be remembered', `${'n'.repeat(100)}: v`, 'n'.repeat(100), 'v'),
  acceptsLine(
    'a value longer than a step of reading',
    `A: ${'v'.repeat(5000)}`,
    'a',
    'v'.repeat(5000),
  ),
  refusesLine('a line without a colon', 'no-colon▲', 'invalid-header-name'),
  refusesLine('an empty name', '▲: b', 'invalid-header-name'),
  refusesLine('a space before the colon', 'Server▲ : b', 'invalid-header-name'),
  refusesLine('a tab before the colon', 'Server▲\t: b', 'invalid-header-name'),
  refusesLine('a space in a name', 'Ser▲ ver: b', 'invalid-header-name'),
  refusesLine('a byte above 127 in a name', 'Serv▲\xe9r: b', 'invalid-header-name'),
  refusesLine('NUL in a name', 'Ser▲\0ver: b', 'invalid-header-name'),
  refusesLine('a delimiter in a name', 'Ser▲@ver: b', 'invalid-header-name'),
  refusesLine('NUL in a value', 'A: b▲\0c', 'invalid-header-value'),
  refusesLine('another control character in a value', 'A: b▲\x0bc', 'invalid-header-value'),
  refusesLine('DEL in a value', 'A: b▲\x7f', 'invalid-header-value'),
  refusesLine('a control character before a value', 'A:▲\x0cb', 'invalid-header-value'),
  refusesLine('a bare CR in a value', 'A: b\r▲c', 'bare-cr'),
  refusesLine('two CR behind a value', 'A: b\r▲\r', 'bare-cr'),
  refusesLine('a bare LF in a value', 'A: b▲\nc: d', 'bare-lf'),
  refusesLine('a bare LF for an empty value', 'A:▲\nc: d', 'bare-lf'),
  refusesLine('LF in a name', 'A▲\n: b', 'invalid-header-name'),
  refusesLine('a folded line that starts with a space', '▲ folded', 'obsolete-folding'),
  refusesLine('a folded line that starts with a tab', '▲\tfolded', 'obsolete-folding'),
  refusesLine('an empty folded line', '▲ ', 'obsolete-folding'),
  refuses(
    'whitespace before the first header',
    'HTTP/1.1 200 OK\r\n▲ A: b\r\n\r\n',
    'obsolete-folding',
  ),
  refuses('a head that a bare LF ends', 'HTTP/1.1 200 OK\r\nA: b\r\n▲\nbody', 'bare-lf'),
  refuses('a head that a bare CR ends', 'HTTP/1.1 200 OK\r\nA: b\r\n\r▲body', 'bare-cr'),
]);

// Informational responses.
const final = 'HTTP/1.1 204 No Content\r\n\r\n';

testRows([
  {
    name: 'hands on informational responses before the head',
    raw: `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${final}`,
    expected: {
      verdict: 'complete',
      informational: [
        { status: 100, headers: [] },
        { status: 103, headers: ['link', '</a>'] },
      ],
      head: { status: 204, headers: [] },
      keepAlive: true,
    },
  },
  {
    name: 'skips an empty line behind an informational response',
    raw: `HTTP/1.1 100 Continue\r\n\r\n\r\n${final}`,
    expected: { verdict: 'complete', informational: [{ status: 100, headers: [] }] },
  },
  {
    name: 'expects no body of an informational response, whatever length it names',
    raw: `HTTP/1.1 102 Processing\r\nContent-Length: 5\r\n\r\n${final}`,
    expected: { verdict: 'complete', head: { status: 204, headers: [] } },
  },
  {
    name: 'does not take the headers of an informational response for those of the message',
    raw: 'HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    expected: { verdict: 'complete', body: '', keepAlive: true },
  },
  {
    name: 'checks the headers of an informational response like others',
    raw: `HTTP/1.1 100 Continue\r\nContent-Length: x\r▲\n\r\n${final}`,
    expected: { verdict: 'refused', error: 'invalid-content-length' },
  },
  {
    name: 'refuses an informational response that closes the connection',
    raw: `HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n▲${final}`,
    expected: { verdict: 'refused', error: 'invalid-informational', informational: [] },
  },
  {
    name: 'refuses an informational response of HTTP/1.0, which has none',
    raw: `HTTP/1.0 100 Continue\r\n\r\n▲${final}`,
    expected: { verdict: 'refused', error: 'invalid-informational' },
  },
  {
    name: 'ends the message at 101 and leaves what follows',
    raw: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nContent-Length: 3\r\n\r\n▲abc',
    expected: { verdict: 'complete', hasBody: false, keepAlive: false, trailers: undefined },
  },
  {
    name: 'allows for 100 informational responses',
    raw: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100) + final,
    expected: { verdict: 'complete', head: { status: 204, headers: [] } },
  },
  {
    name: 'refuses the next',
    raw: `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(101)}▲${final}`,
    expected: { verdict: 'refused', error: 'too-many-informational' },
  },
]);

// The size of heads.
const head = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: ${'x'.repeat(50)}\r\n\r\n`;

testRows([
  {
    name: 'takes a head of exactly the most bytes, whatever its body has',
    raw: `${head}ab`,
    maxHeadBytes: head.length,
    expected: { verdict: 'complete', body: 'ab' },
  },
  {
    name: 'refuses a head of one byte more, before it reads that byte',
    raw: `${head.slice(0, -1)}▲\nab`,
    maxHeadBytes: head.length - 1,
    expected: { verdict: 'refused', error: 'head-too-large', head: undefined },
  },
  {
    name: 'counts the bytes of an endless reason phrase',
    raw: `HTTP/1.1 200 ${'x'.repeat(87)}▲${'x'.repeat(50)}`,
    maxHeadBytes: 100,
    expected: { verdict: 'refused', error: 'head-too-large' },
  },
  {
    name: 'counts each informational head alone',
    raw: `${`HTTP/1.1 100 ${'x'.repeat(76)}\r\n\r\n`.repeat(3)}${head}ab`,
    maxHeadBytes: head.length,
    expected: { verdict: 'complete', body: 'ab' },
  },
  {
    name: 'takes a head of up to 60 KiB by default',
    raw: `${padHead(60 * 1024)}▲x`,
    method: 'HEAD',
    expected: { verdict: 'complete' },
  },
  {
    name: 'refuses a larger one by default',
    raw: padHead(60 * 1024 + 1).replace(/\n$/, '▲\n'),
    method: 'HEAD',
    expected: { verdict: 'refused', error: 'head-too-large' },
  },
]);

function padHead(length: number): string {
  const start = 'HTTP/1.1 200 OK\r\nA: ';
  return `${start}${'x'.repeat(length - start.length - 4)}\r\n\r\n`;
}
