import { GatheredBytes } from './gathered-bytes.js';

/** What came is no JSON, or has no end. */
export class BadLine extends Error {
  override readonly name: string = 'BadLine';
}

/**
 * Cuts a stream of bytes into lines that are JSON each: the answers to a watch.
 *
 * It looks at bytes, so it does not matter where the pieces are cut, in the middle of a character
 * either.
 */
export class JsonLines {
  readonly #maxLineBytes: number;
  /** Of the line that has no end yet. */
  readonly #pending = new GatheredBytes();

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Returns the lines that are complete with this piece. Throws `BadLine` for one that is too long or no JSON. */
  push(piece: Buffer): unknown[] {
    const values: unknown[] = [];
    let start = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, start)) {
      this.#hold(piece.subarray(start, end));
      const line = this.#pending.takeText();
      if (line.trim() !== '') {
        values.push(parseLine(line));
      }
      start = end + 1;
    }
    this.#hold(piece.subarray(start));
    return values;
  }

  #hold(part: Buffer): void {
    if (this.#pending.length + part.length > this.#maxLineBytes) {
      throw new BadLine(`a line of the answer is longer than ${this.#maxLineBytes} bytes`);
    }
    this.#pending.add(part);
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadLine('a line of the answer is no JSON');
  }
}
