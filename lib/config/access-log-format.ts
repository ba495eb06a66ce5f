import { quoteText } from './describe-value.js';

/** Operators without arguments: reference 7.2, of the years 2016 and 2017. */
const plainOperators = [
  'START_TIME',
  'BYTES_RECEIVED',
  'BYTES_SENT',
  'PROTOCOL',
  'RESPONSE_CODE',
  'DURATION',
  'RESPONSE_FLAGS',
  'UPSTREAM_HOST',
  'UPSTREAM_CLUSTER',
] as const;

/** Operators of releases from 1.6 on. */
const laterOperators = [
  'REQUEST_DURATION',
  'RESPONSE_DURATION',
  'UPSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS',
  'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_REMOTE_ADDRESS',
  'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT',
  'DOWNSTREAM_ADDRESS',
] as const;

/** An operator without arguments. */
export type PlainOperator = (typeof plainOperators | typeof laterOperators)[number];

const knownOperators: readonly PlainOperator[] = [...plainOperators, ...laterOperators];

/** One piece of a format: text to be written as it is, or an operator. */
export type FormatPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'plain'; readonly operator: PlainOperator }
  | {
      readonly kind: 'header';
      readonly message: 'request' | 'response';
      /** Lower case. */
      readonly name: string;
      /** Lower case. Asked for when there is no header `name`; an empty one does count. */
      readonly alternative: string | undefined;
      readonly maxLength: number | undefined;
    };

/** What an access log format is made of, and everything that is wrong with it. */
export interface ParsedAccessLogFormat {
  readonly pieces: readonly FormatPiece[];
  /** Clauses. */
  readonly problems: readonly string[];
}

/**
 * Takes an access log format apart. As in Envoy, every `%` begins or ends an operator; there is no
 * way to write one.
 */
export function parseAccessLogFormat(format: string): ParsedAccessLogFormat {
  const pieces: FormatPiece[] = [];
  const problems: string[] = [];
  let position = 0;
  while (position < format.length) {
    const start = format.indexOf('%', position);
    const textEnd = start === -1 ? format.length : start;
    if (textEnd > position) {
      pieces.push({ kind: 'text', text: format.slice(position, textEnd) });
    }
    if (start === -1) {
      break;
    }
    const end = format.indexOf('%', start + 1);
    if (end === -1) {
      const rest = quoteText(format.slice(start));
      problems.push(`at character ${start + 1}, the operator ${rest} lacks its closing "%"`);
      break;
    }
    const piece = parseOperator(format.slice(start + 1, end));
    if (typeof piece === 'string') {
      problems.push(`at character ${start + 1}, ${piece}`);
    } else {
      pieces.push(piece);
    }
    position = end + 1;
  }
  return { pieces, problems };
}

/** Returns what is between two percent signs, or what is wrong with it. */
function parseOperator(token: string): FormatPiece | string {
  if (token.startsWith('REQ(')) {
    return parseHeaderOperator(token, 'request', 'REQ('.length);
  }
  if (token.startsWith('RESP(')) {
    return parseHeaderOperator(token, 'response', 'RESP('.length);
  }
  const operator = knownOperators.find((name) => name === token);
  return operator === undefined
    ? `${quoteText(`%${token}%`)} is not an operator; there are ${knownOperators.join(', ')}, REQ(X?Y):Z and RESP(X?Y):Z, and no way to write a percent sign`
    : { kind: 'plain', operator };
}

function parseHeaderOperator(
  token: string,
  message: 'request' | 'response',
  nameStart: number,
): FormatPiece | string {
  const close = token.indexOf(')');
  if (close === -1) {
    return `${quoteText(`%${token}%`)} lacks its closing ")"`;
  }
  const tail = token.slice(close + 1);
  if (tail !== '' && !tail.startsWith(':')) {
    return `in ${quoteText(`%${token}%`)} only ":" and a length may follow the ")"`;
  }
  if (tail !== '' && !/^:\d{1,9}$/.test(tail)) {
    return `the length in ${quoteText(`%${token}%`)} must be a whole number`;
  }
  const names = token.slice(nameStart, close).toLowerCase().split('?');
  const [name, alternative] = names;
  if (name === undefined || name === '' || alternative === '') {
    return `${quoteText(`%${token}%`)} lacks the name of a header`;
  }
  if (names.length > 2) {
    return `${quoteText(`%${token}%`)} has more than one alternative header`;
  }
  const maxLength = tail === '' ? undefined : Number(tail.slice(1));
  return { kind: 'header', message, name, alternative, maxLength };
}
