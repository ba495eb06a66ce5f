import type { PatternNode } from '../../lib/base/pattern/node.js';

/** Goes on with the rest of the pattern at a position; says whether all of it matches. */
type Rest = (position: number) => boolean;

/**
 * Counts the steps that an engine which backtracks takes to match a whole text: one for each
 * character compared and each way tried. Stops counting at `limit`.
 */
export function countBacktrackingSteps(root: PatternNode, text: string, limit: number): number {
  let steps = 0;

  function match(node: PatternNode, position: number, rest: Rest): boolean {
    if (++steps >= limit) {
      // As if it matched: nothing more is tried.
      return true;
    }
    switch (node.kind) {
      case 'set':
        return isIn(node.set, text.charCodeAt(position)) && rest(position + 1);
      case 'place':
        throw new Error('places are never left to backtracking');
      case 'sequence':
        return matchItems(node.items, 0, position, rest);
      case 'choice':
        return node.items.some((item) => match(item, position, rest));
      case 'repeat':
        return matchCopies(node.item, node.min, node.max, position, rest);
      case 'lookahead':
        return match(node.item, position, () => true) !== node.isNegative && rest(position);
    }
  }

  function matchItems(
    items: readonly PatternNode[],
    index: number,
    position: number,
    rest: Rest,
  ): boolean {
    const item = items[index];
    return item === undefined
      ? rest(position)
      : match(item, position, (next) => matchItems(items, index + 1, next, rest));
  }

  function matchCopies(
    item: PatternNode,
    min: number,
    max: number,
    position: number,
    rest: Rest,
  ): boolean {
    const isMore = max > 0 && position <= text.length;
    const hasMatched =
      isMore && match(item, position, (next) => matchCopies(item, min - 1, max - 1, next, rest));
    return hasMatched || (min <= 0 && rest(position));
  }

  match(root, 0, (position) => ++steps >= limit || position === text.length);
  return steps;
}

function isIn(set: readonly number[], unit: number): boolean {
  for (let index = 0; index < set.length; index += 2) {
    if (unit >= (set[index] ?? 0) && unit <= (set[index + 1] ?? 0)) {
      return true;
    }
  }
  return false;
}
