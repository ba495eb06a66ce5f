import { type JsonTarget, readObject } from './json-target.js';
import type { MessageField, MessageType } from './message-type.js';
import { readString, unfit } from './scalar-type.js';
import { readDuration, readTimestamp, type SecondsAndNanos } from './time-json.js';
import { TranscodingError } from './transcoding-error.js';
import { wireType } from './wire-reader.js';

/** Writes what a message consists of whose JSON is not made of its fields. */
export type WellKnownEncoder = (target: JsonTarget, message: MessageType, json: unknown) => void;

/** Messages whose only field is what they are in JSON. */
const wrappers = [
  'DoubleValue',
  'FloatValue',
  'Int64Value',
  'UInt64Value',
  'Int32Value',
  'UInt32Value',
  'BoolValue',
  'StringValue',
  'BytesValue',
];

const wrapped: WellKnownEncoder = (target, message, json) =>
  target.encodeElement(fieldOf(message, 1), json);

/** A `Struct` is a map, a `ListValue` a list, and each is the only field of its message. */
const onlyField: WellKnownEncoder = (target, message, json) => {
  if (json === null) {
    throw unfit(json, message.fullName);
  }
  target.encodeField(fieldOf(message, 1), json);
};

/** By the full names of the messages. */
export const wellKnownEncoders: ReadonlyMap<string, WellKnownEncoder> = new Map([
  ...wrappers.map((name): [string, WellKnownEncoder] => [`google.protobuf.${name}`, wrapped]),
  ['google.protobuf.Timestamp', (target, _, json) => encodeTime(target, readTimestamp(json))],
  ['google.protobuf.Duration', (target, _, json) => encodeTime(target, readDuration(json))],
  ['google.protobuf.FieldMask', encodeFieldMask],
  ['google.protobuf.Struct', onlyField],
  ['google.protobuf.ListValue', onlyField],
  ['google.protobuf.Value', encodeValue],
  ['google.protobuf.Any', encodeAny],
]);

/** Returns a field that the message has wherever it is what its name says. */
export function fieldOf({ fullName, byNumber }: MessageType, number: number): MessageField {
  const field = byNumber.get(number);
  if (field === undefined) {
    throw new TranscodingError(`${fullName} is not the message of that name`);
  }
  return field;
}

function encodeTime({ writer }: JsonTarget, { seconds, nanos }: SecondsAndNanos): void {
  writer.tag(1, wireType.varint);
  writer.varint64(seconds);
  writer.tag(2, wireType.varint);
  writer.varint64(BigInt(nanos));
}

/** `user.displayName,photo` stands for `user.display_name` and `photo`. */
function encodeFieldMask({ writer }: JsonTarget, _: MessageType, json: unknown): void {
  const text = readString(json);
  for (const path of text === '' ? [] : text.split(',')) {
    if (path === '' || path.includes('_')) {
      throw unfit(json, 'the paths of a field mask');
    }
    writer.tag(1, wireType.bytes);
    writer.text(path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  }
}

/** Any JSON. Which field it is tells what it is. */
function encodeValue(target: JsonTarget, message: MessageType, json: unknown): void {
  target.encodeElement(fieldOf(message, valueFieldNumber(json)), json);
}

function valueFieldNumber(json: unknown): number {
  switch (typeof json) {
    case 'number':
      return 2;
    case 'string':
      return 3;
    case 'boolean':
      return 4;
    default:
      return json === null ? 1 : Array.isArray(json) ? 6 : 5;
  }
}

/** Any message of the descriptor set: `@type` names it, its fields stand beside that. */
function encodeAny(target: JsonTarget, { fullName }: MessageType, json: unknown): void {
  const entries = new Map<string, unknown>(Object.entries(readObject(json, fullName)));
  if (entries.size === 0) {
    return;
  }
  const url = readString(entries.get('@type') ?? null);
  const message = target.types.get(typeNameOf(url));
  if (message === undefined) {
    throw unfit(url, 'the "@type" of a message that is known here');
  }
  const { writer } = target;
  writer.tag(1, wireType.bytes);
  writer.text(url);
  writer.nested(2, () => {
    if (wellKnownEncoders.has(message.fullName)) {
      target.encodeMessage(message, entries.get('value') ?? null);
    } else {
      target.encodeFields(message, json, '@type');
    }
  });
}

/** The full name at the end of a `type_url`. */
export function typeNameOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
