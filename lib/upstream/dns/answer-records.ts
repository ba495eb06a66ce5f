/**
 * So many labels and pointers of all names of an answer are followed. The largest answer of names that
 * anybody uses takes a fraction of that; pointers to pointers can make millions of 64 KB, for which
 * the event loop would stand still.
 */
const maxSteps = 0x10000;

/** Type, class, time to live, and the length of the data. */
const fixedBytes = 10;
const lengthOffset = 8;

/** The types that are read, by their codes. */
const typeA = 1;
const typeCname = 5;
const typeAaaa = 28;
const typeSrv = 33;

/** Priority, weight and port. */
const serviceBytes = 6;

const firstPointer = 0xc0;
const maxLabelBytes = 63;

/**
 * Returns the bytes of those of the first `count` records from `start` on that are read: `A`, `AAAA`,
 * `CNAME` and `SRV`. `undefined` if any is malformed, or their names are too much work. What is
 * returned can be decoded without another look at its bounds.
 */
export function findRecords(message: Buffer, start: number, count: number): Buffer[] | undefined {
  const names = new NameWalk(message);
  const found: Buffer[] = [];
  let at = start;
  for (let i = 0; i < count; i++) {
    const fixed = names.endOf(at);
    if (fixed === undefined || fixed + fixedBytes > message.length) {
      return undefined;
    }
    const data = fixed + fixedBytes;
    const end = data + message.readUInt16BE(fixed + lengthOffset);
    const type = message.readUInt16BE(fixed);
    if (end > message.length) {
      return undefined;
    }
    if (isRead(type)) {
      if (endOfData(names, type, data) !== end) {
        return undefined;
      }
      found.push(message.subarray(at, end));
    }
    at = end;
  }
  return found;
}

function isRead(type: number): boolean {
  return type === typeA || type === typeAaaa || type === typeCname || type === typeSrv;
}

/** Where the data end by what they say themselves; `undefined` if their name is malformed. */
function endOfData(names: NameWalk, type: number, data: number): number | undefined {
  switch (type) {
    case typeA:
      return data + 4;
    case typeAaaa:
      return data + 16;
    case typeCname:
      return names.endOf(data);
    default:
      return names.endOf(data + serviceBytes);
  }
}

/** Walks over the names of one message, and counts its steps. */
class NameWalk {
  readonly #message: Buffer;
  #steps = 0;

  constructor(message: Buffer) {
    this.#message = message;
  }

  /** Returns where the name at `start` ends; `undefined` if it has no end that may be looked for. */
  endOf(start: number): number | undefined {
    const message = this.#message;
    let at = start;
    /** Pointers lead to before what they belong to (RFC 1035, section 4.1.4), so not in a circle. */
    let limit = start;
    let end: number | undefined;
    while (this.#steps < maxSteps && at < message.length) {
      this.#steps++;
      const first = message.readUInt8(at);
      if (first === 0) {
        return end ?? at + 1;
      }
      if (first <= maxLabelBytes) {
        at += 1 + first;
        continue;
      }
      if (first < firstPointer || at + 2 > message.length) {
        return undefined;
      }
      end ??= at + 2;
      at = message.readUInt16BE(at) & 0x3fff;
      if (at >= limit) {
        return undefined;
      }
      limit = at;
    }
    return undefined;
  }
}
