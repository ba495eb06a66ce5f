import type { LookaheadNode, PatternNode } from './node.js';

/** Returns the first node that looks ahead, which the linear engine cannot do. */
export function findLookahead(node: PatternNode): LookaheadNode | undefined {
  switch (node.kind) {
    case 'set':
    case 'place':
      return undefined;
    case 'lookahead':
      return node;
    case 'repeat':
      return findLookahead(node.item);
    case 'sequence':
    case 'choice':
      for (const item of node.items) {
        const found = findLookahead(item);
        if (found !== undefined) {
          return found;
        }
      }
      return undefined;
  }
}
