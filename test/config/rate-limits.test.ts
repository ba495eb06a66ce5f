import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RateLimitActionConfig } from '../../lib/config/rate-limit-config.js';
import type { JsonObject, JsonValue } from '../support/config-documents.js';
import { managerProblems, parseForward, routeProblems } from '../support/route-documents.js';

const types =
  '"source_cluster", "destination_cluster", "request_headers", "remote_address", "generic_key" ' +
  'or "header_value_match"';

function parseActions(...actions: JsonValue[]): readonly RateLimitActionConfig[] | undefined {
  return parseForward({ rate_limits: [{ actions }] }).rateLimits[0]?.actions;
}

/** What is wrong with the actions of a rate limit, as `[index].key: message`. */
function actionProblems(...actions: JsonValue[]): string[] {
  return limitProblems({ actions }).map((line) => line.replace('.actions', ''));
}

/** What is wrong with a rate limit, as `.key: message`. */
function limitProblems(limit: JsonValue): string[] {
  const problems = routeProblems({ prefix: '/', cluster: 'a', rate_limits: [limit] });
  return problems.map((line) => line.replace('.rate_limits[0]', ''));
}

test('a rate limit has a stage, perhaps a key that turns it off, and actions', () => {
  const actions = [{ type: 'remote_address' }];
  const rate_limits = [{ actions }, { stage: 10, disable_key: 'k', actions }];
  assert.deepEqual(parseForward({ rate_limits }).rateLimits, [
    { stage: 0, disableKey: undefined, actions },
    { stage: 10, disableKey: 'k', actions },
  ]);
});

test('a rate limit is refused without actions, or with a stage above 10', () => {
  assert.deepEqual(limitProblems({ stage: 11, actions: [] }), [
    '.stage: expected at most 10, found 11',
    '.actions: expected at least one entry, found 0',
  ]);
  assert.deepEqual(limitProblems({ stage: -1 }), [
    ': the key "actions" is missing; add it, for example "actions": [{ "type": "remote_address" }]',
    '.stage: expected an integer from 0 to 10, found -1',
  ]);
});

describe('an action', () => {
  for (const type of ['source_cluster', 'destination_cluster', 'remote_address']) {
    test(`${type} has no keys of its own`, () => {
      assert.deepEqual(parseActions({ type }), [{ type }]);
      assert.deepEqual(actionProblems({ type, key: 'a' }), [
        `[0].key: unknown key; the rate limit action ${type} takes type`,
      ]);
    });
  }

  test('request_headers has a header and a key', () => {
    const type = 'request_headers';
    assert.deepEqual(parseActions({ type, header_name: 'X-User', descriptor_key: 'k' }), [
      { type, headerName: 'x-user', descriptorKey: 'k' },
    ]);
    assert.deepEqual(parseActions({ type, header_name: ':Path', descriptor_key: 'k' }), [
      { type, headerName: ':path', descriptorKey: 'k' },
    ]);
    assert.deepEqual(actionProblems({ type }, { type, header_name: 'a b', descriptor_key: 'k' }), [
      '[0]: the key "header_name" is missing; add it, for example "header_name": "x-user"',
      '[0]: the key "descriptor_key" is missing; add it, for example "descriptor_key": "..."',
      '[1].header_name: "a b" is not the name of a header',
    ]);
  });

  test('generic_key has a value', () => {
    const type = 'generic_key';
    assert.deepEqual(parseActions({ type, descriptor_value: 'v' }), [
      { type, descriptorValue: 'v' },
    ]);
    assert.deepEqual(actionProblems({ type, descriptor_key: 'k' }), [
      '[0]: the key "descriptor_value" is missing; add it, for example "descriptor_value": "..."',
      '[0].descriptor_key: unknown key; the rate limit action generic_key does not take it, it ' +
        'belongs in the rate limit action request_headers',
    ]);
  });

  test('header_value_match has a value and header matchers', () => {
    const type = 'header_value_match';
    const headers = [{ name: 'X-A', value: '\\d', regex: true }];
    const matchers = [{ name: 'x-a', kind: 'regex', pattern: '\\d' }];
    assert.deepEqual(
      parseActions(
        { type, descriptor_value: 'v', headers },
        { type, descriptor_value: 'w', headers, expect_match: false },
      ),
      [
        { type, descriptorValue: 'v', headers: matchers, expectMatch: true },
        { type, descriptorValue: 'w', headers: matchers, expectMatch: false },
      ],
    );
    assert.deepEqual(
      actionProblems(
        { type },
        { type, descriptor_value: 'v', headers: [] },
        { type, descriptor_value: 'v', headers: [{ name: 'a b' }], expect_match: 1 },
      ),
      [
        '[0]: the key "descriptor_value" is missing; add it, for example "descriptor_value": "..."',
        '[0]: the key "headers" is missing; add it, for example "headers": [{ "name": ... }]',
        '[1].headers: expected at least one entry, found 0',
        '[2].headers[0].name: "a b" is not the name of a header',
        '[2].expect_match: expected true or false, found 1',
      ],
    );
  });

  test('has a known type', () => {
    assert.deepEqual(
      actionProblems({ type: 'remote_adress' }, { type: 'nothing' }, { type: 5 }, {}, 'x'),
      [
        '[0].type: v1 has no rate limit action "remote_adress"; did you mean "remote_address"?',
        `[1].type: v1 has no rate limit action "nothing"; expected ${types}`,
        `[2].type: expected ${types}, found 5`,
        '[3]: the key "type" is missing; add it, for example "type": "source_cluster"',
        '[4]: expected a rate limit action, found "x"',
      ],
    );
  });

  test('whose type is misspelt is checked within all the same', () => {
    assert.deepEqual(actionProblems({ type: 'generic-key' }), [
      '[0]: the key "descriptor_value" is missing; add it, for example "descriptor_value": "..."',
      '[0].type: v1 has no rate limit action "generic-key"; did you mean "generic_key"?',
    ]);
  });

  test('has no type that every object has', () => {
    const action: JsonObject = JSON.parse('{ "type": "__proto__" }');
    assert.equal(actionProblems(action, { type: 'constructor' }).length, 2);
  });
});

test('the rate limits of a virtual host follow the same rules', () => {
  const rate_limits = [{ actions: [{ type: 'generic_key' }] }];
  const virtual_hosts = [{ name: 'v', domains: ['*'], routes: [], rate_limits }];
  assert.deepEqual(managerProblems({ route_config: { virtual_hosts } }), [
    '.route_config.virtual_hosts[0].rate_limits[0].actions[0]: the key "descriptor_value" is ' +
      'missing; add it, for example "descriptor_value": "..."',
  ]);
});
