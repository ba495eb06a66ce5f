import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { type HeaderList, hasHeader, lowerCaseName } from '../http/headers.js';
import type { StreamedBody } from './body-pump.js';
import { brokenOff, OutboundCall } from './outbound-call.js';
import type { Target } from './request-options.js';

/** A request, checked, on its way to a host that is none of ours. */
export interface PassthroughRequest {
  readonly target: Target;
  readonly method: string;
  readonly headers: HeaderList;
  /** A body that is streamed is left to a pump. */
  readonly body: Buffer | StreamedBody | undefined;
}

/**
 * A call to a host that the configuration does not know: it goes where it would have gone without
 * us, by `node:http`. A failure of the network rejects, as it would have without us.
 */
export class PassthroughCall extends OutboundCall {
  #request: ClientRequest | undefined = undefined;
  #message: IncomingMessage | undefined = undefined;

  /** Sends the request. */
  start({ target, method, headers, body }: PassthroughRequest): void {
    if (!hasHeader(headers, 'host')) {
      headers.unshift('host', target.authority);
    }
    headers.push(...framingOf(method, body, headers));
    // As it is at that moment: instrumentation replaces it, and is to see what is none of ours.
    const { request: send } = target.protocol === 'https:' ? https : http;
    let request: ClientRequest;
    try {
      request = send(target.url, { method, headers: toHeaderObject(headers) });
    } catch (error) {
      this.failCall(error);
      return;
    }
    this.#request = request;
    request.on('response', (message) => this.#onResponse(message));
    request.on('error', (error) => this.failCall(error));
    request.on('drain', () => this.resumePump());
    request.on('close', () => this.#onClose());
    if (body === undefined || Buffer.isBuffer(body)) {
      request.end(body);
    }
  }

  override writeBody(chunk: Buffer): boolean {
    return this.#request?.write(chunk) ?? true;
  }

  override endBody(): void {
    this.#request?.end();
  }

  override onBodyWanted(): void {
    this.#message?.resume();
  }

  protected override giveUp(): void {
    this.#request?.destroy();
  }

  /** A host that changes the protocol unasked gets neither a response nor an error reported. */
  #onClose(): void {
    if (this.#message === undefined) {
      this.failCall(brokenOff());
    }
  }

  #onResponse(message: IncomingMessage): void {
    this.#message = message;
    this.respond(message.statusCode ?? 0, toHeaderList(message.rawHeaders), false);
    message.on('data', (chunk: Buffer) => {
      if (!this.pushBody(chunk)) {
        message.pause();
      }
    });
    message.on('end', () => this.endResponse(toHeaderList(message.rawTrailers)));
    message.on('error', (error) => this.failCall(brokenOff(error)));
  }
}

/** Returns the header that says where the body ends: `node:http` would not say it for every method. */
function framingOf(
  method: string,
  body: PassthroughRequest['body'],
  headers: HeaderList,
): readonly string[] {
  if (hasHeader(headers, 'content-length')) {
    return [];
  }
  if (body !== undefined) {
    return ['transfer-encoding', 'chunked'];
  }
  return method === 'POST' || method === 'PUT' || method === 'PATCH' ? ['content-length', '0'] : [];
}

/** The one form that instrumentation of `node:http` can add headers to. */
function toHeaderObject(headers: HeaderList): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    const before = result[name];
    result[name] = before === undefined ? value : [before, value].flat();
  }
  return result;
}

function toHeaderList(raw: readonly string[]): HeaderList {
  return raw.map((text, i) => (i % 2 === 0 ? lowerCaseName(text) : text));
}
