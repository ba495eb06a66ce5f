import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DescriptorSet,
  readDescriptorSet,
} from '../../lib/filters/transcoder/descriptor-set.js';
import type { PrintOptions } from '../../lib/filters/transcoder/message-to-json.js';
import { type TranscodedCall, Transcoder } from '../../lib/filters/transcoder/transcoder.js';
import { projectRoot } from './project-root.js';

const folder = join(projectRoot, 'test/fixtures/transcoder');

/** The descriptors of bookstore.proto, as protoc has written them. */
export const bookstorePath: string = join(folder, 'bookstore.pb');

/** A message of `bookstore.Everything` in JSON, and as another implementation has written it. */
export interface EverythingCase {
  readonly name: string;
  readonly json: Record<string, unknown>;
  /** In hexadecimal. */
  readonly wire: string;
}

export const everythingCases: readonly EverythingCase[] = JSON.parse(
  readFileSync(join(folder, 'everything.json'), 'utf8'),
);

export const bookstoreSet: DescriptorSet = readDescriptorSet(readFileSync(bookstorePath));

const plain: PrintOptions = {
  addWhitespace: false,
  alwaysPrintPrimitiveFields: false,
  alwaysPrintEnumsAsInts: false,
  preserveProtoFieldNames: false,
};

/** A transcoder of the service `bookstore.Bookstore`. */
export function createBookstore(options: Partial<PrintOptions> = {}): Transcoder {
  return new Transcoder(bookstoreSet, bookstoreSet.services, { ...plain, ...options });
}

/** The call that a request of the bookstore is, which must be one. */
export function callOf(
  method: string,
  path: string,
  options: Partial<PrintOptions> = {},
): TranscodedCall {
  const call = createBookstore(options).match({ method, path, authority: 'a', headers: [] });
  if (call === undefined) {
    throw new Error(`${method} ${path} is no call`);
  }
  return call;
}

/** The call that takes and gives a message of `bookstore.Everything`. */
export function everythingCall(options: Partial<PrintOptions> = {}): TranscodedCall {
  return callOf('POST', '/everything', options);
}

/** A message of `bookstore.Shelf`. */
export function shelfMessage(id: number, theme: string): Buffer {
  const text = Buffer.from(theme);
  return Buffer.concat([Buffer.from([0x08, id, 0x12, text.length]), text]);
}

/** A message of `bookstore.Book` with nothing but a title. */
export function bookMessage(title: string): Buffer {
  const text = Buffer.from(title);
  return Buffer.concat([Buffer.from([0x1a, text.length]), text]);
}
