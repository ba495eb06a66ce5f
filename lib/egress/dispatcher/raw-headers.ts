import { KnownTexts } from '../../base/known-texts.js';
import type { HeaderList } from '../../http/headers.js';

/** Headers as handlers with a controller get them: a name that came more than once has a list. */
export type HeaderObject = Record<string, string | string[]>;

/** Names come again with every response. */
const knownNames: KnownTexts<Buffer> = new KnownTexts(256, 64);

/**
 * Returns headers as undici's parser has them: names and values in turn, each as its bytes. Those of
 * names are shared; whoever gets them reads them only.
 */
export function toRawHeaders(headers: HeaderList | undefined): Buffer[] {
  const raw: Buffer[] = [];
  if (headers !== undefined) {
    for (let i = 0; i + 1 < headers.length; i += 2) {
      // Both are there: the list is one of pairs.
      raw.push(nameBytes(headers[i] as string), Buffer.from(headers[i + 1] as string, 'latin1'));
    }
  }
  return raw;
}

function nameBytes(name: string): Buffer {
  let bytes = knownNames.get(name);
  if (bytes === undefined) {
    // Not of the pool, of which what is kept would hold the rest, too.
    bytes = Buffer.alloc(name.length);
    bytes.write(name, 'latin1');
    knownNames.add(name, bytes);
  }
  return bytes;
}

/** Returns headers as an object. */
export function toHeaderObject(headers: HeaderList | undefined): HeaderObject {
  const object: HeaderObject = {};
  if (headers !== undefined) {
    for (let i = 0; i + 1 < headers.length; i += 2) {
      // Both are there: the list is one of pairs.
      addTo(object, headers[i] as string, headers[i + 1] as string);
    }
  }
  return object;
}

function addTo(object: HeaderObject, name: string, value: string): void {
  if (!(name in object)) {
    object[name] = value;
    return;
  }
  if (!Object.hasOwn(object, name)) {
    // A host may name a header `__proto__`, which an assignment would not add.
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
    return;
  }
  const known = object[name];
  if (Array.isArray(known)) {
    known.push(value);
  } else if (known !== undefined) {
    object[name] = [known, value];
  }
}

/** Returns undici's raw headers as an object. A value may be a list already. */
export function parseRawHeaders(raw: readonly RawHeader[]): HeaderObject {
  const object: HeaderObject = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = toText(raw[i]).toLowerCase();
    const value = raw[i + 1];
    for (const one of Array.isArray(value) ? value : [value]) {
      addTo(object, name, toText(one));
    }
  }
  return object;
}

/** One name or value of undici's raw headers. */
export type RawHeader = Buffer | string | readonly (Buffer | string)[];

function toText(part: RawHeader | undefined): string {
  return Buffer.isBuffer(part) ? part.toString('latin1') : String(part ?? '');
}
