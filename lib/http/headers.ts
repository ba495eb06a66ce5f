import { KnownTexts } from '../base/known-texts.js';

/**
 * The headers of one message: names and values in turn, `[name, value, name, value, ...]`, in the
 * order in which they stood, names in lower case. A name may occur several times.
 *
 * A flat array is what the codecs read and write, so a header that nobody asks for is never put
 * into an object. Whoever holds a message's head owns its list and may edit it in place.
 */
export type HeaderList = string[];

/** Returns the first value of `name` (lower case), or `undefined`. */
export function getHeader(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      return headers[i + 1];
    }
  }
  return undefined;
}

/** Whether there is a header `name` (lower case). */
export function hasHeader(headers: HeaderList, name: string): boolean {
  return getHeader(headers, name) !== undefined;
}

/** Sets `name` (lower case) to `value`: the first occurrence is replaced, others are removed. */
export function setHeader(headers: HeaderList, name: string, value: string): void {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) {
      headers[i + 1] = value;
      removeHeaderFrom(headers, name, i + 2);
      return;
    }
  }
  headers.push(name, value);
}

/** Adds a header behind those that are there. */
export function addHeader(headers: HeaderList, name: string, value: string): void {
  headers.push(name, value);
}

/** Removes every `name` (lower case). */
export function removeHeader(headers: HeaderList, name: string): void {
  removeHeaderFrom(headers, name, 0);
}

/** Removes every header whose name (lower case) is one of `names`. */
export function removeHeaders(headers: HeaderList, names: ReadonlySet<string>): void {
  let kept = 0;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!names.has(name)) {
      if (kept !== i) {
        headers[kept] = name;
        headers[kept + 1] = headers[i + 1] as string;
      }
      kept += 2;
    }
  }
  if (kept !== headers.length) {
    headers.length = kept;
  }
}

function removeHeaderFrom(headers: HeaderList, name: string, from: number): void {
  let kept = from;
  for (let i = from; i < headers.length; i += 2) {
    if (headers[i] !== name) {
      if (kept !== i) {
        headers[kept] = headers[i] as string;
        headers[kept + 1] = headers[i + 1] as string;
      }
      kept += 2;
    }
  }
  if (kept !== headers.length) {
    headers.length = kept;
  }
}

const knownNames: KnownTexts<string> = new KnownTexts(1024, 64);

/** Returns `name` in lower case. Spellings that were seen before cost one look-up. */
export function lowerCaseName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) {
    return known;
  }
  const lower = name.toLowerCase();
  knownNames.add(name, lower);
  return lower;
}
