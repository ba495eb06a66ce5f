import type { MessageField, MessageType, TypeRegistry } from './message-type.js';
import { unfit } from './scalar-type.js';
import type { WireWriter } from './wire-writer.js';

/** What JSON is written to as a message. All of it throws a `TranscodingError` for what does not fit. */
export interface JsonTarget {
  readonly writer: WireWriter;
  readonly types: TypeRegistry;
  /** Writes what a message consists of. */
  encodeMessage(message: MessageType, json: unknown): void;
  /** The same by its fields, whatever message it is. `except`: a name to pass over. */
  encodeFields(message: MessageType, json: unknown, except?: string): void;
  /** Writes a field. `null` stands for a field that is not there. */
  encodeField(field: MessageField, json: unknown): void;
  /** Writes the value of a field, or one of its elements. */
  encodeElement(field: MessageField, json: unknown): void;
}

/** Returns a JSON object, which is neither `null` nor a list. `name`: what it stands for. */
export function readObject(json: unknown, name: string): object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw unfit(json, name);
  }
  return json;
}
