import { Readable } from 'node:stream';
import { addHeader, type HeaderList, removeHeader } from '../../http/headers.js';
import { type StreamedBody, toBuffer } from '../body-pump.js';
import { addLength, addType, announcedLength } from '../request-body.js';
import { invalid } from '../request-options.js';
import { refuseUsedBody } from '../used-body.js';

/** Methods whose meaning expects a body, so that having none is said. */
const methodsWithBody: ReadonlySet<string> = new Set([
  'POST',
  'PUT',
  'PATCH',
  'QUERY',
  'PROPFIND',
  'PROPPATCH',
]);

/**
 * Returns the body of a dispatched request as it is sent, or `undefined` if it has none. Its length
 * and type are added to the headers where they are known and not yet said, as undici does.
 */
export function prepareDispatchBody(
  body: unknown,
  method: string,
  headers: HeaderList,
): Buffer | StreamedBody | undefined {
  const bytes = toBytes(body);
  if (bytes === undefined) {
    return toStreamedBody(body, headers);
  }
  if (bytes.length === 0 && !methodsWithBody.has(method)) {
    // Headers that were copied from another request may say something of that one's body.
    removeHeader(headers, 'content-length');
    return undefined;
  }
  addLength(bytes.length, headers);
  return bytes.length === 0 ? undefined : bytes;
}

const noBytes: Buffer = Buffer.alloc(0);

/** Returns a body that is all at hand, or `undefined` for any other. */
function toBytes(body: unknown): Buffer | undefined {
  if (body === undefined || body === null) {
    return noBytes;
  }
  if (typeof body === 'string') {
    return Buffer.from(body);
  }
  if (body instanceof Uint8Array) {
    return toBuffer(body);
  }
  if (ArrayBuffer.isView(body)) {
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
  return body instanceof ArrayBuffer ? Buffer.from(body) : undefined;
}

function toStreamedBody(body: unknown, headers: HeaderList): StreamedBody {
  if (body instanceof Blob) {
    addTypeIfAny(body.type, headers);
    if (announcedLength(headers) === undefined) {
      addHeader(headers, 'content-length', String(body.size));
    }
    return body.stream();
  }
  if (isFormData(body)) {
    return toMultipart(body, headers);
  }
  if (typeof body === 'object' && body !== null) {
    if (isAsyncIterable(body)) {
      refuseUsedBody(body);
      return body;
    }
    if (isIterable(body)) {
      return iterate(body);
    }
    if (isOldStream(body)) {
      const wrapped = new Readable().wrap(body);
      // Some, as those of the package form-data, begin only when they are told to; they are paused
      // again when enough waits to be read.
      body.resume();
      return wrapped;
    }
  }
  throw invalid('the body is none of: string, bytes, stream, Blob, FormData, iterable');
}

function addTypeIfAny(type: string, headers: HeaderList): void {
  if (type !== '') {
    addType(type, headers);
  }
}

/**
 * Writes a form out. The form may come from another copy of undici, which the built-in classes
 * would take for text, so its entries are put into a form of theirs.
 */
function toMultipart(
  form: Iterable<readonly [string, unknown]>,
  headers: HeaderList,
): StreamedBody {
  const copy = new FormData();
  for (const [name, value] of form) {
    if (value instanceof Blob) {
      // A File keeps its name.
      copy.append(name, value);
    } else {
      copy.append(name, String(value));
    }
  }
  const { body, headers: written } = new Response(copy);
  addTypeIfAny(written.get('content-type') ?? '', headers);
  return body ?? iterate([]);
}

function isFormData(body: unknown): body is Iterable<readonly [string, unknown]> {
  return (
    typeof body === 'object' &&
    body !== null &&
    isIterable(body) &&
    'append' in body &&
    Object.prototype.toString.call(body) === '[object FormData]'
  );
}

function isAsyncIterable(body: object): body is StreamedBody {
  return Symbol.asyncIterator in body;
}

function isIterable(body: object): body is Iterable<readonly [string, unknown]> & Pieces {
  return Symbol.iterator in body;
}

/** What is no piece of a body is refused when it is sent. */
type Pieces = Iterable<Uint8Array | string>;

/** A stream from before streams could be iterated. */
function isOldStream(body: object): body is NodeJS.ReadableStream {
  return (
    'pipe' in body &&
    typeof body.pipe === 'function' &&
    'resume' in body &&
    typeof body.resume === 'function'
  );
}

async function* iterate(pieces: Pieces): AsyncGenerator<Uint8Array | string> {
  yield* pieces;
}
