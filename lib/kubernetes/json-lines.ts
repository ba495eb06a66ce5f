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
  #pieces: Buffer[] = [];
  #pendingBytes = 0;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** Returns the lines that are complete with this piece. Throws `BadLine` for one that is too long or no JSON. */
  push(piece: Buffer): unknown[] {
    const values: unknown[] = [];
    let start = 0;
    for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, start)) {
      this.#hold(piece.subarray(start, end));
      const line = this.#take();
      if (line.trim() !== '') {
        values.push(parseLine(line));
      }
      start = end + 1;
    }
    this.#hold(piece.subarray(start));
    return values;
  }

  #hold(part: Buffer): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#maxLineBytes) {
      throw new BadLine(`a line of the answer is longer than ${this.#maxLineBytes} bytes`);
    }
    if (part.length > 0) {
      this.#pieces.push(part);
    }
  }

  #take(): string {
    const line = Buffer.concat(this.#pieces).toString('utf8');
    this.#pieces = [];
    this.#pendingBytes = 0;
    return line;
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadLine('a line of the answer is no JSON');
  }
}
