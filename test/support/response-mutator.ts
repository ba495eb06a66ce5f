import type { FuzzRandom } from './response-generator.js';

const specialBytes = '\0\t\n\r "(),:;=\\\x1f\x7f\x80\xff0159afAFxX+-_./';
const statusLines = [
  'HTTP/1.1 200',
  'HTTP/1.1 200 ',
  'HTTP/1.1  200 OK',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 099 OK',
  'HTTP/1.1 000 OK',
  'HTTP/1.1 2xx OK',
  'HTTP/1.1 101 Switching Protocols',
  'HTTP/1.0 100 Continue',
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/0.9 200 OK',
  'HTTP/1.2 200 OK',
  'HTTP/2.0 200 OK',
  'HTTP/2 200 OK',
  'HTTP/01.1 200 OK',
  'http/1.1 200 OK',
  'RTSP/1.0 200 OK',
  'ICE/1.0 200 OK',
  'HTTP/1.1 200 O\x01K',
  'GET / HTTP/1.1',
  '',
];
const framingLines = [
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: +5',
  'Content-Length: -5',
  'Content-Length: 0x5',
  'Content-Length: 5, 5',
  'Content-Length: 5 5',
  'Content-Length: 5;a',
  'Content-Length: \t5\t',
  'Content-Length:',
  'Content-Length: 9007199254740992',
  'Content-Length: 18446744073709551616',
  'content-length: 99999999999999999999999',
  'Content-Length : 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: chunked;a=b',
  'Transfer-Encoding: chunked\t',
  'Transfer-Encoding: chunked ,',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding: "chunked"',
  'Transfer-Encoding: chunked chunked',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: ,',
  'Transfer-Encoding:',
  'Transfer-Encoding : chunked',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: keep-alive, close',
  'Connection: xclose, close x',
  'Connection: upgrade',
  'Upgrade: websocket',
  'Proxy-Connection: close',
  'Proxy-Connection: keep-alive',
];
const headerLines = [
  ' folded',
  '\tfolded',
  'no colon',
  ': no name',
  'Name : value',
  'Na me: value',
  'N\xe9me: value',
  'Name: a\0b',
  'Name: a\rb',
  'Name: a\nb',
  'Name: a\x7fb',
  '',
];
const chunkLines = [
  '0',
  '5',
  '-5',
  '+5',
  '0x5',
  '5_0',
  '5 ',
  ' 5',
  '5\t',
  '',
  'g',
  '5h',
  'fffffffffffffff',
  'ffffffffffffffff',
  '10000000000000000',
  '20000000000000',
  '0000000000000000000005',
  '5;',
  '5;;a',
  '5; a',
  '5;a=',
  '5;=a',
  '5;a =b',
  '5;a="b',
  '5;a="b"c',
  '5;a=b"c"',
  '5;a="\\\x01"',
  '5;a\x01',
  '5,a',
];
const lineEnds = ['\n', '\r', '\n\r', '\r\r\n', '\r\n\r\n', ' \r\n', '\r\n ', '', '\0\r\n', '\x0b'];

/** Returns `raw` with one fault, or with something that comes close to one. */
export function mutateResponse(random: FuzzRandom, raw: string): string {
  const pos = random.below(raw.length + 1);
  switch (random.below(13)) {
    case 0:
      return splice(raw, pos, 1, String.fromCharCode(random.below(256)));
    case 1:
      return splice(raw, pos, 1, random.pick([...specialBytes]));
    case 2:
      return splice(raw, pos, 0, random.pick([...specialBytes]));
    case 3:
      return splice(raw, pos, 1 + random.below(random.chance(80) ? 3 : 40), '');
    case 4:
      return raw.slice(0, pos);
    case 5:
      return replaceLineEnd(random, raw);
    case 6:
      return repeatLine(random, raw);
    case 7:
      return insertLine(random, raw, random.pick(chunkLines));
    case 8:
      return replaceLine(random, raw, random.pick(chunkLines));
    case 9:
      return replaceLine(random, raw, random.pick(headerLines));
    case 10:
      return mutateFraming(random, raw);
    case 11:
      return random.pick(statusLines) + raw.slice(Math.max(0, raw.indexOf('\r')));
    default:
      return insertLine(random, raw, random.pick(headerLines));
  }
}

/** Returns `raw` with a header more that speaks of length or connection, probably one too many. */
export function mutateFraming(random: FuzzRandom, raw: string): string {
  return insertLine(random, raw, random.pick(framingLines));
}

/** Returns `raw` with a fault behind the first head: most of the time in the body's framing. */
export function mutateBody(random: FuzzRandom, raw: string): string {
  const bodyStart = raw.indexOf('\r\n\r\n') + 4;
  const body = raw.slice(bodyStart);
  const mutated = random.chance(40)
    ? replaceLine(random, body, random.pick(chunkLines))
    : mutateResponse(random, body);
  return raw.slice(0, bodyStart) + mutated;
}

/** Returns where the lines of `raw` start, most of the time those of the heads alone. */
function lineStarts(random: FuzzRandom, raw: string): number[] {
  const headEnd = raw.indexOf('\r\n\r\n');
  const end = headEnd === -1 || random.chance(30) ? raw.length : headEnd + 4;
  const starts = [0];
  for (let at = raw.indexOf('\n'); at !== -1 && at < end; at = raw.indexOf('\n', at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}

function replaceLineEnd(random: FuzzRandom, raw: string): string {
  const at = raw.indexOf('\r\n', random.pick(lineStarts(random, raw)));
  return at === -1 ? raw : splice(raw, at, 2, random.pick(lineEnds));
}

function repeatLine(random: FuzzRandom, raw: string): string {
  const start = random.pick(lineStarts(random, raw));
  const end = raw.indexOf('\n', start) + 1;
  return end === 0 ? raw : splice(raw, end, 0, raw.slice(start, end));
}

function insertLine(random: FuzzRandom, raw: string, line: string): string {
  return splice(raw, random.pick(lineStarts(random, raw)), 0, `${line}\r\n`);
}

function replaceLine(random: FuzzRandom, raw: string, line: string): string {
  const start = random.pick(lineStarts(random, raw));
  const end = raw.indexOf('\r\n', start);
  return end === -1 ? raw : splice(raw, start, end - start, line);
}

function splice(raw: string, pos: number, removed: number, inserted: string): string {
  return raw.slice(0, pos) + inserted + raw.slice(pos + removed);
}
