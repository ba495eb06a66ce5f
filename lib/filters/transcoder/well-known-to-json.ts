import type { FoundField, JsonSource, JsonValue } from './json-source.js';
import { fieldOf, typeNameOf, wellKnownEncoders } from './json-to-well-known.js';
import type { MessageType } from './message-type.js';
import { formatDuration, formatTimestamp, type SecondsAndNanos } from './time-json.js';
import { TranscodingError } from './transcoding-error.js';

/** Returns what a message is in JSON whose JSON is not made of its fields. */
export type WellKnownDecoder = (
  source: JsonSource,
  message: MessageType,
  bytes: Buffer,
) => JsonValue;

/** Returns the decoder of a message, or `undefined` if its JSON is made of its fields. */
export function wellKnownDecoderOf({ fullName }: MessageType): WellKnownDecoder | undefined {
  // Those that are not named are the wrappers.
  return named.get(fullName) ?? (wellKnownEncoders.has(fullName) ? decodeWrapper : undefined);
}

const named: ReadonlyMap<string, WellKnownDecoder> = new Map<string, WellKnownDecoder>([
  ['google.protobuf.Timestamp', (...of) => checked(formatTimestamp(timeOf(...of)), 'timestamp')],
  ['google.protobuf.Duration', (...of) => checked(formatDuration(timeOf(...of)), 'duration')],
  ['google.protobuf.FieldMask', decodeFieldMask],
  ['google.protobuf.Struct', (source, message, bytes) => onlyField(source, message, bytes) ?? {}],
  [
    'google.protobuf.ListValue',
    (source, message, bytes) => onlyField(source, message, bytes) ?? [],
  ],
  ['google.protobuf.Value', decodeValue],
  ['google.protobuf.Any', decodeAny],
]);

function decodeWrapper(source: JsonSource, message: MessageType, bytes: Buffer): JsonValue {
  const { type } = fieldOf(message, 1);
  return (
    firstOf(source.findFields(message, bytes).get(1)) ??
    (type.kind === 'scalar' ? type.scalar.zero : null)
  );
}

function firstOf(found: FoundField | undefined): JsonValue | undefined {
  return found?.values[0];
}

function timeOf(source: JsonSource, message: MessageType, bytes: Buffer): SecondsAndNanos {
  const fields = source.findFields(message, bytes);
  return {
    seconds: BigInt(String(firstOf(fields.get(1)) ?? 0)),
    nanos: Number(firstOf(fields.get(2)) ?? 0),
  };
}

function checked(text: string | undefined, name: string): string {
  if (text === undefined) {
    throw new TranscodingError(`a message has a ${name} that is out of range`);
  }
  return text;
}

function decodeFieldMask(source: JsonSource, message: MessageType, bytes: Buffer): string {
  const paths = source.findFields(message, bytes).get(1)?.values ?? [];
  return paths
    .map((path) => String(path).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
    .join(',');
}

function onlyField(source: JsonSource, message: MessageType, bytes: Buffer): JsonValue | undefined {
  const found = source.findFields(message, bytes).get(1);
  return found && source.decodeField(found);
}

function decodeValue(source: JsonSource, message: MessageType, bytes: Buffer): JsonValue {
  const [found] = source.findFields(message, bytes).values();
  if (found === undefined) {
    return null;
  }
  const json = source.decodeField(found);
  if (found.field.number === 2 && typeof json !== 'number') {
    throw new TranscodingError(`JSON has no number for the ${json} in a google.protobuf.Value`);
  }
  return json;
}

function decodeAny(source: JsonSource, any: MessageType, bytes: Buffer): JsonValue {
  const fields = source.findFields(any, bytes);
  const url = String(firstOf(fields.get(1)) ?? '');
  if (url === '') {
    return {};
  }
  const message = source.types.get(typeNameOf(url));
  if (message === undefined) {
    throw new TranscodingError(`the descriptor set does not have the message of an Any, "${url}"`);
  }
  const content = Buffer.from(String(firstOf(fields.get(2)) ?? ''), 'base64');
  if (wellKnownDecoderOf(message) !== undefined) {
    return { '@type': url, value: source.decodeMessage(message, content) };
  }
  return { '@type': url, ...source.decodeFields(message, content) };
}
