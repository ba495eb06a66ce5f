import { quoteText } from './describe-value.js';
import { isHeaderValue } from './header-text.js';
import type { JsonReader } from './json-reader.js';
import { readHeaderName } from './shared-keys.js';

/** What a part of the value of an added header can stand for: reference 2.9. */
export type HeaderVariable = (typeof headerVariables)[number];

/** A header to add, with its name in lower case. */
export interface HeaderToAddConfig {
  readonly name: string;
  /** What is put together: texts as they are, and the values of variables. */
  readonly parts: readonly HeaderPart[];
}

export type HeaderPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly variable: HeaderVariable };

const headerVariables = [
  'CLIENT_IP',
  'PROTOCOL',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
] as const;

/** Headers that belong to a message or a connection itself; another one would break either. */
const framingHeaders: readonly string[] = [
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Parses an array of headers to add, which may be absent. */
export function parseHeadersToAdd(reader: JsonReader, key: string): HeaderToAddConfig[] {
  return reader.objects(key).flatMap((header) => {
    const name = readHeaderName(header, 'key', false);
    checkIsAddable(header, name);
    const value = header.string('value');
    if (value !== undefined && !isHeaderValue(value)) {
      header.problem(
        `${quoteText(value)} cannot be the value of a header; remove the control characters`,
        'value',
      );
    }
    const parts = value === undefined ? undefined : parseHeaderFormat(value);
    if (typeof parts === 'string') {
      header.problem(parts, 'value');
      return [];
    }
    return name === undefined || parts === undefined ? [] : [{ name, parts }];
  });
}

function checkIsAddable(header: JsonReader, name: string | undefined): void {
  if (name === 'host') {
    header.problem('a second "host" makes a request invalid; use "host_rewrite" of a route', 'key');
  } else if (name !== undefined && framingHeaders.includes(name)) {
    header.problem(
      `${quoteText(name)} says how a message is sent, which only the sender knows; remove it`,
      'key',
    );
  }
}

/** Takes the value of a header apart; returns what is wrong with it, as a clause, if it is. */
export function parseHeaderFormat(value: string): readonly HeaderPart[] | string {
  const parts: HeaderPart[] = [];
  let text = '';
  // Every second piece stands between two percent signs; an empty one is a percent sign.
  const pieces = value.split('%');
  for (const [index, piece] of pieces.entries()) {
    if (index % 2 === 0) {
      text += piece;
      continue;
    }
    if (index === pieces.length - 1) {
      return `the variable ${quoteText(`%${piece}`)} lacks its closing "%"; a percent sign is written "%%"`;
    }
    if (piece === '') {
      text += '%';
      continue;
    }
    const variable = headerVariables.find((name) => name === piece);
    if (variable === undefined) {
      const known = headerVariables.map((name) => `%${name}%`).join(', ');
      return `${quoteText(`%${piece}%`)} is not a variable; there are ${known}, and "%%" for a percent sign`;
    }
    if (text !== '') {
      parts.push({ kind: 'text', text });
    }
    text = '';
    parts.push({ kind: 'variable', variable });
  }
  return text === '' ? parts : [...parts, { kind: 'text', text }];
}
