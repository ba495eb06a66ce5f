import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import type { TestProxy } from './proxy.js';

/** What became of a request. */
export interface Http2Response {
  /** 0 if there was no response. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders | undefined;
  /** Statuses of informational responses. */
  readonly informational: readonly number[];
  readonly body: Buffer;
  readonly text: string;
  /** How the stream has been closed: 0 at its end. */
  readonly rstCode: number;
}

/** What a test sends. */
export interface Http2Request {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly trailers?: OutgoingHttpHeaders;
  /** Default true. */
  readonly ends?: boolean;
}

/** A client that speaks HTTP/2 by `node:http2`, on one connection that is closed with the proxy. */
export class Http2Client {
  readonly session: ClientHttp2Session;
  /** Whether the peer has said that no more requests are wanted. */
  hasGoaway = false;
  isClosed = false;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    session.on('error', () => {});
    session.on('goaway', () => {
      this.hasGoaway = true;
    });
    session.on('close', () => {
      this.isClosed = true;
    });
  }

  static connect(
    proxy: TestProxy,
    options: SecureClientSessionOptions = {},
    scheme: 'http' | 'https' = 'http',
  ): Http2Client {
    const client = new Http2Client(connect(`${scheme}://127.0.0.1:${proxy.port}`, options));
    proxy.closesWith(client.session);
    return client;
  }

  /** Begins a request; what it has no place for is left to the test. */
  begin(headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    const stream = this.session.request(
      { ':path': '/', ':authority': 'foo.com', ...headers },
      { endStream: false },
    );
    stream.on('error', () => {});
    return stream;
  }

  /** Sends a request and reads the whole response. */
  send({ headers, body, trailers, ends = true }: Http2Request = {}): Promise<Http2Response> {
    const method = body === undefined && trailers === undefined ? 'GET' : 'POST';
    const stream = this.session.request(
      { ':path': '/', ':method': method, ':authority': 'foo.com', ...headers },
      {
        endStream: body === undefined && trailers === undefined && ends,
        waitForTrailers: trailers !== undefined,
      },
    );
    stream.on('wantTrailers', () => stream.sendTrailers(trailers ?? {}));
    if (body !== undefined) {
      stream.write(body);
    }
    if (ends && !stream.writableEnded) {
      stream.end();
    }
    return readResponse(stream);
  }
}

/** Reads what comes on a stream until it is closed. Never rejects. */
export function readResponse(stream: ClientHttp2Stream): Promise<Http2Response> {
  const chunks: Buffer[] = [];
  const informational: number[] = [];
  let headers: IncomingHttpHeaders = {};
  let status = 0;
  let trailers: IncomingHttpHeaders | undefined;
  stream.on('error', () => {});
  stream.on('headers', (received) => informational.push(Number(received[':status'])));
  stream.on('response', (received) => {
    headers = received;
    status = Number(received[':status']);
  });
  stream.on('trailers', (received: IncomingHttpHeaders) => {
    trailers = received;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    stream.on('close', () => {
      const body = Buffer.concat(chunks);
      const rstCode = stream.rstCode ?? 0;
      const text = String(body);
      resolve({ status, headers, trailers, informational, body, text, rstCode });
    });
  });
}
