import type { JsonPath } from './json-path.js';

/** Places of a document that are looked for, by the steps that lead to them. */
export class PlaceTree {
  /** Where the place begins in the text; `undefined` until it has been found. */
  offset: number | undefined = undefined;
  readonly #children = new Map<string | number, PlaceTree>();

  /** The step from here, if places beyond it are looked for. */
  child(segment: string | number): PlaceTree | undefined {
    return this.#children.get(segment);
  }

  /** Looks for a place, and for everything on the way there. */
  add(path: JsonPath): void {
    let tree: PlaceTree = this;
    for (const segment of path) {
      let next = tree.#children.get(segment);
      if (next === undefined) {
        next = new PlaceTree();
        tree.#children.set(segment, next);
      }
      tree = next;
    }
  }

  /** The offset of what a path leads to, as far as it leads. */
  offsetOf(path: JsonPath, rootOffset: number): number {
    let offset = rootOffset;
    let tree: PlaceTree | undefined = this;
    for (const segment of path) {
      tree = tree.#children.get(segment);
      if (tree?.offset === undefined) {
        break;
      }
      offset = tree.offset;
    }
    return offset;
  }
}
