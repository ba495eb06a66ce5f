import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import { KnownTexts } from '../../base/known-texts.js';
import { isHeaderBytes, isHeaderName } from '../../config/header-text.js';
import { type HeaderList, lowerCaseName, setHeader } from '../../http/headers.js';

/** How propagators read headers. */
export const headerGetter: TextMapGetter<HeaderList> = {
  keys(headers) {
    return headers.filter((_, index) => index % 2 === 0);
  },
  get(headers, key) {
    const name = lowerCaseName(key);
    let first: string | undefined;
    let all: string[] | undefined;
    for (let i = 0; i < headers.length; i += 2) {
      if (headers[i] === name) {
        const value = headers[i + 1] as string;
        if (first === undefined) {
          first = value;
        } else {
          all ??= [first];
          all.push(value);
        }
      }
    }
    return all ?? first;
  },
};

/** How propagators write headers. What could not stand in a header is left out. */
export const headerSetter: TextMapSetter<HeaderList> = {
  set(headers, key, value: unknown) {
    if (typeof value === 'string' && isWritableName(key) && isHeaderBytes(value)) {
      setHeader(headers, lowerCaseName(key), value);
    }
  },
};

/** Whether they are names of headers: a propagator says the same for each request. */
const knownNames: KnownTexts<boolean> = new KnownTexts(64, 64);

function isWritableName(name: string): boolean {
  const known = knownNames.get(name);
  if (known !== undefined) {
    return known;
  }
  const isWritable = isHeaderName(name);
  knownNames.add(name, isWritable);
  return isWritable;
}
