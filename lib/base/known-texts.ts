/**
 * Remembers what has been worked out of texts that come again and again, such as the names of headers.
 *
 * Whoever makes texts up cannot have it grow: long ones are not kept, nor any more when it is full.
 */
export class KnownTexts<Value> {
  readonly #values = new Map<string, Value>();
  readonly #maxEntries: number;
  readonly #maxLength: number;

  /** Keeps up to `maxEntries` texts of up to `maxLength` characters. */
  constructor(maxEntries: number, maxLength: number) {
    this.#maxEntries = maxEntries;
    this.#maxLength = maxLength;
  }

  get(text: string): Value | undefined {
    return this.#values.get(text);
  }

  add(text: string, value: Value): void {
    if (this.#values.size < this.#maxEntries && text.length <= this.#maxLength) {
      this.#values.set(text, value);
    }
  }
}
