import { TranscodingError } from './transcoding-error.js';
import { WireReader, wireType } from './wire-reader.js';

/** What to do with a field, by its number. Others are skipped. */
export type DescriptorFieldActions = Readonly<Record<number, (field: DescriptorField) => void>>;

/** A field that has been reached: its tag is read, its value is not. */
export interface DescriptorField {
  readonly reader: WireReader;
  readonly wireType: number;
}

/** Goes through the fields of a message. */
export function readMessage(bytes: Buffer, actions: DescriptorFieldActions): void {
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd) {
    const tag = reader.readTag();
    const action = actions[tag >>> 3];
    if (action === undefined) {
      reader.skip(tag);
    } else {
      action({ reader, wireType: tag & 7 });
    }
  }
}

/** Reads the value of a field that holds bytes, a text or a message. */
export function readBytes(field: DescriptorField): Buffer {
  expect(field, wireType.bytes);
  return field.reader.readBytes();
}

/** Reads the value of a field that holds a text. */
export function readText(field: DescriptorField): string {
  return readBytes(field).toString('utf8');
}

/** Reads the value of a field that holds an int32, a bool or an enum. */
export function readNumber(field: DescriptorField): number {
  expect(field, wireType.varint);
  return field.reader.readVarint32() | 0;
}

function expect(field: DescriptorField, expected: number): void {
  if (field.wireType !== expected) {
    throw new TranscodingError('a field has a value of another kind than in a FileDescriptorSet');
  }
}
