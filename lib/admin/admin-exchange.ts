import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { normalizeAddress } from '../base/ip-address.js';
import { formatHostPort } from '../config/address.js';
import { type HeaderList, lowerCaseName } from '../http/headers.js';
import type { RequestInfo } from '../http/request-info.js';
import type { AccessLog } from '../telemetry/access-log/access-log.js';
import type { AdminContext } from './admin-context.js';
import { type AdminReply, textReply } from './admin-endpoint.js';
import { replyToAdminRequest } from './admin-router.js';

/** A reply goes out in pieces of about this size. */
const pieceLength = 64 * 1024;

/**
 * Answers one request to the admin server and logs it. Never throws or rejects, whatever the client
 * sends or leaves undone.
 */
export class AdminExchange {
  readonly #context: AdminContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #startWallMs: number;
  readonly #startMs: number;
  readonly #clientAddress: string;
  readonly #localAddress: string;
  #responseHeaders: HeaderList = [];
  #bytesReceived = 0;
  #bytesSent = 0;

  constructor(
    context: AdminContext,
    request: IncomingMessage,
    response: ServerResponse,
    accessLog: AccessLog,
  ) {
    this.#context = context;
    this.#request = request;
    this.#response = response;
    this.#startWallMs = context.clock.wallNow();
    this.#startMs = context.clock.now();
    // A socket that is closed, as it may be when the request is logged, knows its addresses no more.
    const { remoteAddress = '', localAddress = '', localPort: port = 0 } = request.socket;
    this.#clientAddress = normalizeAddress(remoteAddress);
    const host = normalizeAddress(localAddress);
    this.#localAddress = host === '' ? '' : formatHostPort({ kind: 'tcp', host, port });
    // No endpoint reads a body; what comes is thrown away.
    request.on('data', (chunk: Buffer) => {
      this.#bytesReceived += chunk.length;
    });
    request.on('error', ignore);
    response.on('error', ignore);
    response.on('close', () => accessLog.log(this.#describe()));
  }

  /** Sends the reply. Resolves when it has been sent or the client has gone. */
  async run(): Promise<void> {
    try {
      await this.#send(this.#createReply());
    } catch {
      // A fault of ours while the reply was made. The client sees that it is not whole.
      this.#response.destroy();
    }
  }

  #createReply(): AdminReply {
    const { method, url, headers } = this.#request;
    const site = headers['sec-fetch-site'];
    try {
      return replyToAdminRequest(this.#context, {
        method: method ?? '',
        url: url ?? '',
        isCrossSite: site !== undefined && site !== 'none' && site !== 'same-origin',
      });
    } catch {
      return textReply(500, ['internal error\n']);
    }
  }

  /** Sends piece after piece, and lets the process do other work in between. */
  async #send(reply: AdminReply): Promise<void> {
    let piece = '';
    for (const text of reply.body) {
      piece += text;
      if (piece.length >= pieceLength) {
        await this.#sendPiece(reply, Buffer.from(piece));
        if (this.#response.destroyed) {
          return;
        }
        piece = '';
      }
    }
    const last = Buffer.from(piece);
    this.#sendHead(reply, last.length);
    this.#countSent(last);
    this.#response.end(last);
  }

  /** Sends the head with the first piece. `length`: of the whole body, if it is known. */
  #sendHead(reply: AdminReply, length: number | undefined): void {
    if (this.#response.headersSent) {
      return;
    }
    const headers = [
      ...['content-type', reply.contentType],
      ...['cache-control', 'no-cache, max-age=0'],
      ...['x-content-type-options', 'nosniff'],
      ...['connection', 'close'],
    ];
    if (length !== undefined) {
      headers.push('content-length', `${length}`);
    }
    if (reply.status === 405) {
      headers.push('allow', 'GET, POST');
    }
    this.#responseHeaders = headers;
    this.#response.writeHead(reply.status, headers);
  }

  async #sendPiece(reply: AdminReply, bytes: Buffer): Promise<void> {
    this.#sendHead(reply, undefined);
    this.#countSent(bytes);
    if (this.#response.write(bytes) || this.#response.destroyed) {
      await setImmediate();
      return;
    }
    const controller = new AbortController();
    const { signal } = controller;
    try {
      await Promise.race([
        once(this.#response, 'drain', { signal }),
        once(this.#response, 'close', { signal }),
      ]);
    } finally {
      controller.abort();
    }
  }

  #countSent(bytes: Buffer): void {
    if (this.#request.method !== 'HEAD') {
      this.#bytesSent += bytes.length;
    }
  }

  #describe(): RequestInfo {
    const { method, url, rawHeaders, headers, httpVersion } = this.#request;
    return {
      startWallMs: this.#startWallMs,
      durationMs: this.#context.clock.now() - this.#startMs,
      requestHead: {
        method: method ?? '',
        path: url ?? '',
        authority: headers.host ?? '',
        headers: rawHeaders.map((text, i) => (i % 2 === 0 ? lowerCaseName(text) : text)),
      },
      clientAddress: this.#clientAddress,
      // The format of this log does not show it, nor the details.
      clientPort: 0,
      localAddress: this.#localAddress,
      isHealthCheck: false,
      stableRandom: 0,
      responseHeaders: this.#responseHeaders,
      responseCode: this.#response.headersSent ? this.#response.statusCode : 0,
      responseFlags: 0,
      protocol: httpVersion === '1.0' ? 'HTTP/1.0' : 'HTTP/1.1',
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      upstreamHost: undefined,
      upstreamCluster: undefined,
      details: undefined,
    };
  }
}

const ignore = (): void => {};
