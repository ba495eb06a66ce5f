import type { CheckedValue, JsonItem, OpenObject } from './checked-value.js';
import { describeValue, listQuoted, quoteText } from './describe-value.js';
import { isJsonObject, type JsonMembers } from './json-members.js';
import { formatJsonPath } from './json-path.js';
import { type JsonPlace, pathOf } from './json-place.js';
import { findNearestName } from './nearest-name.js';
import type { ProblemCollector } from './problem-collector.js';
import type {
  ArraySchema,
  IntegerSchema,
  KeySchema,
  UnionSchema,
  ValueSchema,
} from './schema/schema.js';

/** Where a value stands, and what is known of it. */
export interface ValueContext extends JsonPlace {
  /** The key whose value this is, or is in. */
  readonly key: string;
  readonly collector: ProblemCollector;
  readonly open: OpenObject;
}

/** Checks a value; reports what is wrong, and returns `undefined` for it. */
export function checkValue(
  value: unknown,
  schema: ValueSchema,
  context: ValueContext,
): CheckedValue | undefined {
  switch (schema.type) {
    case 'string':
      return checkString(value, schema.minLength === 1, context);
    case 'boolean':
      return checkBoolean(value, context);
    case 'integer':
      return checkInteger(value, schema, context);
    case 'number':
      return typeof value === 'number' && value > schema.moreThan && Number.isFinite(value)
        ? value
        : refuse(value, `a number greater than ${schema.moreThan}`, '', context);
    case 'oneOf':
      return checkOneOf(value, schema.values, context);
    case 'object':
      return context.open(value, context, schema.object, context.collector);
    case 'union':
      return openUnion(value, schema.union, context);
    case 'map':
      return checkMap(value, context);
    case 'array':
      return checkArray(value, schema, context);
  }
}

/** What a message about a missing key gives as an example: JSON text. */
export function exampleOf(schema: KeySchema): string {
  const { example, value } = schema;
  if (example !== undefined) {
    return example;
  }
  switch (value.type) {
    case 'string':
      return '"..."';
    case 'boolean':
      return 'true';
    case 'integer':
      return String(value.min);
    case 'number':
      return String(value.moreThan + 1);
    case 'oneOf':
      return JSON.stringify(value.values[0]);
    case 'object':
    case 'union':
    case 'map':
      return '{ ... }';
    case 'array':
      return '[]';
  }
}

function checkString(
  value: unknown,
  mustHoldText: boolean,
  context: ValueContext,
): string | undefined {
  if (typeof value === 'string') {
    return mustHoldText && value === ''
      ? refuse(value, 'a string that is not empty', '', context)
      : value;
  }
  const hint =
    typeof value === 'number' || typeof value === 'boolean'
      ? `; write it in quotes: "${value}"`
      : '';
  return refuse(value, 'a string', hint, context);
}

function checkBoolean(value: unknown, context: ValueContext): boolean | undefined {
  if (typeof value === 'boolean') {
    return value;
  }
  const hint = value === 'true' || value === 'false' ? '; write it without quotes' : '';
  return refuse(value, 'true or false', hint, context);
}

function checkInteger(
  value: unknown,
  { min, max }: IntegerSchema,
  context: ValueContext,
): number | undefined {
  const limit = max ?? Number.MAX_SAFE_INTEGER;
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= limit) {
    // Adding zero turns -0 into 0.
    return value + 0;
  }
  const hint = typeof value === 'string' ? describeNumberMeant(context.key, value) : '';
  const isTooLarge = typeof value === 'number' && value > limit;
  const expected = isTooLarge ? `at most ${limit}` : describeRange(min, max);
  return refuse(value, expected, hint, context);
}

/** What to write for a number that stands in quotes, perhaps with a unit. */
function describeNumberMeant(key: string, text: string): string {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m)?$/.exec(text) ?? [];
  if (digits === undefined) {
    return '';
  }
  if (unit === undefined) {
    return '; write it without quotes';
  }
  const factor = unit === 'ms' ? 1 : unit === 's' ? 1000 : 60_000;
  return key.endsWith('_ms') ? `; write ${Number(digits) * factor}` : '';
}

function describeRange(min: number, max: number | undefined): string {
  if (max !== undefined) {
    return `an integer from ${min} to ${max}`;
  }
  return min === 1 ? 'an integer greater than 0' : `an integer of at least ${min}`;
}

function checkOneOf(
  value: unknown,
  values: readonly string[],
  context: ValueContext,
): string | undefined {
  if (typeof value === 'string' && values.includes(value)) {
    return value;
  }
  const nearest = typeof value === 'string' ? findNearestName(value, values) : undefined;
  const hint = nearest === undefined ? '' : `; did you mean ${quoteText(nearest)}?`;
  return refuse(value, listQuoted(values), hint, context);
}

/** A document built by a program may hold cycles, and what is no JSON at all. */
function checkMap(value: unknown, context: ValueContext): JsonMembers | undefined {
  if (!isJsonObject(value)) {
    return refuse(value, 'an object', '', context);
  }
  return comparableText(value) === undefined
    ? refuse(value, 'an object that JSON can hold', '', context)
    : value;
}

