/** Says why a pattern is refused. Thrown while it is read; `compilePattern` makes it a value. */
export class PatternProblem extends Error {}

/** A place in the source of a pattern. */
export class Cursor {
  readonly source: string;
  /** Index of the next character. */
  position = 0;

  constructor(source: string) {
    this.source = source;
  }

  get isAtEnd(): boolean {
    return this.position >= this.source.length;
  }

  /** Whether the source goes on with a text. */
  isAt(text: string): boolean {
    return this.source.startsWith(text, this.position);
  }

  /** Passes over a text if the source goes on with it; says whether it does. */
  take(text: string): boolean {
    const isThere = this.isAt(text);
    if (isThere) {
      this.position += text.length;
    }
    return isThere;
  }

  /** Returns the next character and passes over it; an empty string at the end. */
  next(): string {
    return this.source.charAt(this.position++);
  }

  /** Returns what a regular expression with the flag `y` matches here, and passes over it. */
  match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.position;
    const match = sticky.exec(this.source);
    this.position += match?.[0].length ?? 0;
    return match ?? undefined;
  }

  /** Makes the problem, with the place where it is; `index` counts from 0, the message from 1. */
  problem(what: string, howToMend: string, index: number): PatternProblem {
    // The source has a character for each byte; a person counts whole characters.
    const before = Buffer.from(this.source.slice(0, index), 'latin1').toString('utf8');
    return new PatternProblem(`${what} at character ${[...before].length + 1}; ${howToMend}`);
  }
}
