import { RawUpstream } from './fake-upstream.js';

/** One request as it came over the wire. */
export interface RecordedRequest {
  readonly method: string;
  readonly target: string;
  /** Names and values as sent. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  /** The trailer lines of a chunked body. */
  readonly trailers: readonly string[];
  /** Everything up to the blank line, with it. */
  readonly head: string;
}

/** What a recording host found on a connection that is not exactly one request after another. */
export class AmbiguousRequest extends Error {}

/** Reads one connection, more strictly than any host has to. */
class RequestReader {
  #text = '';

  /** Takes what was read and returns the requests that it completes. */
  read(text: string): RecordedRequest[] {
    this.#text += text;
    const requests: RecordedRequest[] = [];
    for (let request = this.#next(); request !== undefined; request = this.#next()) {
      requests.push(request);
    }
    return requests;
  }

  #next(): RecordedRequest | undefined {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end === -1) {
      return undefined;
    }
    const head = this.#text.slice(0, end + 4);
    const [requestLine = '', ...lines] = head.slice(0, -4).split('\r\n');
    const match = /^([A-Z]+) (\/[^ ]*) HTTP\/1\.1$/.exec(requestLine);
    if (match === null) {
      throw new AmbiguousRequest(`request line: ${JSON.stringify(requestLine)}`);
    }
    const headers = lines.map(parseField);
    const rest = this.#text.slice(end + 4);
    const body = isChunked(headers) ? readChunks(rest) : readLength(rest, headers);
    if (body === undefined) {
      return undefined;
    }
    this.#text = rest.slice(body.size);
    const [, method = '', target = ''] = match;
    return { method, target, headers, head, body: body.text, trailers: body.trailers };
  }
}

interface Body {
  readonly text: string;
  readonly size: number;
  readonly trailers: readonly string[];
}

function parseField(line: string): readonly [string, string] {
  // No character but visible ones, space and tab: no bare CR, LF or NUL, no folded line.
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
  if (match === null) {
    throw new AmbiguousRequest(`header line: ${JSON.stringify(line)}`);
  }
  return [match[1] ?? '', match[2] ?? ''];
}

function valuesOf(headers: RecordedRequest['headers'], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

function isChunked(headers: RecordedRequest['headers']): boolean {
  const codings = valuesOf(headers, 'transfer-encoding');
  if (codings.length === 0) {
    return false;
  }
  if (codings.join() !== 'chunked' || valuesOf(headers, 'content-length').length > 0) {
    throw new AmbiguousRequest(`framing: ${JSON.stringify(headers)}`);
  }
  return true;
}

function readLength(rest: string, headers: RecordedRequest['headers']): Body | undefined {
  const lengths = valuesOf(headers, 'content-length');
  if (lengths.length > 1 || !/^\d*$/.test(lengths.join())) {
    throw new AmbiguousRequest(`length: ${JSON.stringify(lengths)}`);
  }
  const size = Number(lengths[0] ?? 0);
  return rest.length < size ? undefined : { text: rest.slice(0, size), size, trailers: [] };
}

function readChunks(rest: string): Body | undefined {
  let text = '';
  let at = 0;
  for (;;) {
    const end = rest.indexOf('\r\n', at);
    if (end === -1) {
      return undefined;
    }
    const line = rest.slice(at, end);
    if (!/^[0-9a-f]+$/.test(line)) {
      throw new AmbiguousRequest(`chunk size: ${JSON.stringify(line)}`);
    }
    const size = Number.parseInt(line, 16);
    if (size === 0) {
      return readTrailers(rest, text, end + 2);
    }
    const next = end + 2 + size;
    if (rest.length < next + 2) {
      return undefined;
    }
    text += rest.slice(end + 2, next);
    if (rest.slice(next, next + 2) !== '\r\n') {
      throw new AmbiguousRequest(`chunk end: ${JSON.stringify(rest.slice(next, next + 2))}`);
    }
    at = next + 2;
  }
}

function readTrailers(rest: string, text: string, at: number): Body | undefined {
  if (rest.startsWith('\r\n', at)) {
    return { text, size: at + 2, trailers: [] };
  }
  const end = rest.indexOf('\r\n\r\n', at);
  if (end === -1) {
    return undefined;
  }
  const trailers = rest.slice(at, end).split('\r\n');
  trailers.forEach(parseField);
  return { text, size: end + 4, trailers };
}

const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** A host that records the requests it gets, byte by byte, and says `ok` to each. */
export class RecordingUpstream {
  readonly requests: RecordedRequest[] = [];
  /** What was not exactly one request after another. */
  readonly errors: unknown[] = [];
  readonly raw: RawUpstream;

  private constructor(raw: RawUpstream) {
    this.raw = raw;
  }

  static async start(): Promise<RecordingUpstream> {
    const upstream = new RecordingUpstream(await RawUpstream.start(() => {}));
    upstream.raw.handler = (socket) => {
      const reader = new RequestReader();
      socket.on('data', (chunk) => {
        try {
          for (const request of reader.read(chunk.toString('latin1'))) {
            upstream.requests.push(request);
            socket.write(answer);
          }
        } catch (error) {
          upstream.errors.push(error);
          socket.destroy();
        }
      });
      socket.on('end', () => socket.end());
    };
    return upstream;
  }

  /** Returns the only request, and fails if there is another number of them. */
  get only(): RecordedRequest {
    const [request] = this.requests;
    if (this.requests.length !== 1 || request === undefined) {
      throw new Error(`expected one request, found ${JSON.stringify(this.requests)}`);
    }
    return request;
  }
}

/** Returns every value of a header of a recorded request, by its name in lower case. */
export function recordedValues(request: RecordedRequest, name: string): string[] {
  return valuesOf(request.headers, name);
}
