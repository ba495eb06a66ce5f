import type { PatternNode } from './node.js';

/**
 * How many places of a pattern a text may be at after the same character, at most: for `[ab]{9}c`
 * that is 9. What the linear engine does for one character grows with this number.
 */
export function widthOf(root: PatternNode): number {
  const changes = new Map<number, number>();
  collectChanges(root, 1, changes);
  let width = 0;
  let widest = 0;
  for (const [, change] of [...changes].sort(([a], [b]) => a - b)) {
    width += change;
    widest = Math.max(widest, width);
  }
  return widest;
}

/** Notes for each set where it begins and ends, once for each copy that repetitions make of it. */
function collectChanges(node: PatternNode, copies: number, changes: Map<number, number>): void {
  switch (node.kind) {
    case 'set':
      for (const [index, bound] of node.set.entries()) {
        const [unit, change] = index % 2 === 0 ? [bound, copies] : [bound + 1, -copies];
        changes.set(unit, (changes.get(unit) ?? 0) + change);
      }
      break;
    case 'place':
    case 'lookahead':
      break;
    case 'sequence':
    case 'choice':
      for (const item of node.items) {
        collectChanges(item, copies, changes);
      }
      break;
    case 'repeat': {
      const count = node.max === Number.POSITIVE_INFINITY ? Math.max(node.min, 1) : node.max;
      collectChanges(node.item, copies * count, changes);
    }
  }
}
