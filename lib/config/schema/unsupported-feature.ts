/** Something of the v1 schema that we know and do not support yet. All texts are clauses. */
export interface UnsupportedFeature {
  /** Why it is refused: what is not there yet. */
  readonly reason: string;
  /** What to do in its place; without it the advice is to remove what stands there. */
  readonly instead?: string;
  /**
   * The enclosing thing that goes too when this is left out, because without it that thing would
   * do something else than the file says, or let through what the file forbids.
   */
  readonly leavesOut?: string;
  /** What follows when it is left out. */
  readonly without: string;
  /** Whether a value asks for nothing, as the default does, and so is accepted. */
  readonly isHarmless?: (value: unknown) => boolean;
}

/** Values that ask for nothing. */
export const isFalse = (value: unknown): boolean => value === false;
export const isZero = (value: unknown): boolean => value === 0;
export const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;
