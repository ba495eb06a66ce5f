import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessLogConfig } from '../../lib/config/access-log-config.js';
import type { JsonObject, JsonValue } from '../support/config-documents.js';
import { managerProblems, parseManager } from '../support/route-documents.js';

const types =
  '"status_code", "duration", "not_healthcheck", "traceable_request", "runtime", "logical_and" or ' +
  '"logical_or"';

function parseLogs(...access_log: JsonValue[]): readonly AccessLogConfig[] {
  return parseManager({ access_log }).accessLogs;
}

function parseFilter(filter: JsonObject): AccessLogConfig['filter'] {
  return parseLogs({ path: '/a', filter })[0]?.filter;
}

/** What is wrong with access logs, as `[index].key: message`. */
function logProblems(...access_log: JsonValue[]): string[] {
  return managerProblems({ access_log }).map((line) => line.replaceAll('.access_log', ''));
}

/** What is wrong with a filter, as `.key: message`. */
function filterProblems(filter: JsonValue): string[] {
  return logProblems({ path: '/a', filter }).map((line) => line.replaceAll('[0].filter', ''));
}

test('there are any number of access logs, with a path alone or with more', () => {
  assert.deepEqual(parseManager({}).accessLogs, []);
  const format = '%PROTOCOL% %REQ(X?Y):9%\n';
  const filter = { type: 'not_healthcheck' };
  assert.deepEqual(parseLogs({ path: '/a' }, { path: '/a', format, filter }), [
    { path: '/a', format: undefined, filter: undefined },
    { path: '/a', format, filter },
  ]);
});

test('an access log has a path, which is not empty', () => {
  assert.deepEqual(logProblems({ path: '' }, { file: '/a' }, '/a'), [
    '[0].path: the path is empty; write the path of a file, such as "/dev/stdout"',
    '[1]: the key "path" is missing; add it, for example "path": "/dev/stdout"',
    '[1].file: unknown key; an access log takes path, format, filter',
    '[2]: expected an object with the keys of an access log, found "/a"',
  ]);
});

test('every mistake in a format is a problem of its own', () => {
  const operators =
    'there are START_TIME, BYTES_RECEIVED, BYTES_SENT, PROTOCOL, RESPONSE_CODE, DURATION, ' +
    'RESPONSE_FLAGS, UPSTREAM_HOST, UPSTREAM_CLUSTER, REQUEST_DURATION, RESPONSE_DURATION, ' +
    'UPSTREAM_LOCAL_ADDRESS, DOWNSTREAM_LOCAL_ADDRESS, DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT, ' +
    'DOWNSTREAM_REMOTE_ADDRESS, DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT, ' +
    'DOWNSTREAM_ADDRESS, REQ(X?Y):Z and RESP(X?Y):Z, and no way to write a percent sign';
  const format = '%STATUS% %REQ(A% %REQ(A)x% %RESP(A):-1% %REQ()% %REQ(A?B?C)% %%';
  assert.deepEqual(logProblems({ path: '/a', format }), [
    `[0].format: at character 1, "%STATUS%" is not an operator; ${operators}`,
    '[0].format: at character 10, "%REQ(A%" lacks its closing ")"',
    '[0].format: at character 18, in "%REQ(A)x%" only ":" and a length may follow the ")"',
    '[0].format: at character 28, the length in "%RESP(A):-1%" must be a whole number',
    '[0].format: at character 41, "%REQ()%" lacks the name of a header',
    '[0].format: at character 49, "%REQ(A?B?C)%" has more than one alternative header',
    `[0].format: at character 62, "%%" is not an operator; ${operators}`,
  ]);
  assert.deepEqual(logProblems({ path: '/a', format: '100%' }), [
    '[0].format: at character 4, the operator "%" lacks its closing "%"',
  ]);
});

