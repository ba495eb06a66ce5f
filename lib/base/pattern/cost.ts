import { allChars, areDisjoint, type CharSet, charSetOf, endOfText, unionOf } from './char-set.js';
import type { ChoiceNode, PatternNode, RepeatNode, SequenceNode } from './node.js';

/** An upper bound: `fixed`, plus `perChar` for each character of the text. */
interface Bound {
  readonly fixed: number;
  readonly perChar: number;
}

/** What a node costs an engine that backtracks, each time the engine comes to it. */
interface Cost {
  /** How many ways to match it the engine may try before it gives up. */
  readonly ways: Bound;
  /** How many steps all these ways take together. */
  readonly steps: Bound;
}

/** What may come after the end of a lookahead. */
const anything: CharSet = unionOf([allChars, charSetOf(endOfText)]);

const once: Bound = { fixed: 1, perChar: 0 };
const nothing: Bound = { fixed: 0, perChar: 0 };

/** Bounds above these send a pattern to the linear engine, which is then the faster one. */
const maxFixedSteps = 20_000;
const maxStepsPerChar = 50;

/**
 * Whether an engine that backtracks decides every text in a time that grows with its length only,
 * times a small factor. When in doubt, it says no.
 *
 * Backtracking is harmless where the next character alone says which way to go: the other ways then
 * end at once when they are tried. So a loop or a choice whose ways begin with different characters
 * (also different from those that may follow) counts as one way. Any other loop over one character
 * may end at each character of the text, and what follows it is tried that many times. The
 * product of these numbers must stay linear: one such loop is allowed, followed by something short;
 * two are not, because `.*a.*b` takes quadratic time.
 */
export function isLinearWithBacktracking(root: PatternNode): boolean {
  const steps = costOf(root, charSetOf(endOfText))?.steps;
  return steps !== undefined && steps.fixed <= maxFixedSteps && steps.perChar <= maxStepsPerChar;
}

/** @param follow What may come after the node. */
function costOf(node: PatternNode, follow: CharSet): Cost | undefined {
  switch (node.kind) {
    case 'set':
      return { ways: once, steps: once };
    case 'place':
      // Rare inside a pattern; not worth a proof.
      return undefined;
    case 'sequence':
      return costOfSequence(node, follow);
    case 'choice':
      return costOfChoice(node, follow);
    case 'repeat':
      return costOfRepeat(node, follow);
    case 'lookahead': {
      // Nothing goes back into it: it says yes or no, once for each way to get there.
      const cost = costOf(node.item, anything);
      return cost && { ways: once, steps: cost.steps };
    }
  }
}

function costOfSequence(node: SequenceNode, follow: CharSet): Cost | undefined {
  const follows = followsOf(node, follow);
  let ways = once;
  let steps = nothing;
  for (const [index, item] of node.items.entries()) {
    const cost = costOf(item, follows[index] ?? follow);
    const itemSteps = cost && product(ways, cost.steps);
    const itemWays = cost && product(ways, cost.ways);
    if (itemSteps === undefined || itemWays === undefined) {
      return undefined;
    }
    steps = sum(steps, itemSteps);
    ways = itemWays;
  }
  return { ways, steps };
}

function costOfChoice(node: ChoiceNode, follow: CharSet): Cost | undefined {
  let ways = nothing;
  let steps = nothing;
  for (const item of node.items) {
    const cost = costOf(item, follow);
    if (cost === undefined) {
      return undefined;
    }
    steps = sum(steps, cost.steps);
    ways = sum(ways, cost.ways);
  }
  return { ways: isDecided(node, follow) ? once : ways, steps };
}

function costOfRepeat(node: RepeatNode, follow: CharSet): Cost | undefined {
  if (isDecided(node, follow)) {
    const isBounded = node.maxLength !== Number.POSITIVE_INFINITY;
    return { ways: once, steps: { fixed: node.size, perChar: isBounded ? 0 : node.size } };
  }
  if (node.max !== Number.POSITIVE_INFINITY) {
    return costOfCopies(node, follow);
  }
  const anyLength: Bound = { fixed: 1, perChar: 1 };
  return node.item.kind === 'set' ? { ways: anyLength, steps: anyLength } : undefined;
}

/** Each copy of the item is tried for each way to match the copies before it. */
function costOfCopies(node: RepeatNode, follow: CharSet): Cost | undefined {
  const cost = costOf(node.item, unionOf([node.item.first, follow]));
  let reached: Bound | undefined = once;
  let ways = node.min === 0 ? once : nothing;
  let steps = nothing;
  for (let copy = 1; copy <= node.max; copy++) {
    const copySteps: Bound | undefined = cost && product(reached, cost.steps);
    reached = cost && product(reached, cost.ways);
    if (copySteps === undefined || reached === undefined || steps.fixed > maxFixedSteps) {
      return undefined;
    }
    steps = sum(steps, copySteps);
    ways = copy < node.min ? ways : sum(ways, reached);
  }
  return { ways, steps };
}

/** Whether the next character alone decides every choice inside the node, and when it ends. */
function isDecided(node: PatternNode, follow: CharSet): boolean {
  switch (node.kind) {
    case 'set':
      return true;
    case 'place':
      return false;
    case 'sequence': {
      const follows = followsOf(node, follow);
      return node.items.every((item, index) => isDecided(item, follows[index] ?? follow));
    }
    case 'choice':
      return (
        areDisjoint(node.items.map((item) => beginningsOf(item, follow))) &&
        node.items.every((item) => isDecided(item, follow))
      );
    case 'lookahead':
      return node.item.maxLength !== Number.POSITIVE_INFINITY && isDecided(node.item, anything);
    case 'repeat':
      return (
        !node.item.nullable &&
        (node.min === node.max || areDisjoint([node.item.first, follow])) &&
        isDecided(node.item, node.max === 1 ? follow : unionOf([node.item.first, follow]))
      );
  }
}

/** What a text may begin with from the node on. */
function beginningsOf(node: PatternNode, follow: CharSet): CharSet {
  return node.nullable ? unionOf([node.first, follow]) : node.first;
}

/** For each item of a sequence, what may come after it. */
function followsOf(node: SequenceNode, follow: CharSet): CharSet[] {
  const follows: CharSet[] = [];
  let next = follow;
  for (const item of node.items.toReversed()) {
    follows.push(next);
    next = beginningsOf(item, next);
  }
  return follows.reverse();
}

function sum(a: Bound, b: Bound): Bound {
  return { fixed: a.fixed + b.fixed, perChar: a.perChar + b.perChar };
}

/** Returns `undefined` if the product is no longer linear. */
function product(a: Bound, b: Bound): Bound | undefined {
  return a.perChar > 0 && b.perChar > 0
    ? undefined
    : { fixed: a.fixed * b.fixed, perChar: a.fixed * b.perChar + a.perChar * b.fixed };
}
