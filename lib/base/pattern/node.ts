import type { CharSet } from './char-set.js';

/** What every node of a pattern's tree knows about the texts it matches. */
interface Facts {
  /** Whether it matches the empty text. */
  readonly nullable: boolean;
  /** The characters that a text it matches may begin with. */
  readonly first: CharSet;
  /** Single-character steps when every repetition is written out; `Infinity` if beyond numbers. */
  readonly size: number;
  /** Length of the longest text it matches, `Infinity` if there is none. */
  readonly maxLength: number;
}

/** One character out of a set. An empty set never matches. */
export interface SetNode extends Facts {
  readonly kind: 'set';
  readonly set: CharSet;
}

/** The items one after the other; without items, the empty text. */
export interface SequenceNode extends Facts {
  readonly kind: 'sequence';
  readonly items: readonly PatternNode[];
}

/** Any one of two or more items. */
export interface ChoiceNode extends Facts {
  readonly kind: 'choice';
  readonly items: readonly PatternNode[];
}

/** The item, `min` to `max` times; `max` may be `Infinity`. */
export interface RepeatNode extends Facts {
  readonly kind: 'repeat';
  readonly item: PatternNode;
  readonly min: number;
  readonly max: number;
}

/** A place in the text: its start, its end, a word boundary, or anywhere but at one. */
export interface PlaceNode extends Facts {
  readonly kind: 'place';
  readonly place: '^' | '$' | '\\b' | '\\B';
}

/** What follows must match the item, or must not; it takes no character of the text. */
export interface LookaheadNode extends Facts {
  readonly kind: 'lookahead';
  readonly item: PatternNode;
  readonly isNegative: boolean;
  /** Where it stands in the pattern, from 0 on, for messages. */
  readonly position: number;
}

/**
 * A pattern as a tree.
 *
 * The functions that make nodes also simplify them. They may do so freely as long as the same whole
 * texts match: nobody asks what a group captured, or which of two ways to match was taken.
 */
export type PatternNode =
  | SetNode
  | SequenceNode
  | ChoiceNode
  | RepeatNode
  | PlaceNode
  | LookaheadNode;
