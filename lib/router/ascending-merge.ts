/** A list under way. */
interface Cursor {
  readonly list: readonly number[];
  position: number;
  /** The number at `position`. */
  current: number;
}

/**
 * Yields the numbers of many ascending lists in ascending order, one at a time.
 *
 * Costs one step for each list to begin with, and a logarithm of their number for each number taken:
 * who stops at the first number has not paid for the order of the others. The lists stay untouched.
 */
export class AscendingMerge {
  /** A binary heap by `current`: none is above its two children, at `2i + 1` and `2i + 2`. */
  readonly #heap: Cursor[];

  constructor(lists: readonly (readonly number[])[]) {
    this.#heap = lists.flatMap((list) => {
      const [current] = list;
      return current === undefined ? [] : [{ list, position: 0, current }];
    });
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) {
      this.#siftDown(i);
    }
  }

  /** Returns the next number, or `undefined` after the last one. */
  next(): number | undefined {
    const [top] = this.#heap;
    if (top === undefined) {
      return undefined;
    }
    const { current } = top;
    top.position++;
    const following = top.list[top.position];
    if (following !== undefined) {
      top.current = following;
    } else {
      const last = this.#heap.pop();
      if (last !== undefined && last !== top) {
        this.#heap[0] = last;
      }
    }
    this.#siftDown(0);
    return current;
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    let i = start;
    for (;;) {
      const lower = this.#lowerOf(2 * i + 1, 2 * i + 2);
      const cursor = heap[i];
      const child = heap[lower];
      if (cursor === undefined || child === undefined || cursor.current <= child.current) {
        return;
      }
      heap[i] = child;
      heap[lower] = cursor;
      i = lower;
    }
  }

  #lowerOf(left: number, right: number): number {
    const a = this.#heap[left]?.current ?? Number.POSITIVE_INFINITY;
    const b = this.#heap[right]?.current ?? Number.POSITIVE_INFINITY;
    return b < a ? right : left;
  }
}
