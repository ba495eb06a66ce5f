import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allObjectSchemas } from '../../lib/config/schema/key-owners.js';
import type { ObjectSchema, ValueSchema } from '../../lib/config/schema/schema.js';
import { type JsonValue, problemsOf } from '../support/config-documents.js';
import { documentWith } from '../support/schema-documents.js';
import { sampleOf } from '../support/schema-samples.js';

/** Every key of every object of the v1 schema. */
function* allKeys(): Generator<[ObjectSchema, string, ValueSchema]> {
  for (const schema of allObjectSchemas()) {
    for (const [key, { value }] of Object.entries(schema.keys)) {
      yield [schema, key, value];
    }
  }
}

/** A value of a type that the schema does not want. */
function wrongFor(value: ValueSchema): JsonValue {
  return value.type === 'integer' || value.type === 'number' || value.type === 'boolean'
    ? 'text'
    : 5;
}

/** The problems of a document in which `value` stands at a key of an object, and their place. */
function problemsWith(schema: ObjectSchema, key: string, value: JsonValue): [string[], string] {
  const { document, path } = documentWith(schema, key, value);
  return [problemsOf(document, 'warn'), path === '' ? key : `${path}.${key}`];
}

test('an object with any one of its keys is accepted', () => {
  for (const schema of allObjectSchemas()) {
    for (const [key, keySchema] of Object.entries(schema.keys)) {
      const [problems] = problemsWith(schema, key, sampleOf(schema, key, keySchema));
      assert.deepEqual(problems, [], `${schema.typeName}.${key}`);
    }
  }
});

test('a wrong type at any key of any object is one problem, which says what was expected', () => {
  for (const [schema, key, value] of allKeys()) {
    const [problems, path] = problemsWith(schema, key, wrongFor(value));
    assert.equal(problems.length, 1, `${schema.typeName}.${key}\n${problems.join('\n')}`);
    assert.match(problems[0] ?? '', /: expected .*, found /);
    assert.ok(problems[0]?.startsWith(`${path}: expected `), `${path} in ${problems[0]}`);
  }
});

test('null at any key of any object is one problem', () => {
  for (const [schema, key] of allKeys()) {
    const [problems, path] = problemsWith(schema, key, null);
    assert.equal(problems.length, 1, `${schema.typeName}.${key}\n${problems.join('\n')}`);
    assert.ok(problems[0]?.startsWith(`${path}: expected `), `${path} in ${problems[0]}`);
  }
});

test('an entry of a wrong type in any array is one problem at its index', () => {
  for (const [schema, key, value] of allKeys()) {
    if (value.type === 'array') {
      const right = Array.from({ length: (value.minItems ?? 1) - 1 }, () =>
        sampleEntry(schema, key),
      );
      const [problems, path] = problemsWith(schema, key, [...right, wrongFor(value.items)]);
      assert.equal(problems.length, 1, `${schema.typeName}.${key}\n${problems.join('\n')}`);
      assert.ok(problems[0]?.startsWith(`${path}[${right.length}]: expected `), problems[0]);
    }
  }
});

function sampleEntry(schema: ObjectSchema, key: string): JsonValue {
  const keySchema = schema.keys[key];
  const sample = keySchema === undefined ? undefined : sampleOf(schema, key, keySchema);
  return Array.isArray(sample) ? sample[0] : undefined;
}

test('an unknown key of any object is one problem, or a warning where Envoy passes over it', () => {
  for (const schema of allObjectSchemas()) {
    const [problems, path] = problemsWith(schema, 'zzzzzzzz', 1);
    const expected = schema.isOpen === true ? [] : [`${path}: unknown key; ${schema.noun}`];
    assert.deepEqual(
      problems.map((problem) => problem.slice(0, expected[0]?.length)),
      expected,
      schema.typeName,
    );
  }
});

test('any required key that is absent is one problem, with an example that fits', () => {
  for (const schema of allObjectSchemas()) {
    for (const [key, { isRequired }] of Object.entries(schema.keys)) {
      if (isRequired === true) {
        const [problems, path] = problemsWith(schema, key, undefined);
        const place = path === key ? '' : `${path.slice(0, -key.length - 1)}: `;
        assert.equal(problems.length, 1, `${schema.typeName}.${key}\n${problems.join('\n')}`);
        const start = `${place}the key "${key}" is missing; add it, for example "${key}": `;
        assert.ok(problems[0]?.startsWith(start), problems[0]);
        const example = problems[0]?.slice(start.length) ?? '';
        if (!example.includes('...')) {
          const [left] = problemsWith(schema, key, JSON.parse(example));
          assert.ok(!left.some((line) => line.startsWith(`${path}: expected `)), left.join('\n'));
        }
      }
    }
  }
});
