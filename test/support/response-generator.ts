/**
 * Pseudo-random numbers that a seed repeats. Neighboring seeds give unrelated numbers, so that
 * every message can have a seed of its own and be repeated alone.
 */
export class FuzzRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Returns a whole number in [0, bound). */
  below(bound: number): number {
    // "mulberry32": one 32-bit state, good enough for test data and fast.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  /** Returns true in `percent` of all calls. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** Returns one of `choices`. */
  pick<T>(choices: readonly T[]): T {
    // The index is below the length; callers pass lists that are not empty.
    return choices[this.below(choices.length)] as T;
  }
}

/** A head as a receiver should see it. */
export interface ExpectedHead {
  readonly status: number;
  readonly headers: string[];
}

/** A valid response, and what a receiver should make of it. */
export interface GeneratedResponse {
  readonly method: string;
  /** The bytes, as latin1, with whatever follows the message. */
  readonly raw: string;
  /** How many of them belong to the message. */
  readonly length: number;
  readonly informational: ExpectedHead[];
  readonly head: ExpectedHead;
  /** The body, as latin1. */
  readonly body: string;
  readonly trailers: string[];
}

const names = [
  'Date',
  'server',
  'Content-Type',
  'ETag',
  'Set-Cookie',
  'set-cookie',
  'Cache-Control',
  'X-Request-Id',
  'Keep-Alive',
  'Content-Length-X',
  'Connection-Id',
  'Transfer',
  'Upgrade',
  'Trailer',
  "!#$%&'*+-.^_`|~0aZ",
];
const values = [
  'Tue, 01 Jan 2030 10:10:10 GMT',
  'text/html; charset=utf-8',
  '',
  'a',
  'W/"0815"',
  'x=1;  y="2, 3"',
  'one\ttwo  three',
  'caf\xe9 \x80\xff',
  'chunked',
  ': :',
];
const whitespace = ['', ' ', '\t', '  ', ' \t '];
/** Behind a header that frames the message, where llhttp does not take a tab for whitespace. */
const framingSpaces = ['', ' ', '  '];
const reasons = [' OK', ' ', '', ' Not \t so OK', ' caf\xe9', '  OK '];
const finalStatuses = [200, 200, 200, 200, 201, 204, 206, 301, 304, 404, 500, 503, 599, 600, 999];
const informationalStatuses = [100, 100, 102, 103, 199];
const extensions = ['', '', '', ';a', ';a=b', ';a="b; c\\"\xe9"', ';a;b=c;d="\t"'];
const leftovers = ['HTTP/1.1 200 OK\r\n\r\n', '\r\n', 'x', '\0', 'HTTP/1.1 500 No\r\nA: b\r\n\r\n'];
const bodyPieces = ['\r\n', '\r\n\r\n', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\n', '\0\xff', 'hello', 'x'];

/** Returns a response that every strict parser must take. */
export function generateResponse(random: FuzzRandom): GeneratedResponse {
  const method = random.chance(2) ? 'CONNECT' : random.pick(['GET', 'GET', 'GET', 'POST', 'HEAD']);
  const informational: ExpectedHead[] = [];
  let raw = random.chance(3) ? '\r\n' : '';
  while (method !== 'CONNECT' && random.chance(8)) {
    const head = { status: random.pick(informationalStatuses), headers: [] };
    raw += `HTTP/1.1 ${head.status}${random.pick(reasons)}\r\n${fieldLines(random, head.headers, 3)}\r\n`;
    informational.push(head);
  }
  // Any other answer to CONNECT is an ordinary response, which `node:http` takes for a tunnel.
  const statuses = method === 'CONNECT' ? [200, 200, 204] : finalStatuses;
  const head = { status: random.pick(statuses), headers: [] };
  const body: BodyParts = { framing: [], body: '', wire: '', trailers: [], isUntilClose: false };
  const isBodiless =
    method === 'HEAD' || method === 'CONNECT' || head.status === 204 || head.status === 304;
  fillBody(random, body, isBodiless);
  const version = random.chance(10) ? 'HTTP/1.0' : 'HTTP/1.1';
  raw += `${version} ${head.status}${random.pick(reasons)}\r\n`;
  raw += fieldLines(random, head.headers, 5);
  for (const [name, value] of body.framing) {
    raw += fieldLine(random, head.headers, name, value, framingSpaces);
  }
  raw += `${fieldLines(random, head.headers, 5)}\r\n${body.wire}`;
  const length = raw.length;
  if (!body.isUntilClose && random.chance(15)) {
    raw += random.pick(leftovers);
  }
  return { method, raw, length, informational, head, body: body.body, trailers: body.trailers };
}

interface BodyParts {
  framing: [name: string, value: string][];
  body: string;
  /** The body with its framing. */
  wire: string;
  trailers: string[];
  isUntilClose: boolean;
}

function fillBody(random: FuzzRandom, parts: BodyParts, isBodiless: boolean): void {
  if (random.chance(30)) {
    const options = ['close', 'keep-alive', 'Keep-Alive, Upgrade', 'foo ,\tCLOSE', 'upgrade', ','];
    parts.framing.push([random.pick(['Connection', 'connection']), random.pick(options)]);
  }
  const kind = random.below(10);
  const body = randomBody(random);
  if (kind < 4) {
    parts.framing.push([
      spell(random, 'Content-Length'),
      `${random.chance(5) ? '000' : ''}${body.length}`,
    ]);
    parts.wire = body;
  } else if (kind < 8) {
    const codings = [
      'chunked',
      'chunked',
      'Chunked',
      'gzip, chunked',
      ', chunked',
      'a;b="c",chunked',
    ];
    parts.framing.push([spell(random, 'Transfer-Encoding'), random.pick(codings)]);
    parts.wire = isBodiless ? '' : chunk(random, body, parts.trailers);
  } else {
    parts.isUntilClose = !isBodiless;
    if (random.chance(20)) {
      parts.framing.push(['Transfer-Encoding', random.pick(['gzip', 'identity', 'chunked, gzip'])]);
    }
    parts.wire = body;
  }
  if (isBodiless) {
    parts.wire = '';
    parts.trailers.length = 0;
  } else {
    parts.body = body;
  }
}

function randomBody(random: FuzzRandom): string {
  let body = '';
  while (random.chance(75)) {
    body += random.pick(bodyPieces);
  }
  return random.chance(2) ? body + 'y'.repeat(random.below(5000)) : body;
}

function chunk(random: FuzzRandom, body: string, trailers: string[]): string {
  let wire = '';
  for (let pos = 0; pos < body.length; ) {
    const size = Math.min(body.length - pos, 1 + random.below(random.chance(50) ? 10 : 3000));
    const digits = random.chance(50) ? size.toString(16) : size.toString(16).toUpperCase();
    wire += `${random.chance(5) ? '00' : ''}${digits}${random.pick(extensions)}\r\n`;
    wire += `${body.slice(pos, pos + size)}\r\n`;
    pos += size;
  }
  wire += `${random.chance(5) ? '000' : '0'}${random.pick(extensions)}\r\n`;
  return `${wire}${random.chance(25) ? fieldLines(random, trailers, 3) : ''}\r\n`;
}

function fieldLines(random: FuzzRandom, headers: string[], most: number): string {
  let lines = '';
  for (let count = random.below(most + 1); count > 0; count--) {
    const value = random.chance(2) ? 'v'.repeat(random.below(1500)) : random.pick(values);
    lines += fieldLine(random, headers, random.pick(names), value);
  }
  return lines;
}

function fieldLine(
  random: FuzzRandom,
  headers: string[],
  name: string,
  value: string,
  spacesBehind: readonly string[] = whitespace,
): string {
  headers.push(name.toLowerCase(), value);
  return random.chance(70)
    ? `${name}: ${value}\r\n`
    : `${name}:${random.pick(whitespace)}${value}${random.pick(spacesBehind)}\r\n`;
}

function spell(random: FuzzRandom, name: string): string {
  return random.pick([name, name, name.toLowerCase(), name.toUpperCase()]);
}
