import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, managerDocument, problemsOf } from '../support/config-documents.js';

function withFilter(filter: JsonObject): JsonObject {
  return managerDocument({ access_log: [{ path: '/dev/null', filter }] });
}

test('an object that holds itself is refused', () => {
  const filter: JsonObject = { type: 'logical_and' };
  filter['filters'] = [filter, { type: 'not_healthcheck' }];
  const problems = problemsOf(withFilter(filter), 'warn');
  assert.ok(problems.some((problem) => problem.endsWith('nested more than 100 levels deep')));
});

test('an object that stands in very many places is refused before it takes long', () => {
  let filter: JsonObject = { type: 'not_healthcheck' };
  for (let level = 0; level < 60; level++) {
    filter = { type: 'logical_or', filters: [filter, filter] };
  }
  assert.deepEqual(problemsOf(withFilter(filter), 'warn'), ['it holds more than 1000000 objects']);
});

test('an object that is nested without end is refused', () => {
  let filter: JsonObject = { type: 'not_healthcheck' };
  for (let level = 0; level < 5000; level++) {
    filter = { type: 'logical_or', filters: [filter, { type: 'not_healthcheck' }] };
  }
  const [problem = ''] = problemsOf(withFilter(filter), 'warn').filter((text) =>
    text.endsWith('nested more than 100 levels deep'),
  );
  assert.match(problem, /^listeners\[0\]/);
});
