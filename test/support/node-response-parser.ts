import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import type { ExpectedHead } from './response-generator.js';
import type { Verdict } from './response-recorder.js';

/** What `node:http` made of one response. */
export interface NodeResponse {
  verdict: Verdict;
  /** The code of the parser's error, such as `HPE_INVALID_CONSTANT`. */
  code: string | undefined;
  /** How many bytes had been fed when the message was complete; -1 if it never was. */
  completeAt: number;
  keepAlive: boolean;
  informational: ExpectedHead[];
  head: ExpectedHead | undefined;
  body: string;
  trailers: string[] | undefined;
}

/** A socket in memory. What it receives is emitted by hand, so that it arrives at once. */
class MemorySocket extends Duplex {
  override _read(): void {
    // Nothing comes of its own.
  }

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

/**
 * Reads one response through `http.request`. The connection is in memory; the request needs one
 * turn of the event loop after the constructor before it can be fed.
 */
export class NodeResponseParser {
  readonly #socket: MemorySocket = new MemorySocket();
  readonly #request: ClientRequest;
  readonly #result: NodeResponse = {
    verdict: 'cut-short',
    code: undefined,
    completeAt: -1,
    keepAlive: false,
    informational: [],
    head: undefined,
    body: '',
    trailers: undefined,
  };
  #isDone = false;

  constructor(method: string, maxHeaderSize: number) {
    this.#request = request({
      method,
      path: method === 'CONNECT' ? 'host:1' : '/',
      maxHeaderSize,
      insecureHTTPParser: false,
      createConnection: () => this.#socket,
    });
    this.#request.on('information', (head) => {
      this.#result.informational.push({
        status: head.statusCode,
        headers: lowerCaseNames(head.rawHeaders),
      });
    });
    this.#request.on('response', (response) => this.#onResponse(response));
    this.#request.on('upgrade', (response) => this.#onSwitch(response));
    this.#request.on('connect', (response) => this.#onSwitch(response));
    this.#request.on('error', (error: NodeJS.ErrnoException) => this.#onError(error));
  }

  /** Feeds `bytes`, split at `splits`, then closes the connection; returns what became of it. */
  parse(bytes: Buffer, splits: readonly number[]): NodeResponse {
    // Otherwise it says false from the start, and the parser's word is lost.
    this.#request.shouldKeepAlive = true;
    let start = 0;
    for (const end of [...splits, bytes.length]) {
      if (end > start) {
        this.#socket.emit('data', bytes.subarray(start, end));
      }
      start = end;
      if (this.#isDone) {
        this.#result.completeAt = this.#result.verdict === 'complete' ? end : -1;
        break;
      }
    }
    if (!this.#isDone) {
      this.#socket.emit('end');
      this.#result.completeAt = this.#result.verdict === 'complete' ? start : -1;
    }
    this.#isDone = true;
    this.#socket.destroy();
    return this.#result;
  }

  #onResponse(response: IncomingMessage): void {
    const result = this.#result;
    result.head = headOf(response);
    result.keepAlive = this.#request.shouldKeepAlive;
    response.on('error', ignore);
    // What the parser has read is taken from here at once. A stream would hand it on in a later
    // turn, and not at all after an error behind the end of the message.
    response.push = (chunk: Buffer | null) => {
      if (chunk !== null) {
        result.body += chunk.toString('latin1');
      } else if (response.complete) {
        result.trailers = lowerCaseNames(response.rawTrailers);
        this.#complete();
      }
      return true;
    };
  }

  #onSwitch(response: IncomingMessage): void {
    this.#result.head = headOf(response);
    this.#complete();
  }

  #complete(): void {
    this.#result.verdict = 'complete';
    this.#isDone = true;
  }

  #onError(error: NodeJS.ErrnoException): void {
    if (!this.#isDone && error.code?.startsWith('HPE_')) {
      this.#result.verdict = 'refused';
      this.#result.code = error.code;
      this.#isDone = true;
    }
  }
}

function ignore(): void {
  // The outcome has been recorded.
}

function headOf(response: IncomingMessage): ExpectedHead {
  return { status: response.statusCode ?? 0, headers: lowerCaseNames(response.rawHeaders) };
}

function lowerCaseNames(headers: readonly string[]): string[] {
  return headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}
