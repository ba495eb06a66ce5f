import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillTemplate } from '../../../../lib/filters/squash/fill-template.js';

const variables = { POD: 'pod-1', ZONE: '{{ POD }}', EMPTY: '' };

/** Returns the filled template, and the variables that were missing. */
function fill(template: unknown): [unknown, string[]] {
  const missing: string[] = [];
  return [fillTemplate(template, variables, (name) => missing.push(name)), missing];
}

test('every text of a template gets the values of its variables, once', () => {
  const template = { a: '{{ POD }}', b: [{ c: '<{{ ZONE }}{{ POD }}>' }, ['{{ EMPTY }}']] };
  const filled = { a: 'pod-1', b: [{ c: '<{{ POD }}pod-1>' }, ['']] };
  assert.deepEqual(fill(template), [filled, []]);
});

test('what is no text stays, and so do the names of members', () => {
  const template = { '{{ POD }}': 1, b: null, c: true, d: 1.5, e: [], f: {} };
  assert.deepEqual(fill(template), [template, []]);
});

test('the blanks belong to a variable, and its name has letters, digits and underscores', () => {
  for (const text of ['{{POD}}', '{{ POD}}', '{{  POD }}', '{{ PO-D }}', '{ POD }', '{{ }}']) {
    assert.deepEqual(fill(text), [text, []]);
  }
});

test('a variable that is not set is empty, and told of', () => {
  assert.deepEqual(fill(['a{{ NONE }}b', '{{ OTHER }}']), [
    ['ab', ''],
    ['NONE', 'OTHER'],
  ]);
});

test('names that every object has are no variables', () => {
  assert.deepEqual(fill('{{ constructor }}{{ toString }}'), ['', ['constructor', 'toString']]);
});

test('a value is put in as it is, whatever a replacement could mean', () => {
  assert.equal(fillTemplate('{{ A }}', { A: "$& $1 $' $$" }, assert.fail), "$& $1 $' $$");
});

test('a member named __proto__ stays a member', () => {
  const template: unknown = JSON.parse('{"__proto__":{"a":"{{ POD }}"}}');
  assert.equal(JSON.stringify(fill(template)[0]), '{"__proto__":{"a":"pod-1"}}');
});
