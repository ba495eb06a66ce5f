import type {
  DescriptorSet,
  EnumDeclaration,
  FieldDeclaration,
  MessageDeclaration,
} from './descriptor-set.js';
import { type ScalarType, scalarTypes } from './scalar-type.js';
import { TranscodingError } from './transcoding-error.js';

/** An enum: names and numbers. */
export interface EnumType {
  readonly fullName: string;
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
  /** The number of the value that comes first. */
  readonly first: number;
}

/** What a field holds, or each of its elements. */
export type FieldType =
  | { readonly kind: 'scalar'; readonly scalar: ScalarType }
  | { readonly kind: 'enum'; readonly enumType: EnumType }
  | { readonly kind: 'message'; readonly message: MessageType };

/** A field of a message. */
export interface MessageField {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly type: FieldType;
  readonly isRepeated: boolean;
  /** Set if the field is a map: the fields of its entries. */
  readonly map: { readonly key: MessageField; readonly value: MessageField } | undefined;
  /** Which `oneof` of its message it is in; `undefined` for none. */
  readonly oneof: number | undefined;
  /** What stands in a proto2 file as its default. */
  readonly defaultText: string | undefined;
}

/** A message: its fields, in the order of their numbers. */
export interface MessageType {
  readonly fullName: string;
  readonly fields: readonly MessageField[];
  readonly byNumber: ReadonlyMap<number, MessageField>;
  /** By their names in JSON, and by those in the file. */
  readonly byName: ReadonlyMap<string, MessageField>;
}

/** A message whose fields are not known yet: messages refer to each other. */
interface UnlinkedMessage {
  readonly fullName: string;
  readonly fields: MessageField[];
  readonly byNumber: Map<number, MessageField>;
  readonly byName: Map<string, MessageField>;
}

const groupType = 10;
const messageType = 11;
const enumType = 14;

/** All messages and enums of a descriptor set, connected with each other. */
export class TypeRegistry {
  readonly #messages = new Map<string, UnlinkedMessage>();
  readonly #enums = new Map<string, EnumType>();
  readonly #mapEntries: ReadonlySet<string>;

  /** Throws a `TranscodingError` if a type is missing. */
  constructor({ messages, enums }: DescriptorSet) {
    for (const declaration of enums) {
      this.#enums.set(declaration.fullName, toEnumType(declaration));
    }
    for (const { fullName } of messages) {
      const empty = { fields: [], byNumber: new Map(), byName: new Map() };
      this.#messages.set(fullName, { fullName, ...empty });
    }
    const entries = messages.filter(({ isMapEntry }) => isMapEntry);
    this.#mapEntries = new Set(entries.map(({ fullName }) => fullName));
    // Entries first: fields that are maps look into them.
    for (const declaration of [...entries, ...messages.filter((m) => !m.isMapEntry)]) {
      this.#link(declaration);
    }
  }

  /** Returns the message with this full name, or `undefined`. */
  get(fullName: string): MessageType | undefined {
    return this.#messages.get(fullName);
  }

  #link({ fullName, fields }: MessageDeclaration): void {
    const message = this.#messages.get(fullName);
    if (message === undefined || message.fields.length > 0) {
      // Declared twice.
      return;
    }
    // Groups are left out, and their values are skipped: JSON has none.
    for (const declaration of fields.filter(({ type }) => type !== groupType)) {
      const field = this.#createField(declaration, fullName);
      message.fields.push(field);
      message.byNumber.set(field.number, field);
    }
    message.fields.sort((a, b) => a.number - b.number);
    for (const field of message.fields) {
      message.byName.set(field.name, field);
    }
    for (const field of message.fields) {
      message.byName.set(field.jsonName, field);
    }
  }

  #createField(declaration: FieldDeclaration, owner: string): MessageField {
    const { name, jsonName, number, isRepeated, oneof, defaultText } = declaration;
    const type = this.#typeOf(declaration, owner);
    return {
      name,
      jsonName,
      number,
      type,
      isRepeated,
      map: isRepeated ? this.#mapOf(type) : undefined,
      oneof,
      defaultText,
    };
  }

  #typeOf({ type, typeName, name }: FieldDeclaration, owner: string): FieldType {
    const typeFullName = typeName.replace(/^\./, '');
    if (type === messageType) {
      const message = this.#messages.get(typeFullName);
      if (message !== undefined) {
        return { kind: 'message', message };
      }
    } else if (type === enumType) {
      const found = this.#enums.get(typeFullName);
      if (found !== undefined) {
        return { kind: 'enum', enumType: found };
      }
    } else {
      const scalar = scalarTypes.get(type);
      if (scalar === undefined) {
        throw new TranscodingError(`the field ${owner}.${name} has the unknown type ${type}`);
      }
      return { kind: 'scalar', scalar };
    }
    throw new TranscodingError(
      `the type ${typeFullName} of the field ${owner}.${name} is not in the set; write the file by ` +
        '"protoc --include_imports"',
    );
  }

  #mapOf(type: FieldType): MessageField['map'] {
    if (type.kind !== 'message' || !this.#mapEntries.has(type.message.fullName)) {
      return undefined;
    }
    const key = type.message.byNumber.get(1);
    const value = type.message.byNumber.get(2);
    return key === undefined || value === undefined ? undefined : { key, value };
  }
}

function toEnumType({ fullName, values }: EnumDeclaration): EnumType {
  const names = new Map<number, string>();
  for (const { name, number } of values) {
    // Of several names for a number, the first one is written.
    if (!names.has(number)) {
      names.set(number, name);
    }
  }
  const numbers = new Map(values.map(({ name, number }) => [name, number]));
  return { fullName, numbers, names, first: values[0]?.number ?? 0 };
}
