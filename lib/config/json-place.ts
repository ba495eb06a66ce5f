import type { JsonPath } from './json-path.js';

/**
 * Where a value stands, as a step from what encloses it; `undefined` is the document. Unlike a
 * path it costs one small object, and most of them never appear in a message.
 */
export interface JsonPlace {
  readonly parent: JsonPlace | undefined;
  readonly segment: string | number;
}

/** The keys and indexes that lead from the document to a place. */
export function pathOf(place: JsonPlace | undefined): JsonPath {
  const path: (string | number)[] = [];
  for (let step = place; step !== undefined; step = step.parent) {
    path.push(step.segment);
  }
  return path.reverse();
}
