import { TranscodingError } from './transcoding-error.js';
import { type WireReader, wireType } from './wire-reader.js';
import type { WireWriter } from './wire-writer.js';

/** A value of a scalar field as JSON has it. */
export type ScalarJson = string | number | boolean;

/** How one of protobuf's scalar types is written, on the wire and in JSON. */
export interface ScalarType {
  readonly name: string;
  readonly wireType: number;
  /** What a field without presence has that is not there. */
  readonly zero: ScalarJson;
  read(reader: WireReader): ScalarJson;
  /** Throws a `TranscodingError` if the type has no such value. */
  write(writer: WireWriter, json: unknown): void;
}

const { varint, fixed32, fixed64, bytes } = wireType;
const twoTo31 = 2 ** 31;
const twoTo32 = 2 ** 32;
const twoTo63 = 2n ** 63n;
const twoTo64 = 2n ** 64n;

/** By their numbers in `FieldDescriptorProto.Type`. */
export const scalarTypes: ReadonlyMap<number, ScalarType> = new Map<number, ScalarType>([
  [
    1,
    {
      name: 'double',
      wireType: fixed64,
      zero: 0,
      read: (reader) => toJsonNumber(reader.readDouble()),
      write: (writer, json) => writer.double(readNumber(json, 'double')),
    },
  ],
  [
    2,
    {
      name: 'float',
      wireType: fixed32,
      zero: 0,
      read: (reader) => toJsonNumber(shortestFloat(reader.readFloat())),
      write: (writer, json) => writer.float(readFloat(json)),
    },
  ],
  [3, long('int64', varint, (reader) => reader.readInt64())],
  [4, long('uint64', varint, (reader) => reader.readUint64())],
  [5, int('int32', varint, (reader) => reader.readVarint32() | 0)],
  [6, long('fixed64', fixed64, (reader) => reader.readFixed64())],
  [7, int('fixed32', fixed32, (reader) => reader.readFixed32())],
  [
    8,
    {
      name: 'bool',
      wireType: varint,
      zero: false,
      read: (reader) => reader.readBool(),
      write: (writer, json) => writer.varint32(Number(readBool(json))),
    },
  ],
  [
    9,
    {
      name: 'string',
      wireType: bytes,
      zero: '',
      read: (reader) => reader.readBytes().toString('utf8'),
      write: (writer, json) => writer.text(readString(json)),
    },
  ],
  [
    12,
    {
      name: 'bytes',
      wireType: bytes,
      zero: '',
      read: (reader) => reader.readBytes().toString('base64'),
      write: (writer, json) => writer.bytes(readBase64(json)),
    },
  ],
  [13, int('uint32', varint, (reader) => reader.readVarint32())],
  [15, int('sfixed32', fixed32, (reader) => reader.readFixed32() | 0)],
  [16, long('sfixed64', fixed64, (reader) => reader.readSfixed64())],
  [17, int('sint32', varint, (reader) => unZigZag32(reader.readVarint32()))],
  [18, long('sint64', varint, (reader) => reader.readSint64())],
]);

/** A type of 32 bits. */
function int(name: string, wire: number, read: (reader: WireReader) => number): ScalarType {
  const isSigned = !/^u|^fixed/.test(name);
  const isZigZag = name === 'sint32';
  return {
    name,
    wireType: wire,
    zero: 0,
    read,
    write(writer, json) {
      const value = readInt32(json, isSigned, name);
      if (wire === fixed32) {
        writer.fixed32(value);
      } else if (isZigZag) {
        writer.varint32(((value << 1) ^ (value >> 31)) >>> 0);
      } else if (value < 0) {
        writer.varint64(BigInt(value));
      } else {
        writer.varint32(value);
      }
    },
  };
}

/** A type of 64 bits. In JSON it is a text, as many readers would round the number. */
function long(name: string, wire: number, read: (reader: WireReader) => bigint): ScalarType {
  const isSigned = !/^u|^fixed/.test(name);
  const isZigZag = name === 'sint64';
  return {
    name,
    wireType: wire,
    zero: '0',
    read: (reader) => String(read(reader)),
    write(writer, json) {
      const value = readInt64(json, isSigned, name);
      if (wire === fixed64) {
        writer.fixed64(value);
      } else if (isZigZag) {
        writer.zigZag64(value);
      } else {
        writer.varint64(value);
      }
    },
  };
}

/** Returns an integer that has 32 bits. */
export function readInt32(json: unknown, isSigned: boolean, name: string): number {
  const value = typeof json === 'string' && /^-?\d{1,10}$/.test(json) ? Number(json) : json;
  const min = isSigned ? -twoTo31 : 0;
  const end = isSigned ? twoTo31 : twoTo32;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value >= end) {
    throw unfit(json, name);
  }
  return value;
}

function readInt64(json: unknown, isSigned: boolean, name: string): bigint {
  let value: bigint | undefined;
  if (typeof json === 'string' && /^-?\d{1,20}$/.test(json)) {
    value = BigInt(json);
  } else if (typeof json === 'number' && Number.isInteger(json)) {
    if (!Number.isSafeInteger(json)) {
      throw new TranscodingError(
        `a number is too large to be read exactly as ${name}; write it as a string`,
      );
    }
    value = BigInt(json);
  }
  const min = isSigned ? -twoTo63 : 0n;
  const end = isSigned ? twoTo63 : twoTo64;
  if (value === undefined || value < min || value >= end) {
    throw unfit(json, name);
  }
  return value;
}

/** What JSON has no number for is a text. */
const specialNumbers: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function readNumber(json: unknown, name: string): number {
  const special = specialNumbers.get(json);
  if (special !== undefined) {
    return special;
  }
  const isText = typeof json === 'string' && /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(json);
  const value = isText ? Number(json) : json;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw unfit(json, name);
  }
  return value;
}

function readFloat(json: unknown): number {
  const value = readNumber(json, 'float');
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
    throw unfit(json, 'float');
  }
  return value;
}

/** Returns the number with the fewest digits that is the same float. */
function shortestFloat(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) {
      return short;
    }
  }
  return Number.isFinite(value) ? Number(value.toPrecision(9)) : value;
}

function toJsonNumber(value: number): ScalarJson {
  return Number.isFinite(value) ? value : String(value);
}

/** Returns a truth value; a path or a query has it as text. */
export function readBool(json: unknown): boolean {
  if (json === true || json === 'true') {
    return true;
  }
  if (json === false || json === 'false') {
    return false;
  }
  throw unfit(json, 'bool');
}

/** Returns a text. */
export function readString(json: unknown): string {
  if (typeof json !== 'string') {
    throw unfit(json, 'string');
  }
  return json;
}

/** Both alphabets, with padding or without. */
function readBase64(json: unknown): Buffer {
  const text = typeof json === 'string' ? json.replace(/={1,2}$/, '') : '';
  if (typeof json !== 'string' || text.length % 4 === 1 || !/^[\w+/-]*$/.test(text)) {
    throw unfit(json, 'bytes in base64');
  }
  return Buffer.from(text, 'base64');
}

/** The error that says that a value is none of a type. */
export function unfit(json: unknown, name: string): TranscodingError {
  return new TranscodingError(`expected ${name}, found ${describe(json)}`);
}

function describe(json: unknown): string {
  if (typeof json === 'object' && json !== null) {
    return Array.isArray(json) ? 'a list' : 'an object';
  }
  const text = typeof json === 'string' ? JSON.stringify(json.slice(0, 40)) : String(json);
  return typeof json === 'string' && json.length > 40 ? `${text}...` : text;
}

function unZigZag32(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}
