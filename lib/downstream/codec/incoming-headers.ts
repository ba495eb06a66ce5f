import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { HeaderList } from '../../http/headers.js';

/** The part of `IncomingMessage` by which the parser of `node:http` fills it; undeclared. */
interface FillableMessage {
  headers: IncomingHttpHeaders | undefined;
  headersDistinct: Record<string, string[]> | undefined;
  complete: boolean;
  _addHeaderLines(raw: HeaderList, length: number): void;
}

/**
 * Makes a request show these headers, in `rawHeaders`, `headers` and `headersDistinct`.
 *
 * They take the way of those that the parser reads: `node:http` keeps their number to itself, and
 * a framework may give the request another prototype, so that an accessor of ours would be lost.
 * The records are made when somebody asks for them, which costs more than routing the request.
 */
export function replaceHeaders(request: IncomingMessage, list: HeaderList): void {
  // Undeclared, and the same in every version that we support: a test holds it to that.
  const message = request as unknown as FillableMessage;
  // What was made of the headers that came is out of date.
  message.headers = undefined;
  message.headersDistinct = undefined;
  const { complete } = message;
  // What follows a complete message would be taken for trailers.
  message.complete = false;
  message._addHeaderLines(list, list.length);
  message.complete = complete;
}
