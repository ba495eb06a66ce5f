import {
  type FoundField,
  type JsonObject,
  type JsonSource,
  type JsonValue,
  setMember,
} from './json-source.js';
import type {
  EnumType,
  FieldType,
  MessageField,
  MessageType,
  TypeRegistry,
} from './message-type.js';
import { TranscodingError } from './transcoding-error.js';
import { wellKnownDecoderOf } from './well-known-to-json.js';
import { maxDepth, WireReader, wireType } from './wire-reader.js';

/** How JSON is written: `print_options`. */
export interface PrintOptions {
  readonly addWhitespace: boolean;
  readonly alwaysPrintPrimitiveFields: boolean;
  readonly alwaysPrintEnumsAsInts: boolean;
  readonly preserveProtoFieldNames: boolean;
}

/**
 * How many members may be written that the message does not have. With default values, two bytes of
 * a message can become hundreds of JSON.
 */
const maxDefaults = 1_000_000;

/** Returns a message as JSON text. Throws a `TranscodingError` for bytes that are no such message. */
export function decodeToJson(
  types: TypeRegistry,
  options: PrintOptions,
  message: MessageType,
  bytes: Buffer,
): string {
  const maxMembers = maxDefaults + bytes.length;
  const json = new JsonDecoder(types, options, maxMembers).decodeMessage(message, bytes);
  return options.addWhitespace ? `${JSON.stringify(json, undefined, 1)}\n` : JSON.stringify(json);
}

class JsonDecoder implements JsonSource {
  readonly types: TypeRegistry;
  readonly #options: PrintOptions;
  #depth = 0;
  #membersLeft: number;

  constructor(types: TypeRegistry, options: PrintOptions, maxMembers: number) {
    this.types = types;
    this.#options = options;
    this.#membersLeft = maxMembers;
  }

  decodeMessage(message: MessageType, bytes: Buffer): JsonValue {
    this.#depth++;
    if (this.#depth > maxDepth) {
      throw new TranscodingError('a message is nested too deep');
    }
    const decode = wellKnownDecoderOf(message);
    const json =
      decode === undefined ? this.decodeFields(message, bytes) : decode(this, message, bytes);
    this.#depth--;
    return json;
  }

  decodeFields(message: MessageType, bytes: Buffer): JsonObject {
    const found = this.findFields(message, bytes);
    const json: JsonObject = {};
    if (this.#options.alwaysPrintPrimitiveFields) {
      for (const field of message.fields) {
        const entry = found.get(field.number);
        this.#setField(json, field, entry ? this.decodeField(entry) : this.#defaultOf(field));
      }
      return json;
    }
    for (const entry of found.values()) {
      const isEmpty = entry.values.length + entry.messages.length === 0;
      this.#setField(json, entry.field, isEmpty ? undefined : this.decodeField(entry));
    }
    return json;
  }

  findFields(message: MessageType, bytes: Buffer): Map<number, FoundField> {
    const found = new Map<number, FoundField>();
    /** Which field of a `oneof` came last. */
    let chosen: Map<number, number> | undefined;
    const reader = new WireReader(bytes);
    while (!reader.isAtEnd) {
      const tag = reader.readTag();
      const field = message.byNumber.get(tag >>> 3);
      if (field === undefined || !accepts(field, tag & 7)) {
        reader.skip(tag);
        continue;
      }
      if (field.oneof !== undefined) {
        chosen ??= new Map();
        const previous = chosen.get(field.oneof);
        if (previous !== undefined && previous !== field.number) {
          found.delete(previous);
        }
        chosen.set(field.oneof, field.number);
      }
      let entry = found.get(field.number);
      if (entry === undefined) {
        entry = { field, values: [], messages: [] };
        found.set(field.number, entry);
      }
      this.#readInto(entry, reader, tag & 7);
    }
    return found;
  }

  decodeField({ field, values, messages }: FoundField): JsonValue {
    const { type, map, isRepeated } = field;
    if (map !== undefined && type.kind === 'message') {
      return this.#decodeMap(type.message, map, messages);
    }
    if (type.kind !== 'message') {
      // What is not repeated has one: with nothing read, nothing would have been found.
      return isRepeated ? values : (values[0] ?? null);
    }
    if (isRepeated) {
      return messages.map((bytes) => this.decodeMessage(type.message, bytes));
    }
    // Parts that follow each other are merged, by the rules of protobuf.
    const [first = Buffer.alloc(0)] = messages;
    return this.decodeMessage(type.message, messages.length > 1 ? Buffer.concat(messages) : first);
  }

