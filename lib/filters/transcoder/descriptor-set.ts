import {
  type DescriptorField,
  readBytes,
  readMessage,
  readNumber,
  readText,
} from './descriptor-field.js';
import { type HttpRule, readHttpRules } from './http-rule.js';
import { TranscodingError } from './transcoding-error.js';

/** A field as a descriptor has it. */
export interface FieldDeclaration {
  readonly name: string;
  readonly jsonName: string;
  readonly number: number;
  readonly isRepeated: boolean;
  /** Number of its type in `FieldDescriptorProto.Type`. */
  readonly type: number;
  /** Full name of its message or enum, with a dot in front; empty for all other types. */
  readonly typeName: string;
  /** Which `oneof` of its message it is in; `undefined` for none. */
  readonly oneof: number | undefined;
  /** What stands in a proto2 file as its default. */
  readonly defaultText: string | undefined;
}

/** A message as a descriptor has it. */
export interface MessageDeclaration {
  readonly fullName: string;
  readonly fields: readonly FieldDeclaration[];
  /** Whether it stands for the entries of a map. */
  readonly isMapEntry: boolean;
}

/** An enum as a descriptor has it. */
export interface EnumDeclaration {
  readonly fullName: string;
  readonly values: readonly { readonly name: string; readonly number: number }[];
}

/** A method as a descriptor has it. The names of its messages have a dot in front. */
export interface MethodDeclaration {
  readonly name: string;
  readonly inputType: string;
  readonly outputType: string;
  readonly isClientStreaming: boolean;
  readonly isServerStreaming: boolean;
  readonly rules: readonly HttpRule[];
}

/** A service as a descriptor has it. */
export interface ServiceDeclaration {
  readonly fullName: string;
  readonly methods: readonly MethodDeclaration[];
}

/** What the files of a descriptor set declare. */
export interface DescriptorSet {
  readonly messages: readonly MessageDeclaration[];
  readonly enums: readonly EnumDeclaration[];
  readonly services: readonly ServiceDeclaration[];
}

/** The same while it is read. */
interface Declarations {
  readonly messages: MessageDeclaration[];
  readonly enums: EnumDeclaration[];
  readonly services: ServiceDeclaration[];
}

/** `google.api.http`, the extension of the options of a method that has its rule. */
const httpExtension = 72295728;

const repeatedLabel = 3;

/**
 * Reads a `FileDescriptorSet`, as `protoc --descriptor_set_out` writes it. Throws a
 * `TranscodingError` if the bytes are none.
 */
export function readDescriptorSet(bytes: Buffer): DescriptorSet {
  const declarations: Declarations = { messages: [], enums: [], services: [] };
  readMessage(bytes, { 1: (reader) => readFile(readBytes(reader), declarations) });
  return declarations;
}

function readFile(bytes: Buffer, declarations: Declarations): void {
  let scope = '';
  const found = {
    messages: [] as Buffer[],
    enums: [] as Buffer[],
    services: [] as Buffer[],
  };
  readMessage(bytes, {
    2: (field) => {
      scope = readText(field);
    },
    4: (field) => found.messages.push(readBytes(field)),
    5: (field) => found.enums.push(readBytes(field)),
    6: (field) => found.services.push(readBytes(field)),
  });
  for (const message of found.messages) {
    readMessageType(message, scope, declarations);
  }
  for (const type of found.enums) {
    declarations.enums.push(readEnum(type, scope));
  }
  for (const service of found.services) {
    declarations.services.push(readService(service, scope));
  }
}

/** How deep the declarations of messages may be nested in each other. */
const maxNesting = 50;

