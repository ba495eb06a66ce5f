import { type JsonTarget, readObject } from './json-target.js';
import { wellKnownEncoders } from './json-to-well-known.js';
import type {
  EnumType,
  FieldType,
  MessageField,
  MessageType,
  TypeRegistry,
} from './message-type.js';
import { readInt32, unfit } from './scalar-type.js';
import { TranscodingError } from './transcoding-error.js';
import { maxDepth, wireType } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/**
 * Writes messages that are given in JSON, as it comes from `JSON.parse`. Names of fields may be those
 * of JSON or those of the file. What does not fit throws a `TranscodingError`.
 */
export class JsonEncoder implements JsonTarget {
  readonly writer: WireWriter = new WireWriter();
  readonly types: TypeRegistry;
  #depth = 0;

  constructor(types: TypeRegistry) {
    this.types = types;
  }

  encodeMessage(message: MessageType, json: unknown): void {
    this.#depth++;
    if (this.#depth > maxDepth) {
      throw new TranscodingError(`the JSON is nested deeper than ${maxDepth} levels`);
    }
    const encode = wellKnownEncoders.get(message.fullName);
    if (encode === undefined) {
      this.encodeFields(message, json);
    } else {
      encode(this, message, json);
    }
    this.#depth--;
  }

  encodeFields(message: MessageType, json: unknown, except?: string): void {
    const seen = new Set<number>();
    for (const [name, value] of Object.entries(readObject(json, message.fullName))) {
      if (name === except) {
        continue;
      }
      const field = message.byName.get(name);
      if (field === undefined) {
        throw new TranscodingError(`${message.fullName} has no field ${quote(name)}`);
      }
      if (field.oneof !== undefined && value !== null) {
        if (seen.has(field.oneof)) {
          throw new TranscodingError(`${message.fullName}: ${quote(name)} excludes one before it`);
        }
        seen.add(field.oneof);
      }
      this.encodeField(field, value);
    }
  }

  encodeField(field: MessageField, json: unknown): void {
    if (json === null && (field.isRepeated || !isNullable(field.type))) {
      return;
    }
    try {
      if (field.map !== undefined) {
        this.#encodeMap(field, field.map, json);
      } else if (field.isRepeated) {
        this.#encodeList(field, json);
      } else {
        this.encodeElement(field, json);
      }
    } catch (error) {
      throw within(field, error);
    }
  }

  /** Writes a value that a path or a query has for a field, or for one of its elements. */
  encodeText(field: MessageField, text: string): void {
    try {
      this.encodeElement(field, text);
    } catch (error) {
      throw within(field, error);
    }
  }

  encodeElement({ number, type }: MessageField, json: unknown): void {
    if (type.kind === 'message') {
      this.writer.nested(number, () => this.encodeMessage(type.message, json));
      return;
    }
    this.writer.tag(number, wireTypeOf(type));
    this.#encodePlain(type, json);
  }

  #encodePlain(type: PlainType, json: unknown): void {
    if (type.kind === 'scalar') {
      type.scalar.write(this.writer, json);
    } else {
      this.writer.varint64(BigInt(readEnum(type.enumType, json)));
    }
  }

  #encodeList(field: MessageField, json: unknown): void {
    if (!Array.isArray(json)) {
      throw unfit(json, 'a list');
    }
    const { type, number } = field;
    if (type.kind === 'message' || wireTypeOf(type) === wireType.bytes) {
      for (const element of json) {
        checkElement(type, element);
        this.encodeElement(field, element);
      }
    } else if (json.length > 0) {
      this.writer.nested(number, () => {
        for (const element of json) {
          checkElement(type, element);
          this.#encodePlain(type, element);
        }
      });
    }
  }

  #encodeMap({ number }: MessageField, { key, value }: MapFields, json: unknown): void {
    for (const [name, element] of Object.entries(readObject(json, 'a map'))) {
      checkElement(value.type, element);
      this.writer.nested(number, () => {
        this.encodeElement(key, name);
        this.encodeElement(value, element);
      });
    }
  }
}

type PlainType = Exclude<FieldType, { kind: 'message' }>;
type MapFields = Exclude<MessageField['map'], undefined>;

/** A list or a map has no elements that are not there. */
function checkElement(type: FieldType, json: unknown): void {
  if (json === null && !isNullable(type)) {
    throw unfit(json, 'a value');
  }
}

/** A name, or a number, which may be written as a text in a path. */
function readEnum({ fullName, numbers }: EnumType, json: unknown): number {
  if (json === null) {
    // `google.protobuf.NullValue`.
    return 0;
  }
  const found = typeof json === 'string' ? numbers.get(json) : undefined;
  return found ?? readInt32(json, true, fullName);
}

/** Whether `null` is one of the values. */
function isNullable(type: FieldType): boolean {
  switch (type.kind) {
    case 'scalar':
      return false;
    case 'enum':
      return type.enumType.fullName === 'google.protobuf.NullValue';
    case 'message':
      return type.message.fullName === 'google.protobuf.Value';
  }
}

function wireTypeOf(type: PlainType): number {
  return type.kind === 'scalar' ? type.scalar.wireType : wireType.varint;
}

/** Says in which field it was. */
function within({ jsonName }: MessageField, error: unknown): unknown {
  if (!(error instanceof TranscodingError)) {
    return error;
  }
  const { message } = error;
  // Beyond a few levels the path would be longer than what it says.
  return message.length > 300 ? error : new TranscodingError(`${jsonName}: ${message}`);
}

function quote(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}...` : name);
}
