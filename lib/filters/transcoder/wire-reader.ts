import { TranscodingError } from './transcoding-error.js';

/** How a value is written in protobuf. */
export const wireType = {
  varint: 0,
  fixed64: 1,
  bytes: 2,
  startGroup: 3,
  endGroup: 4,
  fixed32: 5,
} as const;

/** How deep messages may be nested, in each other or in JSON; protobuf has the same bound. */
export const maxDepth = 100;

const truncated = 'a message is cut off';

/**
 * Where the halves of 64 bits are put together. Shifts of a `bigint` in a loop would do as well, but
 * the optimizing compiler of Node.js 20 crashes on them, and takes the process with it.
 */
const longView = new DataView(new ArrayBuffer(8));

function toLong(low: number, high: number): DataView {
  longView.setUint32(0, high);
  longView.setUint32(4, low);
  return longView;
}

/**
 * Goes through the fields of a protobuf message. Bytes that are no such message make it throw a
 * `TranscodingError`; it never reads beyond its bytes.
 */
export class WireReader {
  readonly #bytes: Buffer;
  #position = 0;
  /** Upper 32 bits of the varint read last. */
  #high = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  /** Returns the field number times eight plus the wire type. */
  readTag(): number {
    const tag = this.readVarint32();
    if (tag < 8) {
      throw new TranscodingError('a message has a field with the number 0');
    }
    return tag;
  }

  /** Returns the lower 32 bits of a varint, without a sign. */
  readVarint32(): number {
    return this.#readShortVarint() ?? this.#readVarint();
  }

  readBool(): boolean {
    return this.#readVarint() + this.#high !== 0;
  }

  readUint64(): bigint {
    const low = this.#readVarint();
    return toLong(low, this.#high).getBigUint64(0);
  }

  readInt64(): bigint {
    const low = this.#readVarint();
    return toLong(low, this.#high).getBigInt64(0);
  }

  /** A number whose sign is in its lowest bit. */
  readSint64(): bigint {
    const low = this.#readVarint();
    const high = this.#high;
    const sign = -(low & 1);
    return toLong(((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign).getBigInt64(0);
  }

  readFixed32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  readFixed64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#advance(8));
  }

  readSfixed64(): bigint {
    return this.#bytes.readBigInt64LE(this.#advance(8));
  }

  readFloat(): number {
    return this.#bytes.readFloatLE(this.#advance(4));
  }

  readDouble(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  /** Returns a view of the bytes, and no copy. */
  readBytes(): Buffer {
    const length = this.#readShortVarint() ?? this.#readVarint() + this.#high * 2 ** 32;
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Goes past the value behind a tag. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case wireType.varint:
        this.#readVarint();
        return;
      case wireType.fixed64:
        this.#advance(8);
        return;
      case wireType.bytes:
        this.readBytes();
        return;
      case wireType.fixed32:
        this.#advance(4);
        return;
      case wireType.startGroup:
        this.#skipGroup(tag, depth);
        return;
      default:
        throw new TranscodingError('a message has a value of an unknown kind');
    }
  }

  /** Groups are of proto2, and none are translated. */
  #skipGroup(startTag: number, depth: number): void {
    if (depth >= maxDepth) {
      throw new TranscodingError('a message is nested too deep');
    }
    const endTag = startTag - wireType.startGroup + wireType.endGroup;
    for (let tag = this.readTag(); tag !== endTag; tag = this.readTag()) {
      this.skip(tag, depth + 1);
    }
  }

  /** Returns the lower 32 bits of a varint; `#high` has the upper ones. */
  #readVarint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#position];
      if (byte === undefined) {
        throw new TranscodingError(truncated);
      }
      this.#position++;
      if (shift < 28) {
        low |= (byte & 127) << shift;
      } else if (shift === 28) {
        low |= (byte & 127) << 28;
        high = (byte & 127) >>> 4;
      } else {
        high |= (byte & 127) << (shift - 32);
      }
      if (byte < 128) {
        this.#high = high >>> 0;
        return low >>> 0;
      }
    }
    throw new TranscodingError('a number in a message has too many bytes');
  }

  /** Returns a varint of at most four bytes, as nearly all are; else it stays where it is. */
  #readShortVarint(): number | undefined {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.#bytes[this.#position + i];
      if (byte === undefined) {
        return undefined;
      }
      value |= (byte & 127) << (7 * i);
      if (byte < 128) {
        this.#position += i + 1;
        return value;
      }
    }
    return undefined;
  }

  /** Returns where the bytes begin that it has gone past. */
  #advance(length: number): number {
    const start = this.#position;
    if (length > this.#bytes.length - start) {
      throw new TranscodingError(truncated);
    }
    this.#position = start + length;
    return start;
  }
}