describe('the filter', () => {
  for (const type of ['status_code', 'duration']) {
    test(`${type} compares with a number, or with the value of a runtime key`, () => {
      assert.deepEqual(parseFilter({ type, op: '>=', value: 500 }), {
        type,
        op: '>=',
        value: 500,
        runtimeKey: undefined,
      });
      assert.deepEqual(parseFilter({ type, op: '=', value: 0, runtime_key: 'k' }), {
        type,
        op: '=',
        value: 0,
        runtimeKey: 'k',
      });
    });

    for (const op of ['<', '>', '<=', '==', '!=', '']) {
      test(`${type} does not know "${op}"`, () => {
        assert.deepEqual(filterProblems({ type, op, value: 1 }), [
          `.op: expected ">=" or "=", found "${op}"`,
        ]);
      });
    }

    test(`${type} needs an operator and a value`, () => {
      assert.deepEqual(filterProblems({ type, value: '5' }), [
        ': the key "op" is missing; add it, for example "op": ">="',
        `.value: expected an integer ${type === 'duration' ? 'of at least 0' : 'from 0 to 599'}, ` +
          'found "5"; write it without quotes',
      ]);
    });
  }

  test('status_code takes what a status may be', () => {
    const problems = (value: number): string[] =>
      filterProblems({ type: 'status_code', op: '=', value });
    assert.deepEqual(problems(599), []);
    assert.deepEqual(problems(600), ['.value: expected at most 599, found 600']);
    assert.deepEqual(problems(-1), ['.value: expected an integer from 0 to 599, found -1']);
  });

  test('duration takes any time', () => {
    assert.deepEqual(filterProblems({ type: 'duration', op: '=', value: 1_000_000 }), []);
    assert.deepEqual(filterProblems({ type: 'duration', op: '=', value: -1 }), [
      '.value: expected an integer of at least 0, found -1',
    ]);
  });

  for (const type of ['not_healthcheck', 'traceable_request']) {
    test(`${type} has no keys of its own`, () => {
      assert.deepEqual(parseFilter({ type }), { type });
      assert.deepEqual(filterProblems({ type, not: true }), [
        `.not: unknown key; the access log filter ${type} takes type`,
      ]);
    });
  }

  test('runtime has a key', () => {
    assert.deepEqual(parseFilter({ type: 'runtime', key: 'k' }), { type: 'runtime', key: 'k' });
    assert.deepEqual(filterProblems({ type: 'runtime' }), [
      ': the key "key" is missing; add it, for example "key": "access_log.sampled"',
    ]);
  });

  test('logical_and and logical_or hold at least two filters, which may hold others', () => {
    const plain = { type: 'not_healthcheck' };
    const inner = { type: 'logical_and', filters: [plain, { type: 'runtime', key: 'k' }] };
    const outer = { type: 'logical_or', filters: [inner, plain, inner] };
    assert.deepEqual(parseFilter(outer), outer);
    for (const filters of [[], [plain]]) {
      const [problem = '', ...rest] = filterProblems({ type: 'logical_and', filters });
      assert.match(problem, /^\.filters: expected at least 2 entries, found [01]$/);
      assert.deepEqual(rest, []);
    }
    assert.deepEqual(filterProblems({ type: 'logical_or' }), [
      ': the key "filters" is missing; add it, for example ' +
        '"filters": [{ "type": ... }, { "type": ... }]',
    ]);
  });

  test('is checked at any depth', () => {
    const wrong = { type: 'logical_or', filters: [{ type: 'runtime' }, { type: 'status_kode' }] };
    const filters = [{ type: 'traceable' }, wrong];
    assert.deepEqual(filterProblems({ type: 'logical_and', filters }), [
      '.filters[0].type: v1 has no access log filter "traceable"; ' +
        'did you mean "traceable_request"?',
      '.filters[1].filters[0]: the key "key" is missing; add it, for example ' +
        '"key": "access_log.sampled"',
      '.filters[1].filters[1]: the key "op" is missing; add it, for example "op": ">="',
      '.filters[1].filters[1]: the key "value" is missing; add it, for example "value": 500',
      '.filters[1].filters[1].type: v1 has no access log filter "status_kode"; ' +
        'did you mean "status_code"?',
    ]);
  });

  test('has a known type', () => {
    assert.deepEqual(filterProblems({ type: 'all' }), [
      `.type: v1 has no access log filter "all"; expected ${types}`,
    ]);
    assert.deepEqual(filterProblems({}), [
      ': the key "type" is missing; add it, for example "type": "status_code"',
    ]);
    assert.deepEqual(filterProblems([{ type: 'not_healthcheck' }]), [
      ': expected an access log filter, found an array; remove the [ ] around it',
    ]);
  });
});
