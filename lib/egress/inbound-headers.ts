import { describeValue } from '../config/describe-value.js';
import { isJsonObject } from '../config/json-members.js';
import type { HeaderList } from '../http/headers.js';
import { expectedTimeoutName, isInheritedHeader } from '../http/request-context.js';
import { invalid } from './request-options.js';

/**
 * Headers of a request that came in by other ways than a mounted application: those of `node:http`
 * (`request.headers`), a `Headers` of the standard, pairs, or any object of texts.
 */
export type InboundHeaders =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, unknown>>;

/**
 * Throws for what holds no headers but something else, such as the whole request: code would run
 * without a context then, and nobody would notice. What the headers say is no matter of this.
 */
export function checkInboundHeaders(input: InboundHeaders): void {
  if (typeof input !== 'object' || input === null) {
    const found = describeValue(input);
    throw invalid(
      `the headers of a context are ${found}, expected an object or pairs; null is for none`,
    );
  }
  if (input instanceof Promise) {
    throw invalid('the headers of a context are a promise; await it first');
  }
  if (Symbol.iterator in input) {
    return;
  }
  if (isHeaderHolder(input)) {
    throw invalid('the headers of a context are a whole request; give its headers alone');
  }
  if (!isJsonObject(input) && Object.keys(input).length === 0) {
    throw invalid('the headers of a context are an instance of a class that has none');
  }
}

/** Of headers themselves none is an object; the request of Hono holds another one. */
function isHeaderHolder({ headers, raw }: Readonly<Record<string, unknown>>): boolean {
  return isObject(headers) || (isObject(raw) && isObject(raw['headers']));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    // Queues have bytes for values.
    !ArrayBuffer.isView(value)
  );
}

/**
 * Returns those that matter, names in lower case. Whoever has them may have them from anywhere: what
 * is no header is left out. Throws `SIDECAR_REQUEST_INVALID` for what are no pairs at all.
 */
export function readInboundHeaders(input: InboundHeaders): HeaderList {
  const list: HeaderList = [];
  const entries: Iterable<unknown> = Symbol.iterator in input ? input : Object.entries(input);
  for (const entry of entries) {
    if (!Array.isArray(entry)) {
      throw invalid(
        `the headers of a context hold ${describeValue(entry)}, expected pairs of name and value`,
      );
    }
    if (typeof entry[0] === 'string') {
      addInboundHeader(list, entry[0].toLowerCase(), entry[1]);
    }
  }
  return list;
}

function addInboundHeader(list: HeaderList, name: string, value: unknown): void {
  if (name !== expectedTimeoutName && !isInheritedHeader(name)) {
    return;
  }
  for (const text of Array.isArray(value) ? value : [value]) {
    if (typeof text === 'string' && isSendable(text)) {
      list.push(name, text);
    }
  }
}

/** Visible ASCII, and blanks: nothing else has ever been in one of these headers. */
function isSendable(value: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(value);
}
