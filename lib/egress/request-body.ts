import { isAnyArrayBuffer } from 'node:util/types';
import { describeValue } from '../config/describe-value.js';
import { isJsonObject } from '../config/json-members.js';
import { getHeader, type HeaderList, hasHeader } from '../http/headers.js';
import { type StreamedBody, toBuffer } from './body-pump.js';
import { encodeMultipartForm, isPlainType, readParts } from './multipart-form.js';
import { type BodyInput, invalid } from './request-options.js';
import { refuseUsedBody } from './used-body.js';

/**
 * Returns the body as it is sent: all of it, or what it is read from. What is known of its type and
 * length goes into `headers`, unless the caller says it there. Throws `SIDECAR_REQUEST_INVALID` for
 * what is no body, or has another length than the headers say.
 */
export function prepareBody(
  body: BodyInput | undefined,
  headers: HeaderList,
): Buffer | StreamedBody | undefined {
  if (body === undefined || body === null) {
    if ((announcedLength(headers) ?? 0) > 0) {
      throw invalid(`content-length is ${announcedLength(headers)}, but there is no body`);
    }
    return undefined;
  }
  if (typeof body === 'string') {
    return prepareText(body, 'text/plain;charset=UTF-8', headers);
  }
  if (ArrayBuffer.isView(body)) {
    return prepareBytes(toBuffer(body), headers);
  }
  if (isAnyArrayBuffer(body)) {
    return prepareBytes(Buffer.from(body), headers);
  }
  if (typeof body === 'object') {
    if (Symbol.asyncIterator in body) {
      refuseUsedBody(body);
      return body;
    }
    return prepareObject(body, headers);
  }
  throw noBody(body);
}

/** Returns what `content-length` says, if it is there. */
export function announcedLength(headers: HeaderList): number | undefined {
  const value = getHeader(headers, 'content-length');
  return value === undefined ? undefined : Number(value);
}

/** Asked for by their kind, not their class: libraries and realms bring classes of their own. */
function prepareObject(body: object, headers: HeaderList): Buffer | StreamedBody {
  switch (Object.prototype.toString.call(body)) {
    case '[object URLSearchParams]': {
      const type = 'application/x-www-form-urlencoded;charset=UTF-8';
      return prepareText(String(body), type, headers);
    }
    case '[object Blob]':
    case '[object File]':
      // Of that kind, as its tag says.
      return prepareBlob(body as Blob, headers);
    case '[object FormData]':
      // The package form-data has that tag, too, and is a stream of the first generation.
      if (Symbol.iterator in body) {
        return prepareForm(body as FormData, headers);
      }
      throw noBody(body);
    default:
      throw noBody(body);
  }
}

function prepareText(text: string, type: string, headers: HeaderList): Buffer {
  addType(type, headers);
  return prepareBytes(Buffer.from(text), headers);
}

function prepareBytes(bytes: Buffer, headers: HeaderList): Buffer {
  addLength(bytes.length, headers);
  return bytes;
}

function prepareBlob(blob: Blob, headers: HeaderList): Buffer | StreamedBody {
  if (blob.type !== '') {
    checkType(blob.type);
    addType(blob.type, headers);
  }
  addLength(blob.size, headers);
  return blob.size === 0 ? Buffer.alloc(0) : blob.stream();
}

function prepareForm(form: FormData, headers: HeaderList): Buffer | StreamedBody {
  const { contentType, byteLength, parts } = encodeMultipartForm(form);
  addType(contentType, headers);
  addLength(byteLength, headers);
  const only = parts[0];
  return parts.length === 1 && Buffer.isBuffer(only) ? only : readParts(parts);
}

/** Blobs of other classes may be of any type, even of several lines. */
function checkType(type: string): void {
  if (!isPlainType(type)) {
    throw invalid(`the type of the blob, ${describeValue(type)}, cannot be sent`);
  }
}

/** Says of which type the body is, unless that is said already. */
export function addType(type: string, headers: HeaderList): void {
  if (!hasHeader(headers, 'content-type')) {
    headers.push('content-type', type);
  }
}

/** Says how long the body is. Throws if something else is said already. */
export function addLength(length: number, headers: HeaderList): void {
  if (!Number.isSafeInteger(length)) {
    throw invalid('the body does not know its size');
  }
  const announced = announcedLength(headers);
  if (announced === undefined) {
    headers.push('content-length', String(length));
  } else if (announced !== length) {
    throw invalid(`content-length is ${announced}, but the body has ${length} bytes`);
  }
}

function noBody(body: unknown): Error {
  return invalid(
    'the body is none of: string, ArrayBuffer or a view of one, Blob, FormData, URLSearchParams, ' +
      `stream or other async iterable${hintAt(body)}`,
  );
}

function hintAt(body: unknown): string {
  if (body instanceof Promise) {
    return '; await it first';
  }
  return isJsonObject(body) || Array.isArray(body) ? '; send it as JSON.stringify(value)' : '';
}
