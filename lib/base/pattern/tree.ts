import { allChars, type CharSet, isSameSet, noChars, unionOf } from './char-set.js';
import type {
  ChoiceNode,
  LookaheadNode,
  PatternNode,
  PlaceNode,
  RepeatNode,
  SequenceNode,
  SetNode,
} from './node.js';

/** Matches the empty text. */
export const emptyNode: SequenceNode = {
  kind: 'sequence',
  items: [],
  nullable: true,
  first: noChars,
  size: 0,
  maxLength: 0,
};

/** Makes a node that matches one character of the set. */
export function setNode(set: CharSet): SetNode {
  return { kind: 'set', set, nullable: false, first: set, size: 1, maxLength: 1 };
}

/** Makes a node that matches at a place and takes no character. */
export function placeNode(place: PlaceNode['place']): PlaceNode {
  return { kind: 'place', place, nullable: true, first: noChars, size: 1, maxLength: 0 };
}

/**
 * Makes a node that looks at what follows and takes no character. It counts as beginning with any
 * character: whoever comes to it has to look, so the next character alone decides nothing.
 */
export function lookaheadNode(
  item: PatternNode,
  isNegative: boolean,
  position: number,
): LookaheadNode {
  const size = Math.max(item.size, 1);
  const facts = { nullable: true, first: allChars, size, maxLength: 0 };
  return { kind: 'lookahead', item, isNegative, position, ...facts };
}

/** Makes a node that matches the items one after the other. */
export function sequenceNode(parts: readonly PatternNode[]): PatternNode {
  const items: PatternNode[] = [];
  for (const part of parts) {
    for (const item of itemsOf(part)) {
      const merged = mergeRepeats(items.at(-1), item);
      if (merged === undefined) {
        items.push(item);
      } else {
        items[items.length - 1] = merged;
      }
    }
  }
  if (items.length <= 1) {
    return items[0] ?? emptyNode;
  }
  return {
    kind: 'sequence',
    items,
    nullable: items.every((item) => item.nullable),
    first: firstOfSequence(items),
    size: total(items, (item) => item.size),
    maxLength: total(items, (item) => item.maxLength),
  };
}

/** Makes a node that matches what any of the items matches. */
export function choiceNode(parts: readonly PatternNode[]): PatternNode {
  const sets: CharSet[] = [];
  const others: PatternNode[] = [];
  let isOptional = false;
  for (const part of parts) {
    for (const item of part.kind === 'choice' ? part.items : [part]) {
      if (item.kind === 'set') {
        sets.push(item.set);
      } else if (item === emptyNode) {
        isOptional = true;
      } else {
        others.push(item);
      }
    }
  }
  const factored = factorPrefixes(others);
  const items = sets.length === 0 ? factored : [setNode(unionOf(sets)), ...factored];
  const node = items.length <= 1 ? (items[0] ?? emptyNode) : makeChoice(items);
  return isOptional ? repeatNode(node, 0, 1) : node;
}

/**
 * Writes what several items begin with only once: `users|uploads` is `u(?:sers|ploads)`. Then the
 * next character decides between the items, in most lists of words.
 */
function factorPrefixes(items: readonly PatternNode[]): PatternNode[] {
  const groups = new Map<PatternNode | string, PatternNode[]>();
  for (const item of items) {
    const [head] = leadingSets(item, 1);
    const key = head === undefined ? item : String(head.set);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, [item]);
    } else {
      group.push(item);
    }
  }
  return [...groups.values()].map((group) => {
    const [first = emptyNode] = group;
    if (group.length === 1) {
      return first;
    }
    let prefix = leadingSets(first, first.size);
    for (const item of group) {
      const other = leadingSets(item, prefix.length);
      const end = other.findIndex(({ set }, index) => !isSameSet(set, prefix[index]?.set ?? []));
      prefix = prefix.slice(0, end < 0 ? other.length : end);
    }
    const rests = group.map((item) => sequenceNode(itemsOf(item).slice(prefix.length)));
    return sequenceNode([...prefix, choiceNode(rests)]);
  });
}

/** The single characters at the start of a node, at most `count` of them. */
function leadingSets(node: PatternNode, count: number): SetNode[] {
  const sets: SetNode[] = [];
  for (const item of itemsOf(node)) {
    if (item.kind !== 'set' || sets.length === count) {
      break;
    }
    sets.push(item);
  }
  return sets;
}

function itemsOf(node: PatternNode): readonly PatternNode[] {
  return node.kind === 'sequence' ? node.items : [node];
}

function makeChoice(items: readonly PatternNode[]): ChoiceNode {
  return {
    kind: 'choice',
    items,
    nullable: items.some((item) => item.nullable),
    first: unionOf(items.map((item) => item.first)),
    size: total(items, (item) => item.size),
    maxLength: items.reduce((longest, item) => Math.max(longest, item.maxLength), 0),
  };
}

/** Makes a node that matches the item, `min` to `max` times in a row. */
export function repeatNode(item: PatternNode, min: number, max: number): PatternNode {
  if (max === 0 || item === emptyNode) {
    return emptyNode;
  }
  if (min === 1 && max === 1) {
    return item;
  }
  if (item.kind === 'repeat' && isOneRepeat(item, min, max)) {
    return repeatNode(item.item, item.min * min, item.max * max);
  }
  const copies = max === Number.POSITIVE_INFINITY ? Math.max(min, 1) : max;
  return {
    kind: 'repeat',
    item,
    min,
    max,
    nullable: min === 0 || item.nullable,
    first: item.first,
    size: Math.max(item.size, 1) * copies,
    maxLength: item.maxLength === 0 ? 0 : item.maxLength * max,
  };
}

/** Whether a repetition of a repetition is a single one: `(a+)+` is `a+`, but `(aa)+` is not. */
function isOneRepeat(inner: RepeatNode, min: number, max: number): boolean {
  const isUnbounded =
    inner.max === Number.POSITIVE_INFINITY || (max === Number.POSITIVE_INFINITY && min <= 1);
  return inner.min <= 1 && (isUnbounded || (inner.max === 1 && min <= 1 && max === 1));
}

/** `a*a` is `a+`, and `a+a*` too: one loop, where two would share out the text in many ways. */
function mergeRepeats(left: PatternNode | undefined, right: PatternNode): PatternNode | undefined {
  if (left?.kind !== 'repeat' && right.kind !== 'repeat') {
    return undefined;
  }
  const a = asRepeatedSet(left);
  const b = asRepeatedSet(right);
  return a !== undefined && b !== undefined && isSameSet(a.item.set, b.item.set)
    ? repeatNode(a.item, a.min + b.min, a.max + b.max)
    : undefined;
}

function asRepeatedSet(
  node: PatternNode | undefined,
): { item: SetNode; min: number; max: number } | undefined {
  if (node?.kind === 'set') {
    return { item: node, min: 1, max: 1 };
  }
  return node?.kind === 'repeat' && node.item.kind === 'set'
    ? { item: node.item, min: node.min, max: node.max }
    : undefined;
}

function firstOfSequence(items: readonly PatternNode[]): CharSet {
  const firsts: CharSet[] = [];
  for (const item of items) {
    firsts.push(item.first);
    if (!item.nullable) {
      break;
    }
  }
  return unionOf(firsts);
}

function total(items: readonly PatternNode[], of: (item: PatternNode) => number): number {
  return items.reduce((sum, item) => sum + of(item), 0);
}
