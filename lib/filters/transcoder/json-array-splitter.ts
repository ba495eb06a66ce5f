import { TranscodingError } from './transcoding-error.js';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openList = 0x5b;
const closeList = 0x5d;
const openObject = 0x7b;
const closeObject = 0x7d;

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/**
 * Cuts the text of a JSON list into its elements, as soon as each is here. Whether an element is JSON
 * is left to whoever parses it.
 */
export class JsonArraySplitter {
  /** Of one element; 0 for no limit. */
  readonly #maxBytes: number;
  #place: 'before' | 'within' | 'behind' = 'before';
  /** Pieces of the element under way. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  #depth = 0;
  #isInText = false;
  #isEscaped = false;
  #hasElements = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Whether the list is complete. */
  get isComplete(): boolean {
    return this.#place === 'behind';
  }

  /** Takes a piece of the text and returns the elements that it completes. */
  push(piece: Buffer): readonly Buffer[] {
    const elements: Buffer[] = [];
    let start = 0;
    for (let i = 0; i < piece.length; i++) {
      // The index is below the length.
      const byte = piece[i] as number;
      if (this.#place !== 'within') {
        this.#scanOutside(byte);
        start = i + 1;
      } else if (this.#endsElement(byte)) {
        this.#keep(piece.subarray(start, i));
        this.#takeElement(byte, elements);
        start = i + 1;
      }
    }
    if (this.#place === 'within') {
      this.#keep(piece.subarray(start));
    }
    return elements;
  }

  #scanOutside(byte: number): void {
    if (isSpace(byte)) {
      return;
    }
    if (this.#place === 'behind' || byte !== openList) {
      throw new TranscodingError(
        this.#place === 'before' ? 'expected a JSON list' : 'there is more behind the JSON list',
      );
    }
    this.#place = 'within';
  }

  #endsElement(byte: number): boolean {
    if (this.#isInText) {
      if (this.#isEscaped) {
        this.#isEscaped = false;
      } else if (byte === backslash) {
        this.#isEscaped = true;
      } else if (byte === quote) {
        this.#isInText = false;
      }
      return false;
    }
    switch (byte) {
      case quote:
        this.#isInText = true;
        return false;
      case openList:
      case openObject:
        this.#depth++;
        return false;
      case closeList:
      case closeObject:
        this.#depth--;
        return this.#depth < 0;
      default:
        return byte === comma && this.#depth === 0;
    }
  }

  /** `end`: the comma, or the bracket, behind the element. */
  #takeElement(end: number, elements: Buffer[]): void {
    const element = Buffer.concat(this.#pieces, this.#bytes);
    this.#pieces = [];
    this.#bytes = 0;
    const isEmpty = element.every(isSpace);
    if (end === closeObject || (isEmpty && (end === comma || this.#hasElements))) {
      throw new TranscodingError('the JSON list is malformed');
    }
    if (!isEmpty) {
      elements.push(element);
    }
    this.#hasElements = true;
    if (end === closeList) {
      this.#place = 'behind';
    }
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#maxBytes > 0 && this.#bytes > this.#maxBytes) {
      throw new TranscodingError(
        `an element of the JSON list has more bytes than the buffer limit of ${this.#maxBytes}`,
      );
    }
    if (piece.length > 0) {
      this.#pieces.push(piece);
    }
  }
}
