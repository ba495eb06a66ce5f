import type { MessageField, MessageType, TypeRegistry } from './message-type.js';

/** What `JSON.stringify` takes. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** An object of JSON. Members are added by `setMember`. */
export type JsonObject = { [name: string]: JsonValue };

/** Adds a member, whatever its name: that of a prototype is one like others. */
export function setMember(json: JsonObject, name: string, value: JsonValue): void {
  if (name === '__proto__') {
    const isPlain = { enumerable: true, configurable: true, writable: true };
    Object.defineProperty(json, name, { value, ...isPlain });
  } else {
    json[name] = value;
  }
}

/** A field that a message has, with all that it has for it. */
export interface FoundField {
  readonly field: MessageField;
  /** What is no message. Of a field that is not repeated, the last one. */
  readonly values: JsonValue[];
  /** Messages. Of a field that is not repeated they are parts of one. */
  readonly messages: Buffer[];
}

/** What messages are read from. All of it throws a `TranscodingError` for bytes that do not fit. */
export interface JsonSource {
  readonly types: TypeRegistry;
  /** Finds the fields of a message, by number. */
  findFields(message: MessageType, bytes: Buffer): ReadonlyMap<number, FoundField>;
  /** Returns what a message is in JSON. */
  decodeMessage(message: MessageType, bytes: Buffer): JsonValue;
  /** The same by its fields, whatever message it is. */
  decodeFields(message: MessageType, bytes: Buffer): JsonObject;
  decodeField(found: FoundField): JsonValue;
}
