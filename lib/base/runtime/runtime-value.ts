/** One value of the runtime. */
export interface RuntimeValue {
  /** As it was written, without blanks and newlines at its end. */
  readonly text: string;
  /** `undefined` if the text is no number; whoever asks for one gets its default then. */
  readonly number: number | undefined;
}

/** Values by their keys, such as `routing.new`. Never edited, only replaced. */
export type RuntimeValues = ReadonlyMap<string, RuntimeValue>;

/**
 * Reads one value: reference 10.1. Blanks and newlines around a number do not count; within it they
 * make it none, so that two numbers in one file are not taken for a large one.
 *
 * A sign makes it none as well: Envoy reads `-1` as a huge number, so that a share that somebody
 * meant to be nothing would be everything. Neither is a number that JavaScript cannot hold exactly.
 */
export function parseRuntimeValue(written: string): RuntimeValue {
  const text = written.trimEnd();
  const number = /^\s*\d+$/.test(text) ? Number(text) : undefined;
  return { text, number: Number.isSafeInteger(number) ? number : undefined };
}