function readMessageType(
  bytes: Buffer,
  scope: string,
  declarations: Declarations,
  depth = 0,
): void {
  if (depth > maxNesting) {
    throw new TranscodingError('declarations of messages are nested too deep');
  }
  let name = '';
  let isMapEntry = false;
  const fields: FieldDeclaration[] = [];
  const nested: Buffer[] = [];
  const enums: Buffer[] = [];
  readMessage(bytes, {
    1: (field) => {
      name = readText(field);
    },
    2: (field) => fields.push(readField(readBytes(field))),
    3: (field) => nested.push(readBytes(field)),
    4: (field) => enums.push(readBytes(field)),
    7: (field) => {
      isMapEntry = readIsMapEntry(readBytes(field));
    },
  });
  const fullName = qualify(scope, name);
  declarations.messages.push({ fullName, fields, isMapEntry });
  for (const type of enums) {
    declarations.enums.push(readEnum(type, fullName));
  }
  for (const message of nested) {
    readMessageType(message, fullName, declarations, depth + 1);
  }
}

function readIsMapEntry(bytes: Buffer): boolean {
  let isMapEntry = false;
  readMessage(bytes, {
    7: (field) => {
      isMapEntry = readNumber(field) !== 0;
    },
  });
  return isMapEntry;
}

function readField(bytes: Buffer): FieldDeclaration {
  const texts = new Map<number, string>();
  const numbers = new Map<number, number>();
  const takeText = (number: number) => (field: DescriptorField) => {
    texts.set(number, readText(field));
  };
  const takeNumber = (number: number) => (field: DescriptorField) => {
    numbers.set(number, readNumber(field));
  };
  readMessage(bytes, {
    1: takeText(1),
    3: takeNumber(3),
    4: takeNumber(4),
    5: takeNumber(5),
    6: takeText(6),
    7: takeText(7),
    9: takeNumber(9),
    10: takeText(10),
  });
  const name = texts.get(1) ?? '';
  return {
    name,
    jsonName: texts.get(10) ?? toCamelCase(name),
    number: numbers.get(3) ?? 0,
    isRepeated: numbers.get(4) === repeatedLabel,
    type: numbers.get(5) ?? 0,
    typeName: texts.get(6) ?? '',
    oneof: numbers.get(9),
    defaultText: texts.get(7),
  };
}

/** The name in JSON of a field for which a descriptor has none. */
export function toCamelCase(name: string): string {
  return name.replace(/_+([a-z]?)/g, (_underscores, letter: string) => letter.toUpperCase());
}

function readEnum(bytes: Buffer, scope: string): EnumDeclaration {
  let name = '';
  const values: { name: string; number: number }[] = [];
  readMessage(bytes, {
    1: (field) => {
      name = readText(field);
    },
    2: (field) => {
      const value = { name: '', number: 0 };
      readMessage(readBytes(field), {
        1: (part) => {
          value.name = readText(part);
        },
        2: (part) => {
          value.number = readNumber(part);
        },
      });
      values.push(value);
    },
  });
  return { fullName: qualify(scope, name), values };
}

function readService(bytes: Buffer, scope: string): ServiceDeclaration {
  let name = '';
  const methods: MethodDeclaration[] = [];
  readMessage(bytes, {
    1: (field) => {
      name = readText(field);
    },
    2: (field) => methods.push(readMethod(readBytes(field))),
  });
  return { fullName: qualify(scope, name), methods };
}

function readMethod(bytes: Buffer): MethodDeclaration {
  const method = { name: '', inputType: '', outputType: '' };
  const streaming = { isClientStreaming: false, isServerStreaming: false };
  const rules: HttpRule[] = [];
  readMessage(bytes, {
    1: (field) => {
      method.name = readText(field);
    },
    2: (field) => {
      method.inputType = readText(field);
    },
    3: (field) => {
      method.outputType = readText(field);
    },
    4: (field) => {
      readMessage(readBytes(field), {
        [httpExtension]: (option) => rules.push(...readHttpRules(readBytes(option))),
      });
    },
    5: (field) => {
      streaming.isClientStreaming = readNumber(field) !== 0;
    },
    6: (field) => {
      streaming.isServerStreaming = readNumber(field) !== 0;
    },
  });
  return { ...method, ...streaming, rules };
}

function qualify(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`;
}
