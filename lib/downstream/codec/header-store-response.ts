import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import type { HeaderList } from '../../http/headers.js';

/** What `setHeader` takes. */
type HeaderValue = number | string | readonly string[];

/** Spellings of names that were found to be valid; an application uses few. */
const maxKnownNames = 1024;
const knownNames = new Map<string, string>();

/**
 * A `ServerResponse` that keeps its headers in a list of its own until the head is written.
 *
 * For whoever uses it nothing is different. For us there is: `ServerResponse` itself writes a
 * list that it is given at a fraction of the cost of its own store, and of several headers of one
 * name in a list it would keep only the last once that store is in use.
 */
export class HeaderStoreResponse<
  Request extends IncomingMessage = IncomingMessage,
> extends ServerResponse<Request> {
  /** In lower case, in the order of their first use. */
  readonly #names: string[] = [];
  readonly #spellings: string[] = [];
  readonly #values: HeaderValue[] = [];

  override setHeader(name: string, value: HeaderValue): this {
    if (this.headersSent) {
      // Throws, as it must.
      return super.setHeader(name, value);
    }
    const lower = checkName(name);
    checkValue(name, value);
    const index = this.#names.indexOf(lower);
    if (index === -1) {
      this.#names.push(lower);
      this.#spellings.push(name);
      this.#values.push(value);
    } else {
      this.#spellings[index] = name;
      this.#values[index] = value;
    }
    return this;
  }

  override appendHeader(name: string, value: string | readonly string[]): this {
    const existing = this.getHeader(name);
    if (existing === undefined) {
      return this.setHeader(name, value);
    }
    return this.setHeader(name, [existing, value].flat().map(String));
  }

  override getHeader(name: string): number | string | string[] | undefined {
    const index = this.#names.indexOf(lowerCase(name));
    // A list comes back as it was given, as from `ServerResponse`.
    return index === -1 ? undefined : (this.#values[index] as number | string | string[]);
  }

  override getHeaderNames(): string[] {
    return [...this.#names];
  }

  /** Undeclared in `ServerResponse`, but there. */
  getRawHeaderNames(): string[] {
    return [...this.#spellings];
  }

  override getHeaders(): OutgoingHttpHeaders {
    const record: OutgoingHttpHeaders = Object.create(null);
    this.#names.forEach((name, index) => {
      record[name] = this.#values[index] as OutgoingHttpHeader;
    });
    return record;
  }

  override hasHeader(name: string): boolean {
    return this.#names.includes(lowerCase(name));
  }

  override removeHeader(name: string): void {
    // It remembers that some names must not be added by itself, and throws if it is too late.
    super.removeHeader(name);
    const index = this.#names.indexOf(lowerCase(name));
    if (index !== -1) {
      this.#names.splice(index, 1);
      this.#spellings.splice(index, 1);
      this.#values.splice(index, 1);
    }
  }

  /** Adds the stored headers to `list`, but for names that it has already. */
  protected addStoredTo(list: HeaderList): void {
    const given = list.length;
    for (let i = 0; i < this.#names.length; i++) {
      const name = this.#names[i] as string;
      if (!hasName(list, name, given)) {
        appendHeaderValue(list, name, this.#values[i]);
      }
    }
  }
}

/** Adds one header to `list`, several if it has a list of values. */
export function appendHeaderValue(
  list: HeaderList,
  name: string,
  value: HeaderValue | undefined,
): void {
  if (typeof value === 'object') {
    for (const one of value) {
      list.push(name, String(one));
    }
  } else if (value !== undefined) {
    list.push(name, String(value));
  }
}

function hasName(list: HeaderList, name: string, end: number): boolean {
  for (let i = 0; i < end; i += 2) {
    if (list[i] === name) {
      return true;
    }
  }
  return false;
}

function lowerCase(name: string): string {
  return knownNames.get(name) ?? name.toLowerCase();
}

/** Returns the name in lower case. Throws what `setHeader` throws for a name that is none. */
function checkName(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) {
    return known;
  }
  validateHeaderName(name);
  const lower = name.toLowerCase();
  if (knownNames.size < maxKnownNames) {
    knownNames.set(name, lower);
  }
  return lower;
}

function checkValue(name: string, value: HeaderValue): void {
  if (typeof value === 'object' && value !== null) {
    for (const one of value) {
      validateHeaderValue(name, one);
    }
  } else if (typeof value !== 'number') {
    validateHeaderValue(name, value);
  }
}
