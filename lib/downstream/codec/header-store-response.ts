import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
  validateHeaderName,
  validateHeaderValue,
} from 'node:http';
import { KnownTexts } from '../../base/known-texts.js';
import type { HeaderList } from '../../http/headers.js';

/** What `setHeader` takes. */
type HeaderValue = number | string | readonly string[];

/** What `writeHead` takes: a record, names and values in turn, or pairs of them. */
export type HeadersArgument = OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined;

/** Spellings of names that were found to be valid; an application uses few. */
const knownNames: KnownTexts<string> = new KnownTexts(1024, 64);

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
    if (typeof value !== 'number') {
      // Declared for strings, but it takes whatever `setHeader` takes.
      validateHeaderValue(name, value as string);
    }
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
    const index = this.#names.indexOf(lowerCase(name));
    const existing = this.#values[index];
    if (existing === undefined || this.headersSent) {
      return this.headersSent ? super.appendHeader(name, value) : this.setHeader(name, value);
    }
    // As in `setHeader`.
    validateHeaderValue(name, value as string);
    // A list that the application has set is its own: it is not added to.
    this.#values[index] = [existing, value].flat() as string[];
    return this;
  }

  override getHeader(name: string): number | string | string[] | undefined {
    if (typeof name !== 'string') {
      // Throws, as it must.
      return super.getHeader(name);
    }
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
    if (typeof name !== 'string') {
      // Throws, as it must.
      return super.hasHeader(name);
    }
    return this.#names.includes(lowerCase(name));
  }

  override removeHeader(name: string): void {
    // It remembers that some names must not be added by itself, and throws if it is too late.
    super.removeHeader(name);
    this.#remove(name);
  }

  /**
   * Returns the headers of the response that is about to be sent. What `writeHead` was given wins
   * over what was set before, and can be asked for afterwards only if something was.
   */
  protected takeHeaders(given: HeadersArgument): HeaderList {
    const list: HeaderList = [];
    if (given !== undefined && given !== null) {
      if (Array.isArray(given) && !Array.isArray(given[0]) && given.length % 2 !== 0) {
        // Throws, as it must.
        super.writeHead(this.statusCode, given);
      }
      if (this.#names.length === 0) {
        forEachHeader(given, (name, value) => appendChecked(list, name, value));
        return list;
      }
      this.#store(given);
    }
    for (let i = 0; i < this.#names.length; i++) {
      appendHeaderValue(list, this.#names[i] as string, this.#values[i]);
    }
    return list;
  }

  #store(given: NonNullable<HeadersArgument>): void {
    if (Array.isArray(given)) {
      // They may name a header more than once.
      forEachHeader(given, (name) => this.#remove(name));
    }
    forEachHeader(given, (name, value) => {
      if (name !== '') {
        // Whatever it is, `appendHeader` checks it.
        const checked = value as string | readonly string[];
        if (Array.isArray(given)) {
          this.appendHeader(name, checked);
        } else {
          this.setHeader(name, checked);
        }
      }
    });
  }

  #remove(name: string): void {
    const index = this.#names.indexOf(lowerCase(name));
    if (index !== -1) {
      this.#names.splice(index, 1);
      this.#spellings.splice(index, 1);
      this.#values.splice(index, 1);
    }
  }
}

/** Adds one header to `list`, several if it has a list of values. */
function appendHeaderValue(list: HeaderList, name: string, value: unknown): void {
  if (Array.isArray(value)) {
    for (const one of value) {
      list.push(name, String(one));
    }
  } else {
    list.push(name, String(value));
  }
}

/** Adds a header that `writeHead` was given. Throws what `writeHead` throws if it is none. */
function appendChecked(list: HeaderList, name: string, value: unknown): void {
  const lower = checkName(name);
  for (const one of Array.isArray(value) ? value : [value]) {
    validateHeaderValue(name, one);
  }
  appendHeaderValue(list, lower, value);
}

function forEachHeader(
  given: NonNullable<HeadersArgument>,
  visit: (name: string, value: unknown) => void,
): void {
  if (!Array.isArray(given)) {
    for (const name of Object.keys(given)) {
      visit(name, given[name]);
    }
  } else if (Array.isArray(given[0])) {
    // Pairs are undeclared, but there.
    for (const [name, value] of given as unknown as [string, unknown][]) {
      visit(name, value);
    }
  } else {
    for (let i = 0; i < given.length; i += 2) {
      visit(String(given[i]), given[i + 1]);
    }
  }
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
  knownNames.add(name, lower);
  return lower;
}
