import { wireType } from './wire-reader.js';

const longView = new DataView(new ArrayBuffer(8));

/** Writes a protobuf message. */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafe(256);
  #length = 0;

  /** Returns what has been written; nothing may be written any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  tag(number: number, type: number): void {
    this.varint32(number * 8 + type);
  }

  /** `value` from 0 to 2^32 - 1. */
  varint32(value: number): void {
    const start = this.#grow(5);
    let length = 0;
    for (let rest = value; ; rest >>>= 7) {
      if (rest < 128) {
        this.#bytes[start + length++] = rest;
        break;
      }
      this.#bytes[start + length++] = (rest & 127) | 128;
    }
    this.#length = start + length;
  }

  /** Writes the 64 bits of a number, with a sign or without. */
  varint64(value: bigint): void {
    longView.setBigUint64(0, value);
    this.#varint(longView.getUint32(4), longView.getUint32(0));
  }

  /** The same with the sign in the lowest bit. */
  zigZag64(value: bigint): void {
    longView.setBigInt64(0, value);
    const low = longView.getUint32(4);
    const high = longView.getInt32(0);
    const sign = high >> 31;
    this.#varint(((low << 1) ^ sign) >>> 0, (((high << 1) | (low >>> 31)) ^ sign) >>> 0);
  }

  fixed32(value: number): void {
    const start = this.#grow(4);
    this.#length = this.#bytes.writeUInt32LE(value >>> 0, start);
  }

  fixed64(value: bigint): void {
    const start = this.#grow(8);
    longView.setBigUint64(0, value);
    this.#bytes.writeUInt32LE(longView.getUint32(4), start);
    this.#length = this.#bytes.writeUInt32LE(longView.getUint32(0), start + 4);
  }

  float(value: number): void {
    const start = this.#grow(4);
    this.#length = this.#bytes.writeFloatLE(value, start);
  }

  double(value: number): void {
    const start = this.#grow(8);
    this.#length = this.#bytes.writeDoubleLE(value, start);
  }

  /** Writes a length and the bytes. */
  bytes(bytes: Uint8Array): void {
    this.varint32(bytes.length);
    const start = this.#grow(bytes.length);
    this.#bytes.set(bytes, start);
    this.#length = start + bytes.length;
  }

  /** Writes a length and the text in UTF-8. */
  text(text: string): void {
    const length = Buffer.byteLength(text);
    this.varint32(length);
    const start = this.#grow(length);
    this.#length = start + this.#bytes.write(text, start, 'utf8');
  }

  /** Writes a field whose value is what `write` writes: a message, or packed values. */
  nested(number: number, write: () => void): void {
    this.tag(number, wireType.bytes);
    const start = this.#length;
    // Nearly all lengths are of one byte; for the others the value is moved.
    this.#byte(0);
    write();
    const length = this.#length - start - 1;
    let extra = 0;
    for (let rest = length >>> 7; rest > 0; rest >>>= 7) {
      extra++;
    }
    // With room for the length itself, so that writing it moves nothing.
    this.#grow(extra + 5);
    if (extra > 0) {
      this.#bytes.copyWithin(start + 1 + extra, start + 1, this.#length);
    }
    const end = this.#length + extra;
    this.#length = start;
    this.varint32(length);
    this.#length = end;
  }

  /** Takes the halves as numbers: see the reader for why. */
  #varint(lowHalf: number, highHalf: number): void {
    let low = lowHalf;
    let high = highHalf;
    while (high > 0 || low > 127) {
      this.#byte((low & 127) | 128);
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#byte(low);
  }

  #byte(value: number): void {
    const start = this.#grow(1);
    this.#bytes[start] = value;
    this.#length = start + 1;
  }

  /** Makes room behind what is written, and returns where that ends. */
  #grow(room: number): number {
    const needed = this.#length + room;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    return this.#length;
  }
}
