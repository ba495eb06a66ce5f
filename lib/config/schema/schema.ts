import type { UnsupportedFeature } from './unsupported-feature.js';

/** What a value of the v1 schema may be. */
export type ValueSchema =
  | { readonly type: 'string'; readonly minLength?: 1 }
  | { readonly type: 'boolean' }
  | IntegerSchema
  | { readonly type: 'number'; readonly moreThan: number }
  | { readonly type: 'oneOf'; readonly values: readonly string[] }
  | { readonly type: 'object'; readonly object: ObjectSchema }
  | { readonly type: 'union'; readonly union: UnionSchema }
  /** An object whose keys the schema does not name. */
  | { readonly type: 'map' }
  | ArraySchema;

/** A whole number; a bound that is absent is that of exact integers. */
export interface IntegerSchema {
  readonly type: 'integer';
  readonly min: number;
  readonly max?: number;
}

export interface ArraySchema {
  readonly type: 'array';
  readonly items: ValueSchema;
  readonly minItems?: 1 | 2;
  /** Whether equal items are refused. */
  readonly uniqueItems?: true;
}

/** An object whose keys depend on the value of one of them. */
export interface UnionSchema {
  /** The key that decides. */
  readonly tag: 'type' | 'name';
  /** What messages call the object, with its article. */
  readonly noun: string;
  /** By the value of the tag. */
  readonly variants: Readonly<Record<string, UnionVariant>>;
  /** The rest of the message about a value that is none of them, if there is more to say. */
  readonly describeUnknown?: (tag: string) => string | undefined;
  /** The variant of names that only the application knows: the filters it brings itself. */
  readonly own?: OwnVariant;
}

/** What an application may bring itself. */
export interface OwnVariant {
  readonly object: ObjectSchema;
  /** How it brings it, as a clause for the message about an unknown name. */
  readonly how: string;
}

export interface UnionVariant {
  readonly object: ObjectSchema;
  /** Set while we know the variant and do not support it yet. */
  readonly unsupported?: UnsupportedFeature;
  /** What the list of variants says about it. */
  readonly description?: string;
  readonly difference?: string;
  readonly test?: string;
}

/** One key of an object. */
export interface KeySchema {
  readonly value: ValueSchema;
  readonly isRequired?: true;
  /** JSON text of a value that messages and editors give as an example. */
  readonly example?: string;
  /** What an absent key means. */
  readonly default?: string | number | boolean;
  /** What the key does, in full sentences. */
  readonly description: string;
  /** Set while we know the key and do not support it yet. */
  readonly unsupported?: UnsupportedFeature;
  /** In which way a supported key differs from Envoy's, in full sentences. */
  readonly difference?: string;
  /** The integration test of a supported key: a file in test/integration, without its ending. */
  readonly test?: string;
}

/** A key that older releases had, and what to write for it today. */
export interface ForeignKey {
  /** The v1 key that takes its place, so that it is not reported as missing as well. */
  readonly replacedBy: string;
  /** The message, made for the value that stands there. */
  describe(value: unknown): string;
}

/** One kind of object of the v1 schema. */
export interface ObjectSchema {
  /** What messages call the object, with its article. */
  readonly noun: string;
  /** Its name among the TypeScript types and in the JSON Schema. */
  readonly typeName: string;
  /** What it is, in full sentences; the section of the reference is added. */
  readonly description: string;
  /** The section of the reference. */
  readonly reference: string;
  readonly keys: Readonly<Record<string, KeySchema>>;
  readonly foreign?: Readonly<Record<string, ForeignKey>>;
  /** The keys that Envoy does not read in an object with these members, and why, as a clause. */
  readonly unreadKeys?: (
    members: Readonly<Record<string, unknown>>,
  ) => { readonly keys: readonly string[]; readonly reason: string } | undefined;
  /** Whether Envoy passes over unknown keys, which then earn a warning only: reference 1.12. */
  readonly isOpen?: true;
}
