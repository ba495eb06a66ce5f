import { ConfigError, type ConfigProblem } from '../../base/errors.js';

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

/** An operator without arguments. */
export type PlainOperator = (typeof plainOperators)[number];

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

/**
 * Takes an access log format apart. As in Envoy, every `%` begins or ends an operator; there is no
 * way to write one. Throws a `ConfigError` that names everything that is wrong with the format; its
 * paths are empty, for only the caller knows where in a document the format stands.
 */
export function parseAccessLogFormat(format: string): readonly FormatPiece[] {
  const pieces: FormatPiece[] = [];
  const problems: ConfigProblem[] = [];
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
      problems.push(problemAt(start, `the operator ${format.slice(start)} lacks its closing "%"`));
      break;
    }
    const piece = parseOperator(format.slice(start + 1, end));
    if (typeof piece === 'string') {
      problems.push(problemAt(start, piece));
    } else {
      pieces.push(piece);
    }
    position = end + 1;
  }
  if (problems.length > 0) {
    throw new ConfigError(problems, 'The access log format');
  }
  return pieces;
}

function problemAt(index: number, what: string): ConfigProblem {
  return { path: '', message: `At character ${index + 1} of the format: ${what}.` };
}

/** Returns what is between two percent signs, or what is wrong with it. */
function parseOperator(token: string): FormatPiece | string {
  if (token.startsWith('REQ(')) {
    return parseHeaderOperator(token, 'request', 'REQ('.length);
  }
  if (token.startsWith('RESP(')) {
    return parseHeaderOperator(token, 'response', 'RESP('.length);
  }
  const operator = plainOperators.find((name) => name === token);
  return operator === undefined
    ? `%${token}% is not an operator; there are ${plainOperators.join(', ')}, REQ(X?Y):Z and RESP(X?Y):Z, and no way to write a percent sign`
    : { kind: 'plain', operator };
}

function parseHeaderOperator(
  token: string,
  message: 'request' | 'response',
  nameStart: number,
): FormatPiece | string {
  const close = token.indexOf(')');
  if (close === -1) {
    return `%${token}% lacks its closing ")"`;
  }
  const tail = token.slice(close + 1);
  if (tail !== '' && !tail.startsWith(':')) {
    return `in %${token}% only ":" and a length may follow the ")"`;
  }
  if (tail !== '' && !/^:\d{1,9}$/.test(tail)) {
    return `the length in %${token}% must be a whole number`;
  }
  const names = token.slice(nameStart, close).toLowerCase().split('?');
  const [name, alternative] = names;
  if (name === undefined || name === '' || alternative === '') {
    return `%${token}% lacks the name of a header`;
  }
  if (names.length > 2) {
    return `%${token}% has more than one alternative header`;
  }
  const maxLength = tail === '' ? undefined : Number(tail.slice(1));
  return { kind: 'header', message, name, alternative, maxLength };
}
