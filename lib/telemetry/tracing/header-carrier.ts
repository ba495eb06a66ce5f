import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';
import { isHeaderBytes, isHeaderName } from '../../config/header-text.js';
import { type HeaderList, setHeader } from '../../http/headers.js';

/** How propagators read headers. */
export const headerGetter: TextMapGetter<HeaderList> = {
  keys(headers) {
    return headers.filter((_, index) => index % 2 === 0);
  },
  get(headers, key) {
    const name = key.toLowerCase();
    const values = headers.filter((_, index) => index % 2 === 1 && headers[index - 1] === name);
    return values.length > 1 ? values : values[0];
  },
};

/** How propagators write headers. What could not stand in a header is left out. */
export const headerSetter: TextMapSetter<HeaderList> = {
  set(headers, key, value: unknown) {
    if (typeof value === 'string' && isHeaderName(key) && isHeaderBytes(value)) {
      setHeader(headers, key.toLowerCase(), value);
    }
  },
};
