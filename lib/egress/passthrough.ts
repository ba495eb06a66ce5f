import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import { lowerCaseName } from '../http/headers.js';
import { type BodySource, OutboundBody } from './outbound-body.js';
import { OutboundResponse } from './outbound-response.js';
import type { RequestOptions } from './request-options.js';

/**
 * Sends a request whose host the configuration does not know to where it would have gone without
 * us, by `node:http`. A failure of the network rejects, as it would have without us.
 */
export function requestDirectly(
  url: string | URL,
  method: string,
  options: RequestOptions,
): Promise<OutboundResponse> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(target, {
      method,
      headers: toNodeHeaders(options),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    request.on('response', (message) => resolve(toOutboundResponse(message)));
    request.on('error', (error) => reject(options.signal?.aborted ? options.signal.reason : error));
    const body = options.body ?? null;
    if (body === null || typeof body === 'string' || body instanceof Uint8Array) {
      request.end(body ?? undefined);
    } else {
      pipeline(Readable.from(body), request, (error) => {
        if (error) {
          reject(error);
        }
      });
    }
  });
}

function toNodeHeaders(options: RequestOptions): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const given = options.headers ?? {};
  const entries = Symbol.iterator in given ? given : Object.entries(given);
  for (const [name, value] of entries) {
    if (value !== undefined) {
      headers[name] = typeof value === 'string' ? value : [...value];
    }
  }
  return headers;
}

function toOutboundResponse(message: IncomingMessage): OutboundResponse {
  const source: BodySource = {
    onBodyWanted: () => message.resume(),
    onBodyUnwanted: () => message.destroy(),
  };
  const body = new OutboundBody(source);
  const headers = message.rawHeaders.map((text, i) => (i % 2 === 0 ? lowerCaseName(text) : text));
  const response = new OutboundResponse(message.statusCode ?? 0, headers, body);
  message.on('data', (chunk: Buffer) => {
    if (!body.push(chunk)) {
      message.pause();
    }
  });
  message.on('end', () => {
    response.setTrailers(message.rawTrailers.map((t, i) => (i % 2 === 0 ? lowerCaseName(t) : t)));
    body.end();
  });
  message.on('error', (error) => body.fail(error));
  return response;
}
