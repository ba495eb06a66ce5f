import { bytesOf } from '../../base/byte-string.js';
import { TranscodingError } from './transcoding-error.js';

/** A part of a path that becomes a value of the message. */
export interface PathVariable {
  /** Names of fields, from the outermost on. */
  readonly fieldPath: readonly string[];
  /** Indexes of segments, the second one behind the last. */
  readonly start: number;
  readonly end: number;
}

/** A path as a rule has it: `/v1/{name=shelves/*}/books:find`. */
export interface PathTemplate {
  /** Literals, `*` and at most one `**`. */
  readonly segments: readonly string[];
  readonly variables: readonly PathVariable[];
  /** What follows the last colon; empty for nothing. */
  readonly verb: string;
}

/** A value that a path or a query has for a field of the message. */
export interface FieldBinding {
  readonly fieldPath: readonly string[];
  readonly value: string;
}

/** Parses a template. Throws a `TranscodingError` that says what is wrong with it. */
export function parsePathTemplate(template: string): PathTemplate {
  const parser = new TemplateParser(template);
  const parsed = parser.parse();
  const deep = parsed.segments.indexOf('**');
  if (deep !== -1 && parsed.segments.slice(deep + 1).some((segment) => /^\*/.test(segment))) {
    throw new TranscodingError(`the path "${template}" has a wildcard behind "**"`);
  }
  return parsed;
}

class TemplateParser {
  readonly #template: string;
  readonly #segments: string[] = [];
  readonly #variables: PathVariable[] = [];
  #position = 0;

  constructor(template: string) {
    this.#template = template;
  }

  parse(): PathTemplate {
    this.#take('/');
    this.#parseSegments(true);
    let verb = '';
    if (this.#template[this.#position] === ':') {
      this.#position++;
      verb = this.#takeText(/[^/:{}*=]+/y, 'a verb');
    }
    if (this.#position < this.#template.length) {
      throw this.#error('the end');
    }
    return { segments: this.#segments, variables: this.#variables, verb };
  }

  #parseSegments(mayHaveVariables: boolean): void {
    this.#parseSegment(mayHaveVariables);
    while (this.#template[this.#position] === '/') {
      this.#position++;
      this.#parseSegment(mayHaveVariables);
    }
  }

  #parseSegment(mayBeVariable: boolean): void {
    if (mayBeVariable && this.#template[this.#position] === '{') {
      this.#parseVariable();
    } else {
      this.#segments.push(this.#takeText(/\*{1,2}|[^/:{}*]+/y, 'a segment'));
    }
  }

  #parseVariable(): void {
    this.#take('{');
    const fieldPath = this.#takeText(/[^/:{}*=]+/y, 'the name of a field').split('.');
    const start = this.#segments.length;
    if (this.#template[this.#position] === '=') {
      this.#position++;
      this.#parseSegments(false);
    } else {
      this.#segments.push('*');
    }
    this.#take('}');
    this.#variables.push({ fieldPath, start, end: this.#segments.length });
  }

  #take(character: string): void {
    if (this.#template[this.#position] !== character) {
      throw this.#error(`"${character}"`);
    }
    this.#position++;
  }

  #takeText(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#position;
    const text = pattern.exec(this.#template)?.[0];
    if (text === undefined) {
      throw this.#error(what);
    }
    this.#position += text.length;
    return text;
  }

  #error(expected: string): TranscodingError {
    return new TranscodingError(
      `the path "${this.#template}" lacks ${expected} at character ${this.#position + 1}`,
    );
  }
}

/**
 * Returns the values of a path's variables if it matches the template, verb apart; else `undefined`.
 * A `**` at the end may stand for nothing.
 */
export function matchSegments(
  { segments, variables }: PathTemplate,
  parts: readonly string[],
): readonly FieldBinding[] | undefined {
  const deep = segments.indexOf('**');
  const extra = parts.length - segments.length;
  const isLastDeep = deep !== -1 && deep === segments.length - 1;
  if (deep === -1 ? extra !== 0 : extra < (isLastDeep ? -1 : 0)) {
    return undefined;
  }
  for (let i = 0; i < segments.length; i++) {
    // The rest of the path is compared from its end.
    const part = parts[deep !== -1 && i > deep ? i + extra : i];
    const segment = segments[i];
    if (segment !== '**' && segment !== '*' && segment !== part) {
      return undefined;
    }
  }
  return variables.map(({ fieldPath, start, end }) => {
    const isDeep = deep >= start && deep < end;
    const from = deep !== -1 && start > deep ? start + extra : start;
    const to = deep !== -1 && end > deep ? end + extra : end;
    const isWhole = !isDeep && to - from === 1;
    const values = parts.slice(from, to).map((part) => unescapeBytes(part, isWhole));
    return { fieldPath, value: values.join('/') };
  });
}

/** What RFC 6570 reserves. In a value of several segments such characters stay escaped. */
const reserved = new Set("!#$&'()*+,/:;=?@[]");

/** Replaces `%xx`. `text` is a byte string, and what is returned is text. */
export function unescapeBytes(text: string, withReserved: boolean): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (escaped, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return withReserved || !reserved.has(character) ? character : escaped;
  });
  return bytesOf(bytes).toString('utf8');
}