/** Opens an object by the value of its tag, or by the value that was meant. */
function openUnion(value: unknown, union: UnionSchema, context: ValueContext): object | undefined {
  const { collector } = context;
  const { tag, noun, variants } = union;
  if (!isJsonObject(value)) {
    const hint = Array.isArray(value) && value.length === 1 ? '; remove the [ ] around it' : '';
    collector.problem(context, `expected ${noun}, found ${describeValue(value)}${hint}`);
    return undefined;
  }
  const tagKey = findTagKey(value, tag);
  if (tagKey === undefined) {
    const [example] = Object.keys(variants);
    const text = `the key "${tag}" is missing; add it, for example "${tag}": "${example}"`;
    collector.problem(context, text);
    return undefined;
  }
  const tagContext: ValueContext = { ...context, parent: context, segment: tagKey, key: tag };
  if (tagKey !== tag) {
    collector.problem(tagContext, `unknown key; did you mean "${tag}"?`);
  }
  const written = value[tagKey];
  if (union.own !== undefined && typeof written === 'string' && collector.isOwn(written)) {
    return context.open(value, context, union.own.object, collector, written);
  }
  const name = findVariant(written, union, tagContext);
  const variant = name === undefined ? undefined : variants[name];
  if (name === undefined || variant === undefined) {
    return undefined;
  }
  if (variant.unsupported !== undefined) {
    collector.unsupported(tagContext, variant.unsupported);
  }
  // What is wrong with the tag has been reported, so it is not checked with the other keys.
  const isRight = tagKey === tag && written === name;
  const members = isRight ? value : withTag(value, tagKey, tag, name);
  return context.open(members, context, variant.object, collector, name);
}

/** The key that decides, or the one that is meant to be it. */
function findTagKey(members: JsonMembers, tag: string): string | undefined {
  if (Object.hasOwn(members, tag) && members[tag] !== undefined) {
    return tag;
  }
  return Object.keys(members).find(
    (key) => members[key] !== undefined && findNearestName(key, [tag]) === tag,
  );
}

function withTag(members: JsonMembers, tagKey: string, tag: string, name: string): JsonMembers {
  const { [tagKey]: _written, ...rest } = members;
  return { ...rest, [tag]: name };
}

function findVariant(
  written: unknown,
  { noun, variants, describeUnknown, own }: UnionSchema,
  context: ValueContext,
): string | undefined {
  const names = Object.keys(variants);
  if (typeof written !== 'string') {
    return refuse(written, listQuoted(names), '', context);
  }
  if (Object.hasOwn(variants, written)) {
    return written;
  }
  const meant = findNearestName(written, names);
  const expected = [`expected ${listQuoted(names)}`, ...(own === undefined ? [] : [own.how])];
  const hint = meant === undefined ? expected.join(', ') : `did you mean "${meant}"?`;
  const text =
    describeUnknown?.(written) ??
    `v1 has no ${noun.replace(/^an? /, '')} ${quoteText(written)}; ${hint}`;
  context.collector.problem(context, text);
  return meant;
}

function checkArray(
  value: unknown,
  schema: ArraySchema,
  context: ValueContext,
): readonly JsonItem<CheckedValue>[] | undefined {
  if (!Array.isArray(value)) {
    return refuse(value, 'an array', '; put [ ] around it', context);
  }
  const { minItems = 0, items } = schema;
  if (value.length < minItems) {
    const expected = minItems === 1 ? 'at least one entry' : `at least ${minItems} entries`;
    context.collector.problem(context, `expected ${expected}, found ${value.length}`);
  }
  const checked: JsonItem<CheckedValue>[] = [];
  const { key, collector, open } = context;
  for (let index = 0; index < value.length; index++) {
    const place: ValueContext = { parent: context, segment: index, key, collector, open };
    const right = checkValue(value[index], items, place);
    if (right !== undefined) {
      checked.push({ value: right, place });
    } else if (collector.isFull) {
      break;
    }
  }
  if (schema.uniqueItems === true) {
    reportRepeated(value, context);
  }
  return checked;
}

function reportRepeated(items: readonly unknown[], context: ValueContext): void {
  const first = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const text = comparableText(item);
    const before = text === undefined ? undefined : first.get(text);
    if (text !== undefined && before === undefined) {
      first.set(text, index);
    } else if (before !== undefined) {
      const path = formatJsonPath([...pathOf(context), before]);
      const place: JsonPlace = { parent: context, segment: index };
      context.collector.problem(place, `the same stands at ${path}; remove one of them`);
    }
  }
}

/** `undefined` for what no JSON holds, as a cycle: it is wrong anyway, and the same as nothing. */
function comparableText(item: unknown): string | undefined {
  try {
    return JSON.stringify(item, sortKeys);
  } catch {
    return undefined;
  }
}

/** For `JSON.stringify`: objects that differ in the order of their keys alone are the same. */
function sortKeys(_key: string, value: unknown): unknown {
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

function refuse(value: unknown, expected: string, hint: string, context: ValueContext): undefined {
  const advice = value === null ? '; give it a value' : hint;
  context.collector.problem(
    context,
    `expected ${expected}, found ${describeValue(value)}${advice}`,
  );
  return undefined;
}
