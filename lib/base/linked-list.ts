/** What a `LinkedList` is made of. The two links are the list's business alone. */
export interface Linked<Entry> {
  previous: Entry | undefined;
  next: Entry | undefined;
}

/**
 * Entries in the order in which they came. They carry the links themselves, so that adding and
 * removing allocate nothing. An entry is in one list at a time.
 *
 * For what comes and goes with each request it takes the place of a `Set`. Such a set grows a new table
 * again and again, and V8 has each old table point at the next one. A collection of the young
 * generation takes a table that has become old for alive, and with it all tables since and the
 * requests in them: with a thousand requests at once, all of them became old garbage.
 */
export class LinkedList<Entry extends Linked<Entry>> {
  #first: Entry | undefined = undefined;
  #last: Entry | undefined = undefined;
  #size = 0;

  get first(): Entry | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** Appends an entry that is in no list. */
  append(entry: Entry): void {
    const last = this.#last;
    entry.previous = last;
    entry.next = undefined;
    if (last === undefined) {
      this.#first = entry;
    } else {
      last.next = entry;
    }
    this.#last = entry;
    this.#size++;
  }

  /** Takes an entry of this list out; does nothing if it is in no list. */
  remove(entry: Entry): void {
    const { previous, next } = entry;
    if (previous === undefined && this.#first !== entry) {
      return;
    }
    if (previous === undefined) {
      this.#first = next;
    } else {
      previous.next = next;
    }
    if (next === undefined) {
      this.#last = previous;
    } else {
      next.previous = previous;
    }
    // Else whoever keeps the entry would keep those that came behind it.
    entry.previous = undefined;
    entry.next = undefined;
    this.#size--;
  }

  /** Returns what is in the list now, for a loop in which entries come and go. */
  toArray(): Entry[] {
    const entries: Entry[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.next) {
      entries.push(entry);
    }
    return entries;
  }
}
