import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FormatPiece, parseAccessLogFormat } from '../../../lib/config/access-log-format.js';

/** The pieces of a format that is right. */
function piecesOf(format: string): readonly FormatPiece[] {
  const { pieces, problems } = parseAccessLogFormat(format);
  assert.deepEqual(problems, []);
  return pieces;
}

function problemsOf(format: string): readonly string[] {
  return parseAccessLogFormat(format).problems;
}

const header = (parts: object): object => ({
  kind: 'header',
  message: 'request',
  name: 'a',
  alternative: undefined,
  maxLength: undefined,
  ...parts,
});

test('text stands between operators, which may touch each other', () => {
  assert.deepEqual(piecesOf('a %PROTOCOL%%DURATION%\n'), [
    { kind: 'text', text: 'a ' },
    { kind: 'plain', operator: 'PROTOCOL' },
    { kind: 'plain', operator: 'DURATION' },
    { kind: 'text', text: '\n' },
  ]);
  assert.deepEqual(piecesOf('hello'), [{ kind: 'text', text: 'hello' }]);
  assert.deepEqual(piecesOf(''), []);
});

test('every operator of the years 2016 and 2017 is known', () => {
  for (const operator of [
    ...['START_TIME', 'BYTES_RECEIVED', 'BYTES_SENT', 'PROTOCOL', 'RESPONSE_CODE', 'DURATION'],
    ...['RESPONSE_FLAGS', 'UPSTREAM_HOST', 'UPSTREAM_CLUSTER'],
  ]) {
    assert.deepEqual(piecesOf(`%${operator}%`), [{ kind: 'plain', operator }]);
  }
});

test('every operator of the year 2018 is known', () => {
  for (const operator of [
    ...['REQUEST_DURATION', 'RESPONSE_DURATION', 'UPSTREAM_LOCAL_ADDRESS'],
    ...['DOWNSTREAM_LOCAL_ADDRESS', 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT'],
    ...['DOWNSTREAM_REMOTE_ADDRESS', 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT'],
    'DOWNSTREAM_ADDRESS',
  ]) {
    assert.deepEqual(piecesOf(`%${operator}%`), [{ kind: 'plain', operator }]);
  }
});

test('a header has a name, an alternative and a length, in lower case', () => {
  assert.deepEqual(piecesOf('%REQ(A)%'), [header({})]);
  assert.deepEqual(piecesOf('%REQ(:PATH)%'), [header({ name: ':path' })]);
  assert.deepEqual(piecesOf('%REQ(A?X-b)%'), [header({ alternative: 'x-b' })]);
  assert.deepEqual(piecesOf('%REQ(A):0%'), [header({ maxLength: 0 })]);
  assert.deepEqual(piecesOf('%RESP(A?B):12%'), [
    header({ message: 'response', alternative: 'b', maxLength: 12 }),
  ]);
});

test('every mistake in a format is named at once, with its place', () => {
  assert.deepEqual(
    problemsOf('%FOO% ok %REQ(X% %RESP(A)b% %REQ(A):x% %REQ()% %REQ(A?B?C)% %REQ(A?)%'),
    [
      'at character 1, "%FOO%" is not an operator; there are START_TIME, BYTES_RECEIVED, ' +
        'BYTES_SENT, PROTOCOL, RESPONSE_CODE, DURATION, RESPONSE_FLAGS, UPSTREAM_HOST, ' +
        'UPSTREAM_CLUSTER, REQUEST_DURATION, RESPONSE_DURATION, UPSTREAM_LOCAL_ADDRESS, ' +
        'DOWNSTREAM_LOCAL_ADDRESS, DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT, ' +
        'DOWNSTREAM_REMOTE_ADDRESS, DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT, DOWNSTREAM_ADDRESS, ' +
        'REQ(X?Y):Z and RESP(X?Y):Z, and no way to write a percent sign',
      'at character 10, "%REQ(X%" lacks its closing ")"',
      'at character 18, in "%RESP(A)b%" only ":" and a length may follow the ")"',
      'at character 29, the length in "%REQ(A):x%" must be a whole number',
      'at character 40, "%REQ()%" lacks the name of a header',
      'at character 48, "%REQ(A?B?C)%" has more than one alternative header',
      'at character 61, "%REQ(A?)%" lacks the name of a header',
    ],
  );
});

test('an operator without an end is a mistake', () => {
  assert.deepEqual(problemsOf('x %PROTOCOL'), [
    'at character 3, the operator "%PROTOCOL" lacks its closing "%"',
  ]);
  assert.deepEqual(problemsOf('100%'), ['at character 4, the operator "%" lacks its closing "%"']);
});

test('a percent sign cannot be written, not even twice', () => {
  const [problem = '', ...rest] = problemsOf('100%%');
  assert.match(problem, /^at character 4, "%%" is not an operator; /);
  assert.deepEqual(rest, []);
});

test('operators have their case, and no blanks', () => {
  for (const operator of ['protocol', ' PROTOCOL', 'PROTOCOL ', 'req(a)', 'REQ (A)', 'REQ']) {
    assert.match(problemsOf(`%${operator}%`)[0] ?? '', /is not an operator/, operator);
  }
});

test('names that every object has are no operators', () => {
  for (const operator of ['constructor', '__proto__', 'toString']) {
    assert.equal(problemsOf(`%${operator}%`).length, 1, operator);
  }
});

test('lengths that are no whole numbers are mistakes', () => {
  for (const length of ['', '-1', '1.5', '1e3', ' 1', '0x1', '99999999999999']) {
    assert.equal(problemsOf(`%REQ(A):${length}%`).length, 1, `length "${length}"`);
  }
});

test('control characters in a format do not reach the terminal of its reader', () => {
  const [problem = ''] = problemsOf('%\u001b[31m%');
  assert.ok(problem.startsWith('at character 1, "%\\u001b[31m%" is not an operator; '), problem);
});
