import type { PatternNode } from './node.js';
import { choiceNode, emptyNode, sequenceNode } from './tree.js';

/**
 * Removes `^` and `$` where a match of the whole text is at its start and end anyway.
 *
 * @param atStart Whether nothing can stand before the node in the text.
 * @param atEnd Whether nothing can stand after it.
 */
export function withoutOuterPlaces(node: PatternNode, atStart = true, atEnd = true): PatternNode {
  if (node.kind === 'place') {
    return (node.place === '^' && atStart) || (node.place === '$' && atEnd) ? emptyNode : node;
  }
  if (node.kind === 'choice') {
    return choiceNode(node.items.map((item) => withoutOuterPlaces(item, atStart, atEnd)));
  }
  if (node.kind !== 'sequence' || node.items.length === 0) {
    return node;
  }
  const isPlace = (item: PatternNode | undefined, place: '^' | '$'): boolean =>
    item?.kind === 'place' && item.place === place;
  let from = 0;
  let to = node.items.length;
  while (atStart && from < to && isPlace(node.items[from], '^')) {
    from++;
  }
  while (atEnd && to > from && isPlace(node.items[to - 1], '$')) {
    to--;
  }
  const items = node.items.slice(from, to);
  const last = items.length - 1;
  return sequenceNode(
    items.map((item, index) =>
      withoutOuterPlaces(item, atStart && index === 0, atEnd && index === last),
    ),
  );
}