  #setField(json: JsonObject, field: MessageField, value: JsonValue | undefined): void {
    if (value === undefined) {
      return;
    }
    this.#membersLeft--;
    if (this.#membersLeft < 0) {
      throw new TranscodingError('a message would have too many default values in JSON');
    }
    setMember(json, this.#options.preserveProtoFieldNames ? field.name : field.jsonName, value);
  }

  #decodeMap(
    entryType: MessageType,
    { key, value }: Exclude<MessageField['map'], undefined>,
    entries: readonly Buffer[],
  ): JsonValue {
    const json: JsonObject = {};
    for (const entry of entries) {
      const found = this.findFields(entryType, entry);
      const name = found.get(1);
      const content = found.get(2) ?? { field: value, values: [this.#zeroOf(value)], messages: [] };
      const keyJson = name === undefined ? this.#zeroOf(key) : this.decodeField(name);
      setMember(json, String(keyJson), this.decodeField(content));
    }
    return json;
  }

  #readInto({ field, values, messages }: FoundField, reader: WireReader, wire: number): void {
    const { type, isRepeated } = field;
    if (type.kind === 'message') {
      messages.push(reader.readBytes());
      return;
    }
    if (!isRepeated) {
      values[0] = this.#readPlain(type, reader);
      return;
    }
    if (wire !== wireType.bytes || wireTypeOf(type) === wireType.bytes) {
      values.push(this.#readPlain(type, reader));
      return;
    }
    const packed = new WireReader(reader.readBytes());
    while (!packed.isAtEnd) {
      values.push(this.#readPlain(type, packed));
    }
  }

  #readPlain(type: PlainType, reader: WireReader): JsonValue {
    return type.kind === 'scalar'
      ? type.scalar.read(reader)
      : this.#enumToJson(type.enumType, reader.readVarint32() | 0);
  }

  #enumToJson({ fullName, names }: EnumType, number: number): JsonValue {
    if (fullName === 'google.protobuf.NullValue') {
      return null;
    }
    return this.#options.alwaysPrintEnumsAsInts ? number : (names.get(number) ?? number);
  }

  /** What stands for a field that the message does not have; `undefined` for nothing. */
  #defaultOf(field: MessageField): JsonValue | undefined {
    if (field.isRepeated) {
      return field.map === undefined ? [] : {};
    }
    return field.type.kind === 'message' || field.oneof !== undefined
      ? undefined
      : this.#zeroOf(field);
  }

  #zeroOf({ type, defaultText }: MessageField): JsonValue {
    switch (type.kind) {
      case 'message':
        return null;
      case 'enum': {
        const number = type.enumType.numbers.get(defaultText ?? '') ?? type.enumType.first;
        return this.#enumToJson(type.enumType, number);
      }
      case 'scalar':
        return defaultText === undefined
          ? type.scalar.zero
          : readDefault(type.scalar.name, type.scalar.zero, defaultText);
    }
  }
}

type PlainType = Exclude<FieldType, { kind: 'message' }>;

function wireTypeOf(type: PlainType): number {
  return type.kind === 'scalar' ? type.scalar.wireType : wireType.varint;
}

/** Whether a field may have such a value. A list may be packed, or not. */
function accepts({ type, isRepeated }: MessageField, wire: number): boolean {
  const expected = type.kind === 'message' ? wireType.bytes : wireTypeOf(type);
  return wire === expected || (isRepeated && wire === wireType.bytes);
}

const specialDefaults: ReadonlyMap<string, string> = new Map([
  ['inf', 'Infinity'],
  ['-inf', '-Infinity'],
  ['nan', 'NaN'],
]);

/** Reads a default of proto2 as descriptors have it. That of bytes is escaped, and left out. */
function readDefault(name: string, zero: string | number | boolean, text: string): JsonValue {
  if (name === 'bytes') {
    return zero;
  }
  switch (typeof zero) {
    case 'number':
      return specialDefaults.get(text) ?? Number(text);
    case 'boolean':
      return text === 'true';
    default:
      return text;
  }
}
