import type { JsonPath } from './json-path.js';

/** Where each member and item of the containers of a document begins. */
export type OffsetsByContainer = Map<object, Map<string | number, number>>;

/** The offset of what a path leads to, as far as it leads; `rootOffset` is that of `root`. */
export function findOffset(
  root: unknown,
  rootOffset: number,
  offsets: OffsetsByContainer,
  path: JsonPath,
): number {
  let offset = rootOffset;
  let container = root;
  for (const segment of path) {
    const members =
      typeof container === 'object' && container !== null ? offsets.get(container) : undefined;
    const memberOffset = members?.get(segment);
    if (memberOffset === undefined) {
      break;
    }
    offset = memberOffset;
    // Segment and container fit: the parser noted an offset for exactly this member.
    container = (container as Readonly<Record<string | number, unknown>>)[segment];
  }
  return offset;
}
