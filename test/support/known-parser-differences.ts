import type { NodeResponse } from './node-response-parser.js';
import type { ExpectedHead } from './response-generator.js';
import type { RecordedResponse } from './response-recorder.js';

/** One response on which our parser and that of Node.js differ. */
export interface ParserDifference {
  readonly method: string;
  readonly raw: string;
  readonly maxHeadBytes: number;
  readonly ours: RecordedResponse;
  readonly node: NodeResponse;
}

/** A difference that we want, and the reason. */
interface KnownDifference {
  readonly reason: string;
  /** Looks at the bytes, not only at the outcome: a rule must not excuse anything else. */
  isIt(difference: ParserDifference): boolean;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

/** Where we refuse and Node.js, whose parser is llhttp, reads on. */
const stricter: KnownDifference[] = [
  {
    reason: 'llhttp skips any line ends before the status line; we skip one CRLF',
    isIt: ({ raw, ours }) =>
      ours.head === undefined &&
      (ours.error === 'bare-lf' ||
        ours.error === 'bare-cr' ||
        ours.error === 'invalid-status-line') &&
      /(?:^|\r\n\r\n)[\r\n]+.?$/s.test(raw.slice(0, ours.consumed + 1)),
  },
  {
    reason: 'RFC 9112, 4: no control characters in a reason phrase',
    isIt: (difference) =>
      difference.ours.error === 'invalid-status-line' &&
      /^HTTP\/1\.[01] \d{3} [^\r\n]*$/.test(lineBefore(difference)) &&
      isControl(difference.raw.charCodeAt(difference.ours.consumed)),
  },
  {
    reason: 'RTSP and ICE are not HTTP',
    isIt: (difference) =>
      difference.ours.error === 'invalid-status-line' &&
      ['RTSP/', 'ICE/'].some((start) =>
        start.startsWith(lineOf(difference).slice(0, start.length)),
      ),
  },
  {
    reason: 'HTTP/0.9 has no status line, and HTTP/2 has another form',
    isIt: (difference) =>
      difference.ours.error === 'unsupported-version' && /^HTTP\/[02]/.test(lineOf(difference)),
  },
  {
    reason: 'RFC 9110, 15: a status is at least 100',
    isIt: (difference) =>
      difference.ours.error === 'invalid-status' && /^HTTP\/1\.[01] 0/.test(lineOf(difference)),
  },
  {
    reason: 'lengths above 2^53 cannot be counted; llhttp counts up to 2^64',
    isIt: (difference) =>
      difference.ours.error === 'length-too-large' && hasGreatLength(difference),
  },
  {
    reason: 'RFC 9112, 6.1 and 7: each transfer coding is a token, chunked comes once and bare',
    isIt: (difference) =>
      difference.ours.error === 'invalid-transfer-encoding' && hasFaultyCodings(difference),
  },
  {
    reason: 'RFC 9112, 7.1.1: names and values of chunk extensions are not empty, and not mixed',
    isIt: (difference) =>
      difference.ours.error === 'invalid-chunk-extension' &&
      new RegExp(`^[0-9a-f]+(?=;).*?(?:;[;=]|=(?:;|$)|=${token}")`, 'i').test(lineOf(difference)),
  },
  {
    reason: 'RFC 9110, 6.5.1: no framing in trailers; llhttp refuses Content-Length alone',
    isIt: (difference) =>
      difference.ours.error === 'forbidden-trailer' &&
      difference.ours.head !== undefined &&
      /^transfer-encoding:/i.test(lineOf(difference)),
  },
  {
    reason: 'we count all bytes of a head and of trailers; Node.js counts names and values',
    isIt: ({ raw, ours, maxHeadBytes }) =>
      (ours.error === 'head-too-large' || ours.error === 'trailers-too-large') &&
      ours.consumed >= maxHeadBytes &&
      !raw.slice(ours.consumed - maxHeadBytes + 4, ours.consumed).includes('\r\n\r\n'),
  },
  {
    reason:
      'RFC 9112, 6.1: in HTTP/1.0 a Transfer-Encoding is faulty, so nothing follows a 1xx with it',
    isIt: ({ raw, ours }) =>
      ours.error === 'invalid-informational' &&
      /(?:^|\n)HTTP\/1\.0 1\d\d(?:(?!\r\n\r\n.).)*\ntransfer-encoding:/is.test(
        raw.slice(0, ours.consumed),
      ),
  },
  {
    reason: 'a 1xx that closes the connection: llhttp refuses the bytes after it, we the 1xx',
    isIt: ({ ours, node }) =>
      ours.error === 'invalid-informational' &&
      node.verdict !== 'complete' &&
      node.head === undefined &&
      node.informational.length === ours.informational.length + 1,
  },
];

/** Where we read what Node.js refuses or reads otherwise. */
const different: KnownDifference[] = [
  {
    reason: 'RFC 9110, 5.6.1: whitespace and empty elements behind chunked do not count',
    isIt: ({ raw, ours, node }) =>
      isSameHead(ours.head, node.head) &&
      /^transfer-encoding:(?:|.*[ \t,])chunked(?: *\t[ \t]*| *,[ \t,]*)\r$/im.test(raw),
  },
  {
    reason: 'RFC 9110, 9.3.6: only a 2xx answer to CONNECT opens a tunnel',
    isIt: ({ method, node }) =>
      method === 'CONNECT' &&
      node.verdict === 'complete' &&
      node.head !== undefined &&
      (node.head.status < 200 || node.head.status >= 300),
  },
  {
    reason:
      'RFC 9112, 6.3: no body answers HEAD, so no close has to end it; Node.js asks too early',
    isIt: ({ method, ours, node }) =>
      method === 'HEAD' &&
      ours.keepAlive &&
      ours.consumed === node.completeAt &&
      isSameHead(ours.head, node.head) &&
      !hasFraming(node.head),
  },
  {
    reason: 'a 101 without Upgrade is dropped by Node.js; here the receiver decides',
    isIt: ({ ours, node }) =>
      ours.verdict === 'complete' &&
      ours.head?.status === 101 &&
      node.verdict === 'cut-short' &&
      node.head === undefined,
  },
  {
    reason: 'cut short inside a header of framing, which llhttp checks byte by byte',
    isIt: ({ raw, ours, node }) =>
      ours.verdict === 'cut-short' &&
      node.verdict === 'refused' &&
      /(?:^|\n)(?:content-length|transfer-encoding):[^\r\n]*$/i.test(raw),
  },
  {
    reason: 'cut short at a place where llhttp waits for one more byte before it refuses',
    isIt: ({ raw, ours, node }) =>
      node.verdict === 'cut-short' &&
      ((ours.error === 'unsupported-version' && /(?:^|\n)HTTP\/\d\.?$/.test(raw)) ||
        (ours.consumed >= raw.length - 1 && /\ncontent-length:[ \t]*\r\n?$/i.test(raw))),
  },
  {
    reason: 'llhttp before 9.4 takes a second CR for the LF behind the status line',
    isIt: ({ raw, ours }) =>
      isOldLlhttp &&
      ours.error === 'bare-cr' &&
      raw[ours.consumed] === '\r' &&
      /(?:^|\n)HTTP\/1\.[01] \d{3}(?: [^\r\n]*)?\r$/.test(raw.slice(0, ours.consumed)),
  },
  {
    reason: 'llhttp before 9.4 refuses a tab behind the value of Content-Length',
    isIt: ({ raw, node }) =>
      isOldLlhttp &&
      node.code === 'HPE_INVALID_CONTENT_LENGTH' &&
      /^content-length:[ \t]*\d+ *\t/im.test(raw),
  },
];

const [llhttpMajor = 0, llhttpMinor = 0] = (process.versions['llhttp'] ?? '')
  .split('.')
  .map(Number);
const isOldLlhttp = llhttpMajor < 9 || (llhttpMajor === 9 && llhttpMinor < 4);

/** Returns the reason why the parsers may differ here, or `undefined` if there is none. */
export function findKnownDifference(difference: ParserDifference): string | undefined {
  return [...stricter, ...different].find((known) => known.isIt(difference))?.reason;
}

/** The part of the line in which we stopped that stands before that place. */
function lineBefore({ raw, ours }: ParserDifference): string {
  return raw.slice(lineStart(raw, ours.consumed), ours.consumed);
}

/** The whole line in which we stopped. */
function lineOf({ raw, ours }: ParserDifference): string {
  return raw.slice(lineStart(raw, ours.consumed)).replace(/[\r\n].*$/s, '');
}

function lineStart(raw: string, pos: number): number {
  return pos === 0 ? 0 : raw.lastIndexOf('\n', pos - 1) + 1;
}

function hasGreatLength(difference: ParserDifference): boolean {
  const line = lineOf(difference);
  const decimal = /^content-length:[ \t]*(\d+)/i.exec(line)?.[1];
  const hexadecimal = /^[0-9a-f]+/i.exec(line)?.[0];
  const length = decimal ?? (hexadecimal === undefined ? '0' : `0x${hexadecimal}`);
  return BigInt(length) > BigInt(Number.MAX_SAFE_INTEGER);
}

function hasFaultyCodings({ raw, ours }: ParserDifference): boolean {
  const headStart = raw.lastIndexOf('\r\n\r\n', ours.consumed - 2) + 1;
  const lines = raw.slice(headStart, ours.consumed).matchAll(/^transfer-encoding:(.*)$/gim);
  const lists = Array.from(lines, (line) =>
    (line[1] ?? '')
      .split(',')
      .map((coding) => coding.replace(/^[ \t\r]+|[ \t\r]+$/g, '').toLowerCase())
      .filter((coding) => coding !== ''),
  );
  const codings = lists.flat();
  const isValid = (coding: string) => new RegExp(`^${token}[ \t]*(?:;.*)?$`).test(coding);
  return (
    lists.some((list) => list.length === 0) ||
    codings.filter((coding) => coding === 'chunked').length > 1 ||
    codings.some((coding) => !isValid(coding) || /^chunked[ \t]*;/.test(coding))
  );
}

/** Whether a length or chunked is given, as llhttp sees it. */
function hasFraming(head: ExpectedHead | undefined): boolean {
  const lines = (head?.headers ?? []).map((text, i, all) => `${text}: ${all[i + 1]}`);
  const coding = lines.findLast((line, i) => i % 2 === 0 && line.startsWith('transfer-encoding: '));
  return coding === undefined
    ? lines.some((line, i) => i % 2 === 0 && line.startsWith('content-length: '))
    : /(?:: |,[ \t]*)chunked *$/i.test(coding);
}

/** Whether this is a control character other than tab, CR and LF. */
function isControl(code: number): boolean {
  return (code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d) || code === 0x7f;
}

function isSameHead(a: ExpectedHead | undefined, b: ExpectedHead | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
