import { TextDecoder } from 'node:util';
import type { RequestHead } from '../../http/message.js';
import type { DescriptorSet, ServiceDeclaration } from './descriptor-set.js';
import type { HttpRule } from './http-rule.js';
import { JsonEncoder } from './json-to-message.js';
import { decodeToJson, type PrintOptions } from './message-to-json.js';
import { type MessageField, type MessageType, TypeRegistry } from './message-type.js';
import { PathMatcher, type PathRule } from './path-matcher.js';
import { type FieldBinding, parsePathTemplate } from './path-template.js';
import { TranscodingError } from './transcoding-error.js';

/** A method that can be called by JSON. */
export interface TranscodedMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly input: MessageType;
  readonly output: MessageType;
  readonly isClientStreaming: boolean;
  readonly isServerStreaming: boolean;
}

/** What a rule leads to. */
interface RuleTarget {
  readonly method: TranscodedMethod;
  /** The fields that lead to the one that the body is; empty for the whole message. */
  readonly bodyFields: readonly MessageField[];
}

/** A value of a path or a query, and the fields that lead to where it belongs. */
interface BoundValue {
  readonly fields: readonly MessageField[];
  readonly value: string;
}

/** Translates between JSON and the messages of the services of one descriptor set. */
export class Transcoder {
  readonly #types: TypeRegistry;
  readonly #options: PrintOptions;
  readonly #matcher: PathMatcher<RuleTarget>;
  /** Rules that no request can ever meet, each as a sentence. */
  readonly warnings: readonly string[];

  /**
   * Throws a `TranscodingError` if a type is missing, or the path of a rule is none. `services` are
   * among those of the set.
   */
  constructor(set: DescriptorSet, services: readonly ServiceDeclaration[], options: PrintOptions) {
    this.#types = new TypeRegistry(set);
    this.#options = options;
    const warnings: string[] = [];
    this.#matcher = new PathMatcher(services.flatMap((one) => this.#rulesOf(one, warnings)));
    for (const { httpMethod, template, target } of this.#matcher.ambiguous) {
      const path = `/${template.segments.join('/')}`;
      warnings.push(`${httpMethod} ${path} of ${target.method.path} is taken by another rule, too`);
    }
    this.warnings = warnings;
  }

  /** Returns the call that a request is by a rule, or `undefined` if it is none. */
  match({ method, path }: RequestHead): TranscodedCall | undefined {
    const match = this.#matcher.match(method, path);
    if (match === undefined) {
      return undefined;
    }
    const { target, bindings } = match;
    const values: BoundValue[] = [];
    for (const { fieldPath, value } of bindings) {
      const fields = resolve(target.method.input, fieldPath);
      if (fields === undefined) {
        // As in Envoy: it may be a request of another kind.
        return undefined;
      }
      values.push({ fields, value });
    }
    return new TranscodedCall(this.#types, this.#options, target, values);
  }

  #rulesOf(service: ServiceDeclaration, warnings: string[]): readonly PathRule<RuleTarget>[] {
    return service.methods.flatMap(({ name, inputType, outputType, rules, ...streaming }) => {
      const method: TranscodedMethod = {
        path: `/${service.fullName}/${name}`,
        input: this.#messageOf(inputType),
        output: this.#messageOf(outputType),
        isClientStreaming: streaming.isClientStreaming,
        isServerStreaming: streaming.isServerStreaming,
      };
      return rules.flatMap((rule) => createRule(rule, method, warnings));
    });
  }

  #messageOf(typeName: string): MessageType {
    const fullName = typeName.replace(/^\./, '');
    const message = this.#types.get(fullName);
    if (message === undefined) {
      throw new TranscodingError(
        `the message ${fullName} is not in the set; write the file by "protoc --include_imports"`,
      );
    }
    return message;
  }
}

function createRule(
  { httpMethod, template, body }: HttpRule,
  method: TranscodedMethod,
  warnings: string[],
): readonly PathRule<RuleTarget>[] {
  const parsed = parsePathTemplate(template);
  const rule = `${httpMethod} ${template} of ${method.path}`;
  for (const { fieldPath } of parsed.variables) {
    if (resolve(method.input, fieldPath) === undefined) {
      warnings.push(`${rule}: ${method.input.fullName} has no field "${fieldPath.join('.')}"`);
      return [];
    }
  }
  const isWhole = body === '' || body === '*';
  const bodyFields = isWhole ? [] : resolve(method.input, body.split('.'), true);
  if (bodyFields === undefined) {
    warnings.push(`${rule}: ${method.input.fullName} has no field "${body}" for the body`);
    return [];
  }
  return [{ httpMethod, template: parsed, target: { method, bodyFields } }];
}

/** Follows names of fields. Those before the last must be messages, and not lists. */
function resolve(
  message: MessageType,
  path: FieldBinding['fieldPath'],
  mayBeMap = false,
): readonly MessageField[] | undefined {
  const fields: MessageField[] = [];
  let current: MessageType | undefined = message;
  for (const name of path) {
    const field: MessageField | undefined = current?.byName.get(name);
    if (field === undefined) {
      return undefined;
    }
    fields.push(field);
    current = field.type.kind === 'message' && !field.isRepeated ? field.type.message : undefined;
  }
  return fields.at(-1)?.map !== undefined && !mayBeMap ? undefined : fields;
}

/** One call: what its request and its response become. Errors are thrown as `TranscodingError`. */
export class TranscodedCall {
  readonly method: TranscodedMethod;
  readonly #types: TypeRegistry;
  readonly #options: PrintOptions;
  readonly #bodyFields: readonly MessageField[];
  /** For the first message only, as in Envoy. */
  #values: readonly BoundValue[];

  constructor(
    types: TypeRegistry,
    options: PrintOptions,
    { method, bodyFields }: RuleTarget,
    values: readonly BoundValue[],
  ) {
    this.method = method;
    this.#types = types;
    this.#options = options;
    this.#bodyFields = bodyFields;
    this.#values = values;
  }

  /** Returns the message that a JSON text is. No text at all stands for `{}`. */
  encode(text: Buffer): Buffer {
    const encoder = new JsonEncoder(this.#types);
    const json = text.length === 0 ? {} : parseJson(text);
    const [outermost, ...rest] = this.#bodyFields;
    if (outermost === undefined) {
      encoder.encodeMessage(this.method.input, json);
    } else {
      const wrapped = rest.reduceRight<unknown>((inner, { name }) => ({ [name]: inner }), json);
      encoder.encodeField(outermost, wrapped);
    }
    for (const { fields, value } of this.#values) {
      // Behind the body: the last value counts, messages are merged, and lists go on.
      encodeBinding(encoder, fields, value);
    }
    this.#values = [];
    return encoder.writer.finish();
  }

  /** Returns the JSON text of a message. */
  decode(message: Buffer): string {
    return decodeToJson(this.#types, this.#options, this.method.output, message);
  }
}

function encodeBinding(encoder: JsonEncoder, fields: readonly MessageField[], value: string): void {
  const [field, ...rest] = fields;
  if (field === undefined) {
    return;
  }
  if (rest.length > 0) {
    encoder.writer.nested(field.number, () => encodeBinding(encoder, rest, value));
  } else {
    encoder.encodeText(field, value);
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    // What V8 says of it would repeat parts of the body.
    throw new TranscodingError('the body is not JSON');
  }
}
