/** Which end of a text the keys of a tree are compared with. */
export type TextEnd = 'start' | 'end';

/** What keys have in common from here on. Labels read as in the text, from whichever end. */
interface TreeNode<T> {
  label: string;
  value: T | undefined;
  /** By the character that a label begins with, seen from the end that counts. */
  children: Map<number, TreeNode<T>> | undefined;
}

/**
 * Finds the longest of many keys that a text begins, or ends, with.
 *
 * A look-up walks along the text once, however many keys there are and however many lengths they
 * have. It never reads more of a text than the longest key has characters, so that a hostile text
 * of any length costs no more than a text as long as that key.
 */
export class RadixTree<T> {
  readonly #isFromEnd: boolean;
  readonly #root: TreeNode<T> = { label: '', value: undefined, children: undefined };

  constructor(end: TextEnd) {
    this.#isFromEnd = end === 'end';
  }

  /** Returns the value of the longest key that `text` has at its end, or `undefined`. */
  findLongest(text: string): T | undefined {
    let node = this.#root;
    let found = node.value;
    let depth = 0;
    for (;;) {
      // Past the last character the code is NaN, which no child has.
      const next = node.children?.get(this.#codeAt(text, depth));
      if (next === undefined || !this.#hasLabel(text, next.label, depth)) {
        return found;
      }
      node = next;
      depth += next.label.length;
      found = next.value ?? found;
    }
  }

  /** Sets the value of a key. */
  set(key: string, value: T): void {
    let node = this.#root;
    let rest = key;
    while (rest !== '') {
      const code = this.#codeAt(rest, 0);
      const next = node.children?.get(code);
      if (next === undefined) {
        node.children ??= new Map();
        node.children.set(code, { label: rest, value, children: undefined });
        return;
      }
      const common = this.#commonLength(next.label, rest);
      node = common === next.label.length ? next : this.#split(node, next, common);
      rest = this.#withoutFirst(rest, common);
    }
    node.value = value;
  }

  /** Puts a node between `parent` and `child`, for the first `length` characters of its label. */
  #split(parent: TreeNode<T>, child: TreeNode<T>, length: number): TreeNode<T> {
    const { label } = child;
    const children = new Map<number, TreeNode<T>>();
    const first = this.#isFromEnd ? label.slice(label.length - length) : label.slice(0, length);
    const middle: TreeNode<T> = { label: first, value: undefined, children };
    child.label = this.#withoutFirst(label, length);
    children.set(this.#codeAt(child.label, 0), child);
    parent.children?.set(this.#codeAt(first, 0), middle);
    return middle;
  }

  #codeAt(text: string, depth: number): number {
    return text.charCodeAt(this.#isFromEnd ? text.length - 1 - depth : depth);
  }

  #hasLabel(text: string, label: string, depth: number): boolean {
    // One character has been compared by looking up the node.
    return (
      label.length === 1 ||
      (this.#isFromEnd ? text.endsWith(label, text.length - depth) : text.startsWith(label, depth))
    );
  }

  #withoutFirst(text: string, length: number): string {
    return this.#isFromEnd ? text.slice(0, text.length - length) : text.slice(length);
  }

  #commonLength(a: string, b: string): number {
    const longest = Math.min(a.length, b.length);
    let length = 0;
    while (length < longest && this.#codeAt(a, length) === this.#codeAt(b, length)) {
      length++;
    }
    return length;
  }
}
